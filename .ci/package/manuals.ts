/**
 * Makes the manual pages of `docs/man/`: what the programs say of themselves is put in, so that it stays true.
 *
 *   .\" @options PROGRAM ARGUMENT…   the options that this prints, as a list
 *   .\" @help PROGRAM ARGUMENT…      what this prints, as it is
 *   .\" @sample FILE                 a sample configuration, as it is
 *   .\" @agent FILE                  what a resource agent's metadata say of it and of its parameters
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseXml } from '../../host/xml/parse-xml.ts';
import { childrenNamed, descendantsNamed, type XmlElement } from '../../host/xml/xml-element.ts';
import { VERSION } from '../../shared/version.ts';

const SOURCES = 'docs/man';

export function makeManuals(target: string): void {
  mkdirSync(target, { recursive: true });
  for (const name of readdirSync(SOURCES)) {
    writeFileSync(join(target, name), manual(readFileSync(join(SOURCES, name), 'utf8')));
  }
}

function manual(source: string): string {
  return source
    .replaceAll('@VERSION@', VERSION)
    .replace(/^\.\\" @(options|help|sample|agent) (.+)$/gm, (_line, kind: string, what: string) => {
      if (kind === 'sample') return asItIs(readFileSync(what, 'utf8'));
      if (kind === 'agent') return agentPage(what);
      const [program = '', ...parameters] = what.split(' ');
      const printed = execFileSync(join('dist/sbin', program), parameters, {
        encoding: 'utf8',
        env: { ...process.env, LC_ALL: 'C' },
      });
      return kind === 'help' ? asItIs(printed) : optionList(printed);
    });
}

/** From the left edge on: it has the width of a terminal. */
const asItIs = (text: string): string =>
  `.in 0\n.nf\n${text.trimEnd().split('\n').map(line).join('\n')}\n.fi\n.in`;

/** Of help as all our programs print it: an option begins a line, and what it means stands behind two blanks. */
function optionList(help: string): string {
  const list: string[] = [];
  let isInside = false;
  for (const printed of help.split('\n')) {
    const [, flags, meaning] = /^ {2,}(-\S.*?)(?: {2,}(\S.*))?$/.exec(printed) ?? [];
    const more = /^ {8,}(\S.*)$/.exec(printed)?.[1];
    if (flags !== undefined) {
      list.push('.TP', `\\fB${escaped(flags)}\\fR`);
      if (meaning !== undefined) list.push(line(meaning));
      isInside = true;
    } else if (isInside && more !== undefined) list.push(line(more));
    else isInside = false;
  }
  return list.join('\n');
}

function agentPage(agent: string): string {
  const metadata = execFileSync(agent, ['meta-data'], { encoding: 'utf8' });
  const parsed = parseXml(metadata.replace(/<!DOCTYPE [^>]*>/, ''));
  if (!parsed.ok) throw new Error(`${agent} meta-data: ${parsed.fault}`);
  const textIn = (element: XmlElement, name: string) =>
    escaped((childrenNamed(element, name)[0]?.text ?? '').trim().replace(/\s+/g, ' '));
  const parameters = [...descendantsNamed(parsed.root, 'parameter')].map((parameter) => {
    const preset = childrenNamed(parameter, 'content')[0]?.attributes['default'];
    const name = `\\fB${escaped(parameter.attributes['name'] ?? '')}\\fR`;
    const remark = preset === undefined || preset === '' ? '' : ` (${escaped(preset)})`;
    return `.TP\n${name}${remark}\n${textIn(parameter, 'longdesc')}`;
  });
  return `${textIn(parsed.root, 'longdesc')}\n.SH PARAMETERS\n${parameters.join('\n')}`;
}

const escaped = (text: string): string => text.replaceAll('\\', '\\e').replaceAll('-', '\\-');

/** A point or an apostrophe at its beginning would make it a request. */
const line = (text: string): string => escaped(text).replace(/^(?=[.'])/, '\\&');
