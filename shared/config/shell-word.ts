/**
 * One word of a shell file as the shell would read it, without what the shell would *do*.
 *
 *   word    = { plain | "\" any | "'" { not "'" } "'" | '"' { not '"' | "\" ( "$" | "`" | '"' | "\" ) } '"' }
 *
 * A backslash before a line end joins the lines, outside quotes and in double quotes. Whatever the shell would expand
 * or take for an operator is a problem, and reading goes on behind it so that later faults are found too.
 *
 * Invariant: a word read without a problem is exactly what bash makes of it; every character is looked at a bounded
 * number of times, whatever the input.
 */
import type { Cursor } from './cursor.ts';
import { excerpt, type Place, type ProblemList } from './problem.ts';
import { checkCharacters } from './source-text.ts';

/** The value of `name=value`, or an element of a list, where the shell expands file names and braces too. */
export type WordKind = 'value' | 'element';

const PLAIN = /[^ \t\n\\'"$`;&|<>()*?[{~]+/y;
const SINGLE_QUOTED = /[^'\n]+/y;
const DOUBLE_QUOTED = /[^"\\$`\n]+/y;
const BACKQUOTED = /`[^`\n]*`?/y;
const PARAMETER = /\$(?:[A-Za-z_][A-Za-z0-9_]*|[0-9@*#?$!-])?/y;
const OPERATORS = /[;&|<>]+/y;

const LITERALLY = 'write the value itself, or put it in single quotes if it is meant literally';

/** Reads to white space, the end, or the `)` behind an element. */
export function readWord(cursor: Cursor, kind: WordKind, problems: ProblemList): string {
  const start = cursor.place;
  const parts: string[] = [];
  while (!endsWord(cursor.char, kind)) parts.push(readPart(cursor, kind, parts.at(-1) ?? '', problems));
  const word = parts.join('');
  checkCharacters(word, start, problems);
  return word;
}

function endsWord(char: string, kind: WordKind): boolean {
  return (
    char === '' || char === ' ' || char === '\t' || char === '\n' || (char === ')' && kind === 'element')
  );
}

function readPart(cursor: Cursor, kind: WordKind, before: string, problems: ProblemList): string {
  switch (cursor.char) {
    case '\\':
      return readEscape(cursor, problems);
    case "'":
      return readSingleQuoted(cursor, problems);
    case '"':
      return readDoubleQuoted(cursor, problems);
    case '$':
    case '`':
      return refuseExpansion(cursor, problems);
    case '~':
      return readTilde(cursor, before, problems);
    case '*':
    case '?':
    case '[':
    case '{':
      return readPattern(cursor, kind, problems);
    case ';':
    case '&':
    case '|':
    case '<':
    case '>':
    case '(':
    case ')':
      return refuseOperator(cursor, kind, problems);
    default:
      return cursor.take(PLAIN);
  }
}

function readEscape(cursor: Cursor, problems: ProblemList): string {
  const escaped = cursor.nextChar;
  if (escaped === '') {
    problems.error(cursor.place, "'\\' with nothing behind it", 'remove it');
  }
  cursor.advance(1 + escaped.length);
  return escaped === '\n' ? '' : escaped;
}

function readSingleQuoted(cursor: Cursor, problems: ProblemList): string {
  const opening = cursor.place;
  cursor.advance(1);
  const text = cursor.take(SINGLE_QUOTED);
  if (cursor.char === "'") cursor.advance(1);
  else refuseOpenQuote('single', opening, text, problems);
  return text;
}

function readDoubleQuoted(cursor: Cursor, problems: ProblemList): string {
  const opening = cursor.place;
  const parts: string[] = [];
  cursor.advance(1);
  for (;;) {
    switch (cursor.char) {
      case '"':
        cursor.advance(1);
        return parts.join('');
      case '\\':
        parts.push(readQuotedEscape(cursor));
        break;
      case '$':
      case '`':
        parts.push(refuseExpansion(cursor, problems));
        break;
      case '\n':
      case '': {
        const text = parts.join('');
        refuseOpenQuote('double', opening, text, problems);
        return text;
      }
      default:
        parts.push(cursor.take(DOUBLE_QUOTED));
    }
  }
}

/** In double quotes a backslash counts only before what it can rob of its meaning. */
function readQuotedEscape(cursor: Cursor): string {
  const escaped = cursor.nextChar;
  if (escaped === '' || !'"\\$`\n'.includes(escaped)) {
    cursor.advance(1);
    return '\\';
  }
  cursor.advance(2);
  return escaped === '\n' ? '' : escaped;
}

function refuseOpenQuote(
  quotes: 'single' | 'double',
  opening: Place,
  text: string,
  problems: ProblemList,
): void {
  const mark = quotes === 'single' ? "'" : '"';
  problems.error(
    opening,
    `${quotes} quotes opened before ${excerpt(text)} are not closed on the line`,
    `add the closing ${mark}`,
  );
}

function refuseExpansion(cursor: Cursor, problems: ProblemList): string {
  const { place, index } = cursor;
  if (cursor.char === '`') cursor.take(BACKQUOTED);
  else if (cursor.nextChar === '(') skipNested(cursor, '(', ')');
  else if (cursor.nextChar === '{') skipNested(cursor, '{', '}');
  else cursor.take(PARAMETER);
  problems.error(
    place,
    `${excerpt(cursor.since(index))} is not expanded: this file is read, never run`,
    LITERALLY,
  );
  return '';
}

/** The shell expands it at the start of a word and, in a value, behind `:`. */
function readTilde(cursor: Cursor, before: string, problems: ProblemList): string {
  if (before === '' || before.endsWith(':')) {
    problems.error(
      cursor.place,
      `'~' is not expanded to a home directory`,
      'write the whole path, or put it in quotes if it is meant literally',
    );
  }
  cursor.advance(1);
  return '~';
}

function readPattern(cursor: Cursor, kind: WordKind, problems: ProblemList): string {
  const { place, char } = cursor;
  cursor.advance(1);
  if (kind === 'element') {
    problems.error(
      place,
      `unquoted '${char}' in a list is a pattern, which is not expanded`,
      'write the values themselves, or put it in quotes if it is meant literally',
    );
  }
  return char;
}

function refuseOperator(cursor: Cursor, kind: WordKind, problems: ProblemList): string {
  const { place, index, char } = cursor;
  if (kind === 'value') cursor.skipLine();
  else if (char === '(') skipNested(cursor, '(', ')');
  else cursor.take(OPERATORS);
  problems.error(
    place,
    `unquoted ${excerpt(cursor.since(index))} is shell, which is not run`,
    'remove it, or put it in quotes if it is part of the value',
  );
  return '';
}

/** Moves past the bracket that belongs to the next opening one, on this line; the line's end if there is none. */
function skipNested(cursor: Cursor, opening: string, closing: string): void {
  let depth = 0;
  for (; cursor.char !== '' && cursor.char !== '\n'; cursor.advance(1)) {
    if (cursor.char === opening) depth++;
    if (cursor.char === closing && --depth === 0) {
      cursor.advance(1);
      return;
    }
  }
}
