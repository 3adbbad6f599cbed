/**
 * The shell-like syntax of /etc/vm-ctl.conf, which a shell script used to source. Here it is read, never run.
 *
 *   file    = { [ setting ] [ blanks comment ] newline }
 *   setting = name "=" ( [ word ] | "(" { gap | comment | word } ")" )
 *   name    = ( letter | "_" ) { letter | digit | "_" }
 *   comment = "#" { not newline }                  at the start of a line or behind white space
 *   gap     = blank | newline | "\" newline
 *
 * For `word` see shell-word.ts. All else is an error, `export` too: the old program needed none, and what stands
 * behind it need not be a setting. A name set twice keeps the last value, as in the shell, with a warning; but a plain
 * value behind a list would, in the shell, replace the list's first value only, so that is an error.
 *
 * Invariant: what is read without an error is what bash would have set, carriage returns and byte order mark aside.
 */
import { PmError } from '../errors.ts';
import { Cursor } from './cursor.ts';
import { excerpt, type Place, ProblemList, type ReadResult } from './problem.ts';
import { readWord } from './shell-word.ts';
import { characterFault, cleanSource } from './source-text.ts';

export type ShellSetting =
  | { readonly kind: 'value'; readonly name: string; readonly value: string }
  | { readonly kind: 'list'; readonly name: string; readonly values: readonly string[] };

export type ShellEntry = ShellSetting & { readonly line: number };

const SKIPPED = /[ \t\n]+/y;
const BLANKS = /[ \t]+/y;
const GAP = /(?:[ \t\n]|\\\n)+/y;
const COMMENT = /#[^\n]*/y;
const NAME = /[A-Za-z_][A-Za-z0-9_]*/y;
const EQUALS = /=/y;
const SETTING_AHEAD = /^[A-Za-z_][A-Za-z0-9_]*\+?=/;
const SUBSCRIPT = /\[[^\]\s]*\]\+?=/y;

const ONE_LINE = "write name=value or name=(a b), and '#' before a comment";

/** One setting for each name, in the order in which they were last set. */
export function readShellConfig(file: string, text: string): ReadResult<ShellEntry> {
  const problems = new ProblemList(file);
  const settings = new Map<string, ShellEntry>();
  const cursor = new Cursor(cleanSource(text, problems));
  while (cursor.char !== '') {
    if (cursor.take(SKIPPED) !== '' || cursor.take(COMMENT) !== '') continue;
    const entry = readSetting(cursor, problems);
    if (entry === undefined) continue;
    const former = settings.get(entry.name);
    if (former !== undefined) reportFormer(former, entry, problems);
    settings.delete(entry.name);
    settings.set(entry.name, entry);
  }
  return problems.result([...settings.values()]);
}

function readSetting(cursor: Cursor, problems: ProblemList): ShellEntry | undefined {
  const { place, ahead } = cursor;
  const { line } = place;
  const name = cursor.take(NAME);
  if (name === '' || cursor.take(EQUALS) === '') {
    refuseLine(ahead, place, problems);
    cursor.skipLine();
    return undefined;
  }
  if (cursor.char === '(') return { kind: 'list', name, values: readList(cursor, name, problems), line };
  return { kind: 'value', name, value: readValue(cursor, problems), line };
}

function readValue(cursor: Cursor, problems: ProblemList): string {
  const { place } = cursor;
  if (cursor.take(BLANKS) === '') {
    const value = readWord(cursor, 'value', problems);
    expectLineEnd(cursor, problems);
    return value;
  }
  if (!isAtLineEnd(cursor) && cursor.char !== '#') {
    problems.error(place, `white space between '=' and ${excerpt(cursor.ahead)}`, 'remove it');
    cursor.skipLine();
  }
  return '';
}

/** Behind a value there may be white space and then a comment. */
function expectLineEnd(cursor: Cursor, problems: ProblemList): void {
  const isParted = cursor.take(BLANKS) !== '';
  if (isAtLineEnd(cursor) || (isParted && cursor.char === '#')) return;
  problems.error(
    cursor.place,
    `${excerpt(cursor.ahead)} behind the value`,
    'put a value with white space in quotes, and each setting on a line of its own',
  );
  cursor.skipLine();
}

