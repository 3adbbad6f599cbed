/** What has struck where and when, for laws that make allowances for it. */
import type { Ended } from './keeper.ts';
import type { FaultKind } from './strikes.ts';

export interface LedgerEntry {
  readonly kind: string;
  /** undefined: all of them. */
  readonly host: string | undefined;
  readonly isHeavy: boolean;
  readonly ends: FaultKind['ends'];
  readonly movesClocks: boolean;
  readonly fromMs: number;
  untilMs: number | undefined;
  /** Whether it took effect, once that is known. */
  hasMet: boolean | undefined;
}

/** After a fault has been undone its effects may still be under way. */
const AFTERMATH_MS = 5_000;
/** What may cost a host its power: until it is fenced, back, and its cluster at rest. */
const HEAVY_AFTERMATH_MS = 25_000;
const CLOCK_AFTERMATH_MS = 3_000;

export class StrikeLedger {
  readonly entries: LedgerEntry[] = [];

  open(entry: Omit<LedgerEntry, 'untilMs' | 'hasMet'>): LedgerEntry {
    const opened = { ...entry, untilMs: undefined, hasMet: undefined };
    this.entries.push(opened);
    return opened;
  }

  isHeavy(nowMs: number): boolean {
    return this.#during(nowMs, nowMs, HEAVY_AFTERMATH_MS).some(({ isHeavy }) => isHeavy);
  }

  hasTrueClock(host: string, nowMs: number): boolean {
    return !this.#during(nowMs, nowMs, CLOCK_AFTERMATH_MS).some(
      (one) => one.movesClocks && one.host === host,
    );
  }

  /** What may have ended this daemon at that time in that way. */
  endersOf({ program, host, atMs, status }: Ended): readonly LedgerEntry[] {
    return this.#during(atMs, atMs, AFTERMATH_MS).filter(
      ({ host: struck = host, ends, hasMet }) =>
        struck === host && ends?.program === program && ends.statuses.includes(status) && hasMet !== false,
    );
  }

  /** Any of these kinds, or one that may cost a host its power. */
  touched(kinds: readonly string[], fromMs: number, untilMs: number): boolean {
    return (
      this.#during(fromMs, untilMs, AFTERMATH_MS).some(({ kind }) => kinds.includes(kind)) ||
      this.#during(fromMs, untilMs, HEAVY_AFTERMATH_MS).some(({ isHeavy }) => isHeavy)
    );
  }

  #during(fromMs: number, untilMs: number, aftermathMs: number): readonly LedgerEntry[] {
    return this.entries.filter(
      (one) => one.fromMs <= untilMs && (one.untilMs ?? Number.POSITIVE_INFINITY) + aftermathMs >= fromMs,
    );
  }
}
