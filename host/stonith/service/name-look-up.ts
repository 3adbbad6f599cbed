/**
 * Whether names are those of virtual machines, asked in common: who asks while a query runs shares the next one, which
 * begins after it asked. So a guest that asks a hundred times at once costs two queries, and is told nothing by how long
 * they take.
 *
 *   asked --> waiting --the query before has ended, and some rest--> asking --> known | can't be told
 */
import type { Clock } from '../../../shared/clock.ts';
import type { FenceBackEnd } from '../desk/back-end.ts';

interface Query {
  readonly names: Set<string>;
  longestMs: number;
  readonly known: Promise<ReadonlySet<string> | undefined>;
}

/** Of one query, however long those who ask can wait: the next one may be luckier. */
const WITHIN_MS = 10_000;
/** Between queries: a flood leaves the host its processors. */
const REST_MS = 50;
/** In one query; they stand in one argument of a command. */
const MOST_NAMES = 100;

export class NameLookUp {
  readonly #backEnd: Pick<FenceBackEnd, 'known'>;
  readonly #clock: Clock;
  #waiting: Query | undefined;
  #before: Promise<unknown> = Promise.resolve();

  constructor(backEnd: Pick<FenceBackEnd, 'known'>, clock: Clock) {
    this.#backEnd = backEnd;
    this.#clock = clock;
  }

  /** Undefined: it can't be told in this time. */
  async isKnown(name: string, leftMs: number): Promise<boolean | undefined> {
    const query = this.#queryFor(name);
    query.longestMs = Math.max(query.longestMs, leftMs);
    const answered = new AbortController();
    const late = this.#clock.sleep(Math.max(0, leftMs), answered.signal).catch(() => undefined);
    try {
      const known = await Promise.race([query.known, late]);
      return known?.has(name);
    } finally {
      answered.abort();
    }
  }

  #queryFor(name: string): Query {
    const isFull = (this.#waiting?.names.size ?? 0) >= MOST_NAMES && this.#waiting?.names.has(name) === false;
    const query = this.#waiting === undefined || isFull ? this.#begin() : this.#waiting;
    query.names.add(name);
    return query;
  }

  #begin(): Query {
    const begun: Query = { names: new Set(), longestMs: 0, known: this.#before.then(() => this.#ask(begun)) };
    const rest = () => this.#clock.sleep(REST_MS);
    this.#before = begun.known.then(rest, rest);
    this.#waiting = begun;
    return begun;
  }

  #ask(query: Query): Promise<ReadonlySet<string> | undefined> {
    if (this.#waiting === query) this.#waiting = undefined;
    return this.#backEnd.known([...query.names], Math.min(query.longestMs, WITHIN_MS));
  }
}
