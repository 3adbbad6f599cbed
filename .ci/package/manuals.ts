/**
 * Makes the manual pages of `docs/man/`: what the programs say of themselves is put in, so that it stays true.
 *
 *   .\" @options PROGRAM ARGUMENT…   the options that this prints, as a list
 *   .\" @help PROGRAM ARGUMENT…      what this prints, as it is
 *   .\" @sample FILE                 a sample configuration, as it is
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
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
    .replace(/^\.\\" @(options|help|sample) (.+)$/gm, (_line, kind: string, what: string) => {
      if (kind === 'sample') return asItIs(readFileSync(what, 'utf8'));
      const [program = '', ...parameters] = what.split(' ');
      const printed = execFileSync(join('dist/sbin', program), parameters, {
        encoding: 'utf8',
        env: { ...process.env, LC_ALL: 'C' },
      });
      return kind === 'help' ? asItIs(printed) : optionList(printed);
    });
}

const asItIs = (text: string): string => `.nf\n${text.trimEnd().split('\n').map(line).join('\n')}\n.fi`;

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

const escaped = (text: string): string => text.replaceAll('\\', '\\e').replaceAll('-', '\\-');

/** A point or an apostrophe at its beginning would make it a request. */
const line = (text: string): string => escaped(text).replace(/^(?=[.'])/, '\\&');
