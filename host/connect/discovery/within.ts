/**
 * An answer of a file system, if it comes in time. Storage that has died answers never: what waits for it is left
 * waiting, in a thread that does nothing else, and the daemon goes on.
 */
import type { Clock } from '../../../shared/clock.ts';

export class TooLate extends Error {
  constructor(limitMs: number) {
    super(`the file system has not answered for ${limitMs / 1000} s`);
  }
}

export function within<T>(clock: Clock, limitMs: number, answer: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = clock.after(limitMs, () => reject(new TooLate(limitMs)));
    answer.then(resolve, reject).finally(() => timer.cancel());
  });
}
