/**
 * The syntax of /etc/vm-manager.conf, vm-connectd.conf, vm-stonithd.conf and key files.
 *
 *   file    = { [ blanks ] [ comment | header | setting ] [ blanks ] newline }
 *   comment = ( "#" | ";" ) { any }
 *   header  = "[" name "]"                         no "[" or "]" in the name
 *   setting = name "=" value                       no "=" in the name, all of the line behind it is the value
 *
 * White space around names and values doesn't count. A comment needs a line of its own: a `#` in a value is part of
 * it, as it always was, and is warned about where it looks like a comment.
 *
 * Version 1 read vm-manager.conf with GLib. What it took is taken, with the same meaning and a warning where that is hardly
 * what was meant: a section that comes twice is one section, a name set twice in it has the last value in the first
 * one's place, a setting without a value is passed over. What it refused is an error; only `;` is new. White space
 * behind a value counted, so that such a rule never matched: that alone is mended in silence. Read strictly, every line counts
 * and none is passed over: a section that comes twice and a setting without a value are errors, and a name that comes twice
 * in its section makes two settings.
 */
import { PmError } from '../errors.ts';
import { excerpt, type Place, ProblemList, type ReadResult } from './problem.ts';
import { characterFault, checkCharacters, cleanSource } from './source-text.ts';

export interface IniSetting {
  readonly name: string;
  readonly value: string;
}

export interface IniSection {
  readonly name: string;
  readonly settings: readonly IniSetting[];
}

export interface IniSettingEntry extends IniSetting {
  readonly line: number;
}

export interface IniEntry extends IniSection {
  readonly line: number;
  readonly settings: readonly IniSettingEntry[];
}

interface OpenSection {
  readonly line: number;
  readonly settings: IniSettingEntry[];
  /** Where in `settings` a name stands. */
  readonly indexes: Map<string, number>;
}

type Line =
  | { readonly kind: 'nothing' }
  /** The name is empty where the header is malformed. */
  | { readonly kind: 'header'; readonly name: string }
  | ({ readonly kind: 'setting' } & IniSetting)
  | { readonly kind: 'unknown' };

const WRITE_HEADER = 'write [name] and nothing else on the line';

export function readIniConfig(
  file: string,
  text: string,
  { isStrict = false }: { readonly isStrict?: boolean } = {},
): ReadResult<IniEntry> {
  const problems = new ProblemList(file);
  const sections = new Map<string, OpenSection>();
  let section: OpenSection | undefined;
  for (const [index, raw] of cleanSource(text, problems).split('\n').entries()) {
    const place = { line: index + 1 };
    const line = readLine(raw);
    switch (line.kind) {
      case 'nothing':
        break;
      case 'header':
        if (line.name === '') problems.error(place, `${excerpt(raw)} is no section header`, WRITE_HEADER);
        section = openSection(sections, line.name, place, problems, isStrict);
        break;
      case 'setting':
        addSetting(section, { name: line.name, value: line.value, ...place }, problems, isStrict);
        break;
      case 'unknown':
        problems.error(
          place,
          `${excerpt(firstWord(raw))} is neither a setting nor a section`,
          "write NAME = VALUE or [section], and '#' before a comment",
        );
    }
  }
  return problems.result([...sections].map(([name, { line, settings }]) => ({ name, line, settings })));
}

function readLine(raw: string): Line {
  const line = trimBlanks(raw);
  if (line === '' || line.startsWith('#') || line.startsWith(';')) return { kind: 'nothing' };
  if (line.startsWith('[')) return { kind: 'header', name: readHeader(line) };
  const equals = line.indexOf('=');
  if (equals < 0) return { kind: 'unknown' };
  return {
    kind: 'setting',
    name: trimBlanks(line.slice(0, equals)),
    value: trimBlanks(line.slice(equals + 1)),
  };
}

function readHeader(line: string): string {
  const name = /^\[([^[\]]*)\]$/.exec(line)?.[1] ?? '';
  return trimBlanks(name);
}

