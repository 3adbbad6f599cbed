/** Whether what was measured keeps its limits, and the words for it. */
import type { BenchmarkResult, Limit, Row } from './benchmark.ts';

export interface Verdict {
  readonly limit: Limit;
  /** What is judged: of a row its median, unless it says otherwise. */
  readonly what: string;
  readonly isMet: boolean;
  /** Such as `at most 1.5 times fence_xvm off`. */
  readonly goal: string;
  /** In the terms of the goal, such as `1.40 times`. */
  readonly measured: string;
}

export function verdictsOf({ rows, limits }: Pick<BenchmarkResult, 'rows' | 'limits'>): Verdict[] {
  const rowOf = (name: string): Row => {
    const row = rows.find((one) => one.name === name);
    if (row === undefined) throw new Error(`a limit speaks of ${name}, which was not measured`);
    return row;
  };
  return limits.map((limit) => {
    const row = rowOf(limit.row);
    const what = limit.figure === undefined ? row.name : `${row.name}, ${limit.figure}`;
    const figureOf = ({ stats }: Row) => stats[limit.figure ?? 'median'];
    const mine = figureOf(row);
    const { of: other, times, plus } = limit;
    const theirs = other === undefined ? 0 : figureOf(rowOf(other));
    if (times === undefined) {
      const isMet = mine <= theirs + plus;
      const most = `at most ${shown(plus, row.unit)}`;
      if (other === undefined) return { limit, what, goal: most, isMet, measured: shown(mine, row.unit) };
      return { limit, what, goal: `${most} more than ${other}`, isMet, measured: signed(mine - theirs, row) };
    }
    const isMet = mine <= times * theirs;
    const ratio = mine / theirs;
    if (times < 1) {
      const goal = `at least ${figures(1 / times)} times as fast as ${other}`;
      return { limit, what, isMet, goal, measured: `${figures(1 / ratio)} times` };
    }
    const goal = times === 1 ? `no more than ${other}` : `at most ${times} times ${other}`;
    return { limit, what, isMet, goal, measured: `${ratio.toFixed(2)} times` };
  });
}

/** How a row compares with its peer; empty where it has none. */
export function ratioOf(row: Row, rows: readonly Row[]): string {
  const peer = rows.find(({ name }) => name === row.peer);
  return peer === undefined ? '' : (row.stats.median / peer.stats.median).toFixed(2);
}

export const shown = (value: number, unit: string) => `${figures(value)} ${unit}`;

const signed = (value: number, { unit }: Row) => `${value < 0 ? '−' : '+'}${shown(Math.abs(value), unit)}`;

/** As many figures as say something. */
export function figures(value: number): string {
  const size = Math.abs(value);
  if (size >= 1000) return Math.round(value).toLocaleString('en-US');
  if (size >= 100) return value.toFixed(0);
  if (size >= 10) return value.toFixed(1).replace(/\.0$/, '');
  return value.toFixed(2).replace(/\.?0+$/, '');
}
