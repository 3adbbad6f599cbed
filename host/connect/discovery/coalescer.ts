/**
 * Runs an action once for many reasons to run it: one run at a time, and one more for all that came meanwhile.
 *
 *   idle --ask--> waiting (`settleMs`, for more to come) --> running --> idle
 *                    ^                                         |
 *                    +--------- asked meanwhile ---------------+
 */
import type { Clock, Timer } from '../../../shared/clock.ts';

export class Coalescer {
  readonly #clock: Clock;
  readonly #settleMs: number;
  readonly #action: () => Promise<void>;
  #timer: Timer | undefined;
  #running: Promise<void> | undefined;
  #isAsked = false;
  #isClosed = false;

  /** `action` must not throw. */
  constructor(clock: Clock, settleMs: number, action: () => Promise<void>) {
    this.#clock = clock;
    this.#settleMs = settleMs;
    this.#action = action;
  }

  ask(): void {
    if (this.#isClosed) return;
    this.#isAsked = true;
    if (this.#running !== undefined) return;
    this.#timer ??= this.#clock.after(this.#settleMs, () => this.#start());
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
    await this.#action();
    this.#running = undefined;
    if (this.#isAsked) this.ask();
  }
}
