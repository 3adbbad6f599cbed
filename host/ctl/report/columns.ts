/** Text in the columns of a terminal, where a Japanese character is two columns wide. */
import { visible } from '../messages/render.ts';

const PLAIN = /^[ -~]*$/;
const WIDE =
  /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]/u;

export function widthOf(text = ''): number {
  if (PLAIN.test(text)) return text.length;
  return [...text].reduce((width, character) => width + (WIDE.test(character) ? 2 : 1), 0);
}

export const padded = (cell: string, width: number): string =>
  cell + ' '.repeat(Math.max(0, width - widthOf(cell)));

/** What does not fit ends with an ellipsis. */
function fitted(text: string, width: number): string {
  return widthOf(text) <= width ? text : `${startOf(text, width - 1)}…`;
}

function startOf(text: string, width: number): string {
  let start = '';
  let left = width;
  for (const character of text) {
    left -= widthOf(character);
    if (left < 0) break;
    start += character;
  }
  return start;
}

const WIDEST_CHARACTER = 2;

/** Lines of at most this width, parted at blanks; Japanese, and a word that is too long, anywhere. */
export function wrapped(text: string, wanted: number): readonly string[] {
  const width = Math.max(WIDEST_CHARACTER, wanted);
  const lines: string[] = [];
  let line = '';
  for (const piece of text.match(/ +|[!-~]+|[^ ]/gu) ?? []) {
    if (widthOf(line + piece) <= width) {
      line += piece;
      continue;
    }
    if (line.trimEnd() !== '') lines.push(line.trimEnd());
    line = piece.startsWith(' ') ? '' : piece;
    while (widthOf(line) > width) {
      const start = startOf(line, width);
      lines.push(start);
      line = line.slice(start.length);
    }
  }
  if (line.trimEnd() !== '' || lines.length === 0) lines.push(line.trimEnd());
  return lines;
}

/** Of a terminal that says nothing of its size, or that it has none, as one of script(1) or of a serial line. */
const UNTOLD_WIDTH = 80;

/** A message as a person reads it; what goes elsewhere stays in one piece, for programs and logs. */
export function forReader(text: string, { isTTY, columns = 0 }: Partial<Tty>): string {
  if (isTTY !== true) return text;
  const width = columns > 0 ? columns : UNTOLD_WIDTH;
  return text
    .split('\n')
    .flatMap((line) => wrapped(line, width))
    .join('\n');
}

type Tty = Pick<NodeJS.WriteStream, 'isTTY' | 'columns'>;

const GAP = '  ';

/**
 * A table no wider than `width`: cells of the other columns are cut at `widest`, and the last column goes on in
 * lines below itself.
 */
export function narrowTable(
  headings: readonly string[],
  rows: readonly (readonly string[])[],
  { width, widest }: { readonly width: number; readonly widest: number },
): string {
  const last = headings.length - 1;
  const all = [headings, ...rows].map((row) =>
    row.map((cell, column) => (column === last ? visible(cell) : fitted(visible(cell), widest))),
  );
  const widths = headings
    .slice(0, last)
    .map((_, column) => Math.max(...all.map((row) => widthOf(row[column]))));
  const taken = widths.reduce((sum, own) => sum + own + GAP.length, 0);
  return all
    .flatMap((row) => {
      const start = widths.map((own, column) => padded(row[column] ?? '', own) + GAP).join('');
      const lines = wrapped(row[last] ?? '', Math.max(10, width - taken));
      return lines.map((line, index) => `${(index === 0 ? start : ' '.repeat(taken)) + line}`.trimEnd());
    })
    .map((line) => `${line}\n`)
    .join('');
}
