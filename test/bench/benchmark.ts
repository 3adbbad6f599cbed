/**
 * What a benchmark is: it measures ours and its peers in turn, in the same run, and gives rows of figures, the limits
 * that some of them have to keep, and what of it a picture shows. Words, verdicts and pictures are made from these.
 */
import type { NeededProgram } from './needed-programs.ts';
import type { Stats } from './statistics.ts';

export interface Benchmark {
  readonly name: string;
  readonly about: string;
  /** Of a laboratory: nothing, its two hosts alone, or also its two guests with a cluster of their own. */
  readonly needs: Needs;
  /** Where a quick run has less in it. */
  readonly quickNeeds?: Needs;
  /** Of the peers, which the machine may lack. */
  readonly programs: readonly NeededProgram[];
  /** A quick run leaves it out unless it is named. */
  readonly isLong?: boolean;
  run(options: BenchmarkOptions): Promise<BenchmarkResult>;
}

export type Needs = 'nothing' | 'hosts' | 'guests';

export interface BenchmarkOptions {
  /** Shorter, for everyday use. */
  readonly quick: boolean;
  readonly report: (words: string) => void;
}

export interface BenchmarkResult {
  readonly rows: readonly Row[];
  readonly limits: readonly Limit[];
  readonly plot: Plot;
  /** Of the peers, by name. */
  readonly versions: Readonly<Record<string, string>>;
}

export const UNITS = ['ms', 's', 'MiB', 'KiB', '%', '/s'] as const;
export type Unit = (typeof UNITS)[number];

/** Ours, what others do for the same, or what nobody can do without. */
export const KINDS = ['ours', 'peer', 'floor'] as const;
export type Kind = (typeof KINDS)[number];

export interface Row {
  readonly name: string;
  readonly kind: Kind;
  readonly unit: Unit;
  readonly stats: Stats;
  /** The name of the row that this one is compared with. */
  readonly peer?: string;
}

/** What the median, or another figure, of a row is at most. */
export type Limit = { readonly row: string; readonly figure?: 'p99' } & Bound;

/** So many times that of another row; or so much more than it; or, without another, so much. */
type Bound =
  | { readonly of: string; readonly times: number; readonly plus?: never }
  | { readonly of?: string; readonly plus: number; readonly times?: never };

export const SCALES = ['linear', 'logarithmic'] as const;

/** The rows of one unit, all of them unless some are named. */
export interface Plot {
  readonly unit: Unit;
  readonly scale: (typeof SCALES)[number];
  readonly rows?: readonly string[];
}
