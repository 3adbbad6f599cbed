/** A clock that stands still until a test moves it; timers fire in order of their time, then of their making. */
import { type Clock, sleepBy, type Timer } from '../../shared/clock.ts';

interface Pending {
  readonly dueMs: number;
  readonly order: number;
  readonly action: () => void;
}

export class VirtualClock implements Clock {
  #nowMs = 0;
  #order = 0;
  readonly #startWallMs: number;
  readonly #pending = new Set<Pending>();

  constructor(startWallMs = Date.UTC(2026, 0, 1)) {
    this.#startWallMs = startWallMs;
  }

  nowMs(): number {
    return this.#nowMs;
  }

  wallMs(): number {
    return this.#startWallMs + this.#nowMs;
  }

  after(delayMs: number, action: () => void): Timer {
    if (Number.isNaN(delayMs)) throw new RangeError('a delay is a number');
    const entry = { dueMs: this.#nowMs + Math.max(0, delayMs), order: this.#order++, action };
    this.#pending.add(entry);
    return { cancel: () => void this.#pending.delete(entry) };
  }

  sleep(delayMs: number, signal?: AbortSignal): Promise<void> {
    return sleepBy(this, delayMs, signal);
  }

  /** Moves time on, firing what falls due, and lets promises settle between any two timers. */
  async advance(byMs: number): Promise<void> {
    if (!(byMs >= 0)) throw new RangeError('time only goes on');
    const targetMs = this.#nowMs + byMs;
    await settlePromises();
    for (let next = this.#next(targetMs); next !== undefined; next = this.#next(targetMs)) {
      this.#pending.delete(next);
      this.#nowMs = next.dueMs;
      next.action();
      await settlePromises();
    }
    this.#nowMs = targetMs;
  }

  get pendingTimers(): number {
    return this.#pending.size;
  }

  #next(untilMs: number): Pending | undefined {
    let first: Pending | undefined;
    for (const entry of this.#pending) {
      if (entry.dueMs > untilMs) continue;
      if (first === undefined || entry.dueMs < first.dueMs) first = entry;
      else if (entry.dueMs === first.dueMs && entry.order < first.order) first = entry;
    }
    return first;
  }
}

const settlePromises = () => new Promise<void>((resolve) => setImmediate(resolve));
