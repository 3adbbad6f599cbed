/** Lets several wait for the next change, none of which can be missed between a look and the waiting that follows. */
import type { Clock } from '../../../shared/clock.ts';

export class ChangeSignal {
  readonly #clock: Clock;
  readonly #waiting = new Set<() => void>();
  #count = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get count(): number {
    return this.#count;
  }

  changed(): void {
    this.#count++;
    for (const wake of [...this.#waiting]) wake();
  }

  wait(since: number, limitMs: number, signal: AbortSignal): Promise<void> {
    if (this.#count !== since || signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const wake = () => {
        timer.cancel();
        signal.removeEventListener('abort', wake);
        this.#waiting.delete(wake);
        resolve();
      };
      const timer = this.#clock.after(limitMs, wake);
      signal.addEventListener('abort', wake, { once: true });
      this.#waiting.add(wake);
    });
  }
}
