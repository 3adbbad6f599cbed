/**
 * Runs an action once for many reasons to run it: one run at a time, and one more for all that came meanwhile.
 *
 * An action that throws is a fault of ours: it is told (`onFault`), and run again after a pause, because what it was to
 * do is not done.
 *
 *   idle --ask--> waiting (`settleMs`, for more to come) --> running --> idle
 *                    ^                                         |
 *                    +--------- asked meanwhile ---------------+
 */
import type { Clock, Timer } from '../../../shared/clock.ts';
import { messageOf } from '../../../shared/errors.ts';
import type { Logger } from '../../../shared/log.ts';

export interface CoalescerPace {
  readonly settleMs: number;
  /** What a run threw. */
  readonly onFault: (thrown: unknown) => void;
  /** Times as long as the last run took is waited at least: 4, and runs never take more than a fifth of the time. */
  readonly restPerRun?: number;
}

const AFTER_FAULT_MS = 1_000;

export class Coalescer {
  readonly #clock: Clock;
  readonly #pace: CoalescerPace;
  readonly #action: () => Promise<void>;
  #timer: Timer | undefined;
  #lastRunMs = 0;
  #running: Promise<void> | undefined;
  #isAsked = false;
  #isClosed = false;

  constructor(clock: Clock, pace: CoalescerPace, action: () => Promise<void>) {
    this.#clock = clock;
    this.#pace = pace;
    this.#action = action;
  }

  ask(): void {
    if (this.#isClosed) return;
    this.#isAsked = true;
    if (this.#running !== undefined) return;
    const { settleMs, restPerRun = 0 } = this.#pace;
    const pauseMs = Math.max(settleMs, restPerRun * this.#lastRunMs);
    this.#timer ??= this.#clock.after(pauseMs, () => this.#start());
  }

  /** Resolves when nothing runs any more; nothing will. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#timer?.cancel();
    await this.#running;
  }

  #start(): void {
    this.#timer = undefined;
    this.#isAsked = false;
    this.#running = this.#run();
  }

  async #run(): Promise<void> {
    const startMs = this.#clock.nowMs();
    let isFaulty = false;
    try {
      await this.#action();
    } catch (thrown) {
      isFaulty = true;
      this.#pace.onFault(thrown);
    }
    this.#lastRunMs = this.#clock.nowMs() - startMs;
    this.#running = undefined;
    if (isFaulty) this.#askLater();
    else if (this.#isAsked) this.ask();
  }

  #askLater(): void {
    if (this.#isClosed) return;
    this.#isAsked = true;
    this.#timer ??= this.#clock.after(AFTER_FAULT_MS, () => this.#start());
  }
}

export const faultLogger = (log: Logger, what: string) => (thrown: unknown) =>
  log.error(`${what}: a look at it failed; it is tried again`, {
    reason: messageOf(thrown),
    ...(thrown instanceof Error && thrown.stack !== undefined ? { stack: thrown.stack } : {}),
  });