function isAtLineEnd(cursor: Cursor): boolean {
  return cursor.char === '' || cursor.char === '\n';
}

function readList(cursor: Cursor, name: string, problems: ProblemList): string[] {
  const opening = cursor.place;
  const values: string[] = [];
  const refuseOpen = (before: string) =>
    problems.error(
      opening,
      `the list ${excerpt(name)} is not closed before ${before}`,
      "add the closing ')'",
    );

  cursor.advance(1);
  for (;;) {
    const gap = cursor.take(GAP);
    switch (cursor.char) {
      case ')':
        cursor.advance(1);
        expectLineEnd(cursor, problems);
        return values;
      case '':
        refuseOpen('the end of the file');
        return values;
      case '#':
        cursor.take(COMMENT);
        continue;
      case '[':
        refuseSubscript(cursor, problems);
        break;
      default:
        // Else a forgotten `)` would take the rest of the file with it.
        if (gap.includes('\n') && SETTING_AHEAD.test(cursor.ahead)) {
          refuseOpen(`${excerpt(cursor.ahead)} in line ${cursor.place.line}`);
          return values;
        }
    }
    values.push(readWord(cursor, 'element', problems));
  }
}

function refuseSubscript(cursor: Cursor, problems: ProblemList): void {
  const { place } = cursor;
  const subscript = cursor.take(SUBSCRIPT);
  if (subscript === '') return;
  problems.error(
    place,
    `a list is not filled by index, as ${excerpt(subscript)} does`,
    'write the values in their order',
  );
}

function refuseLine(found: string, place: Place, problems: ProblemList): void {
  const word = /^[A-Za-z_][A-Za-z0-9_]*/.exec(found)?.[0] ?? '';
  const behind = found.slice(word.length);
  if (word === '') {
    problems.error(place, `${excerpt(found)} is no setting`, ONE_LINE);
  } else if (/^[ \t]+=/.test(behind)) {
    problems.error(place, `white space between ${excerpt(word)} and '='`, 'remove it');
  } else if (behind.startsWith('+=')) {
    problems.error(
      place,
      `'+=' adds to ${excerpt(word)}, which is not supported`,
      `write the whole value with '='`,
    );
  } else if (/^\[[^\]]*\]\+?=/.test(behind)) {
    problems.error(
      place,
      `${excerpt(word)} is set by index, which is not supported`,
      'write the whole list as name=(a b)',
    );
  } else if (word === 'export' && /^[ \t]/.test(behind)) {
    problems.error(place, "'export' is a command, which is not run", "remove the word 'export'");
  } else {
    problems.error(place, `${excerpt(found)} is no setting`, ONE_LINE);
  }
}

function reportFormer(former: ShellEntry, entry: ShellEntry, problems: ProblemList): void {
  const name = excerpt(entry.name);
  if (former.kind === 'list' && entry.kind === 'value') {
    problems.error(
      entry,
      `${name} is a list in line ${former.line}, of which this would replace only the first value`,
      'remove one of the two lines',
    );
    return;
  }
  problems.warning(
    entry,
    `${name} is set again, so the value in line ${former.line} does not count`,
    'remove one of the two lines',
  );
}

/** Reads back to the same settings. Throws on a name or a value that the syntax has no way to write. */
export function printShellConfig(settings: readonly ShellSetting[]): string {
  return settings.map((setting) => `${printSetting(setting)}\n`).join('');
}

function printSetting(setting: ShellSetting): string {
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(setting.name)) {
    throw unprintable(setting.name, 'it is no name that a shell knows', 'use letters, digits and _ only');
  }
  if (setting.kind === 'value') return `${setting.name}=${printWord(setting.name, setting.value)}`;
  return `${setting.name}=(${setting.values.map((value) => printWord(setting.name, value)).join(' ')})`;
}

function printWord(name: string, value: string): string {
  const fault = characterFault(value);
  if (fault !== undefined) throw unprintable(name, `${fault} in its value`, 'use plain text');
  return /^[A-Za-z0-9_./:@%+,-]+$/.test(value) ? value : `'${value.replaceAll("'", "'\\''")}'`;
}

function unprintable(name: string, fault: string, remedy: string): PmError {
  return new PmError({ code: 'config', what: `cannot write the setting ${excerpt(name)}`, fault, remedy });
}