/** What follows may be a secret that stands there without its `=`, and a complaint goes into a log. */
const firstWord = (line: string) => /[^ \t]+/.exec(line)?.[0] ?? '';

/** Spaces and tabs only: what looks like one but isn't is shown by an excerpt, not hidden by a trim. */
function trimBlanks(text: string): string {
  let start = 0;
  let end = text.length;
  while (isBlank(text.charAt(start))) start++;
  while (end > start && isBlank(text.charAt(end - 1))) end--;
  return text.slice(start, end);
}

function isBlank(char: string): boolean {
  return char === ' ' || char === '\t';
}

function openSection(
  sections: Map<string, OpenSection>,
  name: string,
  place: Place,
  problems: ProblemList,
  isStrict: boolean,
): OpenSection {
  const former = sections.get(name);
  if (former !== undefined && name !== '') {
    const fault = `section ${excerpt(name)} is in line ${former.line} already`;
    const remedy = 'move its settings there';
    if (isStrict) problems.error(place, fault, remedy);
    else problems.warning(place, `${fault}; the two are read as one`, remedy);
    return former;
  }
  checkCharacters(name, place, problems);
  const section: OpenSection = { line: place.line, settings: [], indexes: new Map() };
  sections.set(name, section);
  return section;
}

function addSetting(
  section: OpenSection | undefined,
  setting: IniSettingEntry,
  problems: ProblemList,
  isStrict: boolean,
): void {
  const { name, value } = setting;
  checkCharacters(name, setting, problems);
  checkCharacters(value, setting, problems);
  if (name === '') {
    problems.error(setting, "no name before '='", 'write NAME = VALUE');
    return;
  }
  if (section === undefined) {
    problems.error(
      setting,
      `${excerpt(name)} stands before the first section`,
      'put a [section] line before it',
    );
    return;
  }
  if (value === '') {
    const fault = `${excerpt(name)} has no value`;
    const remedy = 'write NAME = VALUE or remove it';
    if (isStrict) problems.error(setting, fault, remedy);
    else problems.warning(setting, `${fault} and is passed over`, remedy);
    return;
  }
  if (/[ \t][#;]/.test(value)) {
    problems.warning(
      setting,
      `what looks like a comment is part of the value of ${excerpt(name)}`,
      'put the comment on a line of its own',
    );
  }
  const index = section.indexes.get(name) ?? section.settings.length;
  const former = section.settings[index];
  if (former === undefined || isStrict) {
    section.indexes.set(name, section.settings.push(setting) - 1);
    return;
  }
  problems.warning(
    setting,
    `${excerpt(name)} is set again in its section, so the value in line ${former.line} does not count`,
    'remove one of the two lines',
  );
  section.settings[index] = setting;
}

/** Reads back to the same sections. Throws on a name or a value that the syntax has no way to write. */
export function printIniConfig(sections: readonly IniSection[]): string {
  return sections.map(printSection).join('\n');
}

function printSection({ name, settings }: IniSection): string {
  const header = `[${name}]`;
  const again = readLine(header);
  const isSame = again.kind === 'header' && again.name === name && name !== '';
  if (!isSame || characterFault(header) !== undefined) throw unprintable(`the section ${excerpt(name)}`);
  return [header, ...settings.map(printSetting)].map((line) => `${line}\n`).join('');
}

function printSetting({ name, value }: IniSetting): string {
  const line = `${name} = ${value}`;
  const again = readLine(line);
  const isSame = again.kind === 'setting' && again.name === name && again.value === value;
  if (!isSame || name === '' || value === '' || characterFault(line) !== undefined) {
    throw unprintable(`the setting ${excerpt(line)}`);
  }
  return line;
}

function unprintable(what: string): PmError {
  return new PmError({
    code: 'config',
    what: `cannot write ${what}`,
    fault: 'it would not read back as the same',
    remedy: 'use plain text, no name that starts with # ; or [, and nothing empty',
  });
}
