/** Columns as wide as their widest cell. */
import { visible } from '../messages/render.ts';
import { padded, widthOf } from './columns.ts';

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
