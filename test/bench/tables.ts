/** Tables in which people read what was measured, on a terminal and in a document. */
import type { Row } from './benchmark.ts';
import { figures, ratioOf, type Verdict } from './limits.ts';

export interface Table {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

export const rowTable = (rows: readonly Row[]): Table => ({
  columns: ['', 'median', 'quartiles', 'p99', 'runs', 'ratio', 'to'],
  rows: rows.map((row) => {
    const { count, median, lowerQuartile, upperQuartile, p99 } = row.stats;
    const isOne = count === 1;
    return [
      row.name,
      `${figures(median)} ${row.unit}`,
      isOne ? '' : `${figures(lowerQuartile)} to ${figures(upperQuartile)}`,
      isOne || row.unit === '/s' ? '' : figures(p99),
      String(count),
      ratioOf(row, rows),
      row.peer ?? '',
    ];
  }),
});

export const verdictTable = (verdicts: readonly Verdict[]): Table => ({
  columns: ['what', 'has to be', 'measured', 'met'],
  rows: verdicts.map(({ what, goal, measured, isMet }) => [what, goal, measured, isMet ? 'yes' : '**no**']),
});

export function plainText({ columns, rows }: Table): string {
  const widths = widthsOf({ columns, rows });
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, index) => cell.padEnd(widths[index] ?? 0))
      .join('  ')
      .trimEnd();
  return [line(columns), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)].join('\n');
}

/** Aligned as the formatter of the tree has it. */
export function markdown({ columns, rows }: Table): string {
  const widths = widthsOf({ columns, rows }).map((width) => Math.max(3, width));
  const line = (cells: readonly string[]) =>
    `| ${widths.map((width, index) => (cells[index] ?? '').padEnd(width)).join(' | ')} |`;
  return [line(columns), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)].join('\n');
}

const widthsOf = ({ columns, rows }: Table) =>
  columns.map((column, index) => Math.max(column.length, ...rows.map((row) => row[index]?.length ?? 0)));
