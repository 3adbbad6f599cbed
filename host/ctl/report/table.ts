/** Columns as wide as their widest cell; a Japanese character is two columns of a terminal wide. */
import { visible } from '../messages/render.ts';

export function table(headings: readonly string[], rows: readonly (readonly string[])[]): string {
  const all = [headings, ...rows].map((row) => row.map((cell) => visible(cell)));
  const widths = headings.map((_, column) =>
    all.reduce((most, row) => Math.max(most, widthOf(row[column])), 0),
  );
  return all
    .map(
      (row) =>
        `${row
          .map((cell, column) => padded(cell, widths[column] ?? 0))
          .join('  ')
          .trimEnd()}\n`,
    )
    .join('');
}

const padded = (cell: string, width: number) => cell + ' '.repeat(Math.max(0, width - widthOf(cell)));

const PLAIN = /^[ -~]*$/;
const WIDE =
  /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]/u;

function widthOf(text = ''): number {
  if (PLAIN.test(text)) return text.length;
  return [...text].reduce((width, character) => width + (WIDE.test(character) ? 2 : 1), 0);
}
