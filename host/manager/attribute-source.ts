/**
 * What the cluster says about this host: one query for all who want to know, at most one a second.
 *
 *            ask, or an event while somebody watches
 *   idle ------------------------------------------> due --(a second since the last began)--> asking
 *     ^                                                                                        |
 *     +-- answered: told to all ---------------------------------------------------------------+
 *     +-- failed: due again, ever later up to 5 s, while somebody watches ---------------------+
 *
 * Events come from one crm_mon (cluster-events.ts). Invariant: an event is a hint to ask. The answer to what was asked before
 * it is told all the same, for it is newer than what was told last, but is not held for fresh, and the cluster is asked once
 * more; while somebody watches it is asked every 10 s without any event.
 */
import { backOffDelays } from '../../shared/back-off.ts';
import type { Clock, Timer } from '../../shared/clock.ts';
import type { LogFields, Logger } from '../../shared/log.ts';
import type { NamedValues } from '../pacemaker/attribute-sets.ts';
import type { ClusterEventOptions, ClusterEventStream } from '../pacemaker/cluster-events.ts';
import type { PacemakerFailure } from '../pacemaker/pacemaker-call.ts';

export type AttributeAnswer = { readonly ok: true; readonly values: NamedValues } | PacemakerFailure;

export interface AttributeSourceOptions {
  readonly query: () => Promise<AttributeAnswer>;
  readonly follow: (options: ClusterEventOptions) => ClusterEventStream;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Logger;
  readonly isWatched: () => boolean;
  readonly onValues: (values: NamedValues) => void;
  /** Pacemaker has gone: it may be another one that comes. */
  readonly onAway: () => void;
}

export const QUERY_PACE_MS = 1_000;
const SWEEP_MS = 10_000;
const RETRY = { firstMs: 500, ceilingMs: 5_000 };
const FOLLOW_AGAIN = { firstMs: 1_000, ceilingMs: 15_000 };

export class AttributeSource {
  readonly #options: AttributeSourceOptions;
  #values: NamedValues | undefined;
  #valuesMs: number | undefined;
  #beganMs = Number.NEGATIVE_INFINITY;
  #isOutdated = true;
  #isAsking: Promise<void> | undefined;
  #timer: Timer | undefined;
  #dueMs = Number.POSITIVE_INFINITY;
  #stream: ClusterEventStream | undefined;
  #state: 'not asked for' | 'known' | 'unknown' = 'not asked for';
  #fault: string | undefined;
  readonly #stopping = new AbortController();
  readonly #following: Promise<void>;
  readonly #sweeping: Promise<void>;
  #retries: Iterator<number, never>;
  readonly counts = { queries: 0, failures: 0, events: 0 };

  constructor(options: AttributeSourceOptions) {
    this.#options = options;
    this.#retries = backOffDelays(RETRY, options.random);
    this.#following = this.#follow();
    this.#sweeping = this.#sweep();
  }

  /** Asked for at most a second ago, with nothing heard of since. */
  get fresh(): NamedValues | undefined {
    const ageMs = this.#options.clock.nowMs() - this.#beganMs;
    const isStale = this.#isOutdated || this.#isAsking !== undefined || ageMs > QUERY_PACE_MS;
    return isStale ? undefined : this.#values;
  }

  /** The last that was heard, however old; undefined before the first. */
  get last(): NamedValues | undefined {
    return this.#values;
  }

  /** Since the question to which `last` is the answer. */
  get lastAgeMs(): number | undefined {
    return this.#valuesMs === undefined ? undefined : this.#options.clock.nowMs() - this.#valuesMs;
  }

  get fault(): string | undefined {
    return this.#fault;
  }

  ask(): void {
    if (this.#isAsking === undefined) this.#askAt(this.#beganMs + QUERY_PACE_MS);
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#timer?.cancel();
    this.#stream?.stop();
    await Promise.all([this.#following, this.#sweeping, this.#isAsking]);
    this.#timer?.cancel();
  }

  #askAt(atMs: number): void {
    if (atMs >= this.#dueMs || this.#stopping.signal.aborted) return;
    const { clock } = this.#options;
    this.#timer?.cancel();
    this.#dueMs = atMs;
    this.#timer = clock.after(Math.max(0, atMs - clock.nowMs()), () => {
      this.#dueMs = Number.POSITIVE_INFINITY;
      this.#isAsking = this.#askNow();
    });
  }

  async #askNow(): Promise<void> {
    const { clock, query, onValues, isWatched } = this.#options;
    this.#beganMs = clock.nowMs();
    this.#isOutdated = false;
    this.counts.queries++;
    const answer = await query();
    this.#isAsking = undefined;
    if (this.#stopping.signal.aborted) return;
    if (!answer.ok) {
      this.counts.failures++;
      this.#isOutdated = true;
      this.#become('unknown', { reason: answer.fault });
      this.#fault = answer.fault;
      const delayMs = Math.max(QUERY_PACE_MS, this.#retries.next().value);
      if (isWatched()) this.#askAt(this.#beganMs + delayMs);
      return;
    }
    this.#become('known');
    this.#fault = undefined;
    this.#retries = backOffDelays(RETRY, this.#options.random);
    this.#values = answer.values;
    this.#valuesMs = this.#beganMs;
    onValues(answer.values);
    if (this.#isOutdated && isWatched()) this.ask();
  }

  #become(state: 'known' | 'unknown', fields?: LogFields): void {
    if (state === this.#state) return;
    const { log } = this.#options;
    log[state === 'known' ? 'info' : 'warning'](`host health: ${this.#state} => ${state}`, fields);
    this.#state = state;
  }

  async #follow(): Promise<void> {
    const { follow, clock, random, log, isWatched, onAway } = this.#options;
    let delays = backOffDelays(FOLLOW_AGAIN, random);
    while (!this.#stopping.signal.aborted) {
      this.#stream = follow({
        onChange: () => {
          delays = backOffDelays(FOLLOW_AGAIN, random);
          this.counts.events++;
          this.#isOutdated = true;
          if (isWatched()) this.ask();
        },
        onAway: () => {
          this.#isOutdated = true;
          onAway();
        },
      });
      const { fault } = await this.#stream.ended;
      if (this.#stopping.signal.aborted) return;
      log.warning('changes of the cluster are not told just now', { reason: fault });
      await clock.sleep(delays.next().value, this.#stopping.signal).catch(() => {});
    }
  }

  async #sweep(): Promise<void> {
    const { clock, isWatched } = this.#options;
    while (!this.#stopping.signal.aborted) {
      await clock.sleep(SWEEP_MS, this.#stopping.signal).catch(() => {});
      if (isWatched()) this.ask();
    }
  }
}
