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
    const other = limit.of === undefined ? undefined : rowOf(limit.of);
    const [times, plus] = [limit.times ?? 1, limit.plus ?? 0];
    if (other === undefined) {
      const goal = `at most ${shown(plus, row.unit)}`;
      return { limit, what, goal, isMet: mine <= plus, measured: shown(mine, row.unit) };
    }
    const isMet = mine <= times * figureOf(other) + plus;
    const ratio = mine / figureOf(other);
    if (plus > 0) {
      const measured = signed(mine - figureOf(other), row);
      return {
        limit,
        what,
        isMet,
        goal: `at most ${shown(plus, row.unit)} more than ${other.name}`,
        measured,
      };
    }
    if (times < 1) {
      const goal = `at least ${figures(1 / times)} times as fast as ${other.name}`;
      return { limit, what, isMet, goal, measured: `${figures(1 / ratio)} times` };
    }
    const goal = times === 1 ? `no more than ${other.name}` : `at most ${times} times ${other.name}`;
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
