/**
 * Runs an action once for many reasons to run it: one run at a time, and one more for all that came meanwhile.
 *
 *   idle --ask--> waiting (`settleMs`, for more to come) --> running --> idle
 *                    ^                                         |
 *                    +--------- asked meanwhile ---------------+
 */
import type { Clock, Timer } from '../../../shared/clock.ts';

export interface CoalescerPace {
  readonly settleMs: number;
  /** Times as long as the last run took is waited at least: 4, and runs never take more than a fifth of the time. */
  readonly restPerRun?: number;
}

export class Coalescer {
  readonly #clock: Clock;
  readonly #pace: CoalescerPace;
  readonly #action: () => Promise<void>;
  #timer: Timer | undefined;
  #lastRunMs = 0;
  #running: Promise<void> | undefined;
  #isAsked = false;
  #isClosed = false;

  /** `action` must not throw. */
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
    await this.#action();
    this.#lastRunMs = this.#clock.nowMs() - startMs;
    this.#running = undefined;
    if (this.#isAsked) this.ask();
  }
}
