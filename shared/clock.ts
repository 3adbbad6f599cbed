/**
 * Time as a dependency, so that tests run on a virtual clock (test/support/virtual-clock.ts).
 *
 * Durations and deadlines are taken from `nowMs`, which never jumps; `wallMs` is for what people and other
 * machines read.
 */
import { setMaxListeners } from 'node:events';

export interface Timer {
  cancel(): void;
}

export interface Clock {
  /** Monotonic milliseconds since an arbitrary start. */
  nowMs(): number;
  /** Milliseconds since 1970. */
  wallMs(): number;
  /** Runs `action` once after `delayMs`. */
  after(delayMs: number, action: () => void): Timer;
  /** Resolves after `delayMs`; rejects with the signal's reason when it is aborted first. */
  sleep(delayMs: number, signal?: AbortSignal): Promise<void>;
}

/** setTimeout's own limit; a longer delay would fire at once. */
const LONGEST_DELAY_MS = 2 ** 31 - 1;

export const systemClock: Clock = {
  nowMs: () => performance.now(),
  wallMs: () => Date.now(),
  after(delayMs, action) {
    const handle = setTimeout(action, Math.min(delayMs, LONGEST_DELAY_MS));
    return { cancel: () => clearTimeout(handle) };
  },
  sleep: (delayMs, signal) => sleepBy(systemClock, delayMs, signal),
};

/** `sleep` by means of `after`, so that it is one and the same on every clock. */
export function sleepBy(clock: Pick<Clock, 'after'>, delayMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal === undefined) {
      clock.after(delayMs, resolve);
      return;
    }
    if (signal.aborted) {
      reject(signal.reason);
      return;
    }
    const onAbort = () => {
      timer.cancel();
      reject(signal.reason);
    };
    const timer = clock.after(delayMs, () => {
      signal.removeEventListener('abort', onAbort);
      resolve();
    });
    setMaxListeners(0, signal); // one signal may end any number of sleeps
    signal.addEventListener('abort', onAbort, { once: true });
  });
}
