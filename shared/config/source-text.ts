/**
 * What any configuration file must be before its syntax matters: text of a sane size, in UTF-8, with Unix line ends.
 *
 * A byte order mark and CRLF line ends are what an editor on another system leaves behind: they are taken away with
 * a warning. Bytes that are no UTF-8 (U+FFFD once decoded) are let pass in comments, where old files have EUC-JP or
 * Shift_JIS, and refused in names and values.
 */
import { excerpt, type Place, type ProblemList } from './problem.ts';

/** As UTF-8. A caller need not read more of a file than this and one byte. */
export const MAX_CONFIG_BYTES = 1024 * 1024;

const CRLF = /\r(?=\n|$)/g;
const CONTROL = /[\0-\x08\n-\x1f\x7f-\x9f]/;
const UNDECODABLE = /[\uFFFD\p{Cs}]/u;

/** The text to parse; nothing of it, and an error, when it isn't worth parsing. */
export function cleanSource(text: string, problems: ProblemList): string {
  if (text.length > MAX_CONFIG_BYTES || Buffer.byteLength(text) > MAX_CONFIG_BYTES) {
    problems.error({ line: 1 }, 'the file is larger than 1 MiB', 'see whether this is the right file');
    return '';
  }
  const nul = text.indexOf('\0');
  if (nul >= 0) {
    problems.error(
      { line: lineAt(text, nul) },
      'a NUL byte, so this is no text file',
      'save it as plain text in UTF-8',
    );
    return '';
  }
  let clean = text;
  if (clean.startsWith('\uFEFF')) {
    clean = clean.slice(1);
    problems.warning({ line: 1 }, 'a byte order mark, ignored', 'save the file as UTF-8 without one');
  }
  const carriageReturn = clean.search(CRLF);
  if (carriageReturn >= 0) {
    problems.warning(
      { line: lineAt(clean, carriageReturn) },
      'line ends with a carriage return (CRLF), ignored here and below',
      "convert the file, for example with sed -i 's/\\r$//'",
    );
    clean = clean.replace(CRLF, '');
  }
  return clean;
}

/** Why this can't be a name or value, whatever the syntax: a control character (a tab is none) or no Unicode. */
export function characterFault(text: string): string | undefined {
  const control = CONTROL.exec(text);
  if (control !== null) return `control character ${excerpt(control[0])}`;
  return UNDECODABLE.test(text) ? 'characters that are not UTF-8' : undefined;
}

export function checkCharacters(text: string, place: Place, problems: ProblemList): void {
  const fault = characterFault(text);
  if (fault === undefined) return;
  problems.error(place, `${fault} in ${excerpt(text)}`, 'write it again as plain UTF-8 text');
}

function lineAt(text: string, index: number): number {
  return text.slice(0, index).split('\n').length;
}
