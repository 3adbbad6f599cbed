/**
 * How much a guest may send (docs/protocol.md, "Limits"): frames and bytes by a bucket that refills with time, and
 * garbage within a window. Pure: time and counts are handed in.
 */
import type { LinkLimits, Rate } from '../limits.ts';

/** Holds `burst` at most and gains `perSecond`; may be overdrawn, and is to be left alone until it no longer is. */
export class TokenBucket {
  readonly #rate: Rate;
  #tokens: number;
  #atMs: number;

  constructor(rate: Rate, nowMs: number) {
    this.#rate = rate;
    this.#tokens = rate.burst;
    this.#atMs = nowMs;
  }

  take(count: number, nowMs: number): void {
    const { perSecond, burst } = this.#rate;
    const gained = ((nowMs - this.#atMs) / 1000) * perSecond;
    this.#atMs = nowMs;
    this.#tokens = Math.min(burst, this.#tokens + gained) - count;
  }

  /** How long until it is no longer overdrawn. */
  get debtMs(): number {
    return this.#tokens >= 0 ? 0 : Math.ceil((-this.#tokens / this.#rate.perSecond) * 1000);
  }
}

/** Who has been stopped rests a little longer, or he would be stopped again at his next frame. */
const REST_MS = 100;

export interface GarbageCounts {
  readonly garbageBytes: number;
  readonly garbageRuns: number;
}

export class Intake {
  readonly #limits: LinkLimits;
  readonly #frames: TokenBucket;
  readonly #bytes: TokenBucket;
  /** The window: when it began, and what was counted until then. */
  #windowMs: number;
  #before: GarbageCounts = { garbageBytes: 0, garbageRuns: 0 };
  #latest: GarbageCounts = this.#before;

  constructor(limits: LinkLimits, nowMs: number) {
    this.#limits = limits;
    this.#frames = new TokenBucket(limits.frames, nowMs);
    this.#bytes = new TokenBucket(limits.bytes, nowMs);
    this.#windowMs = nowMs;
  }

  refill(nowMs: number): void {
    this.#frames.take(0, nowMs);
    this.#bytes.take(0, nowMs);
  }

  tookBytes(count: number, nowMs: number): void {
    this.#bytes.take(count, nowMs);
  }

  tookFrame(nowMs: number): void {
    this.#frames.take(1, nowMs);
  }

  /** How long reading has to pause; 0: it has not. */
  get pauseMs(): number {
    const debtMs = Math.max(this.#frames.debtMs, this.#bytes.debtMs);
    return debtMs === 0 ? 0 : debtMs + REST_MS;
  }

  /** Whether it is past the limit now; `counts` are those of the whole connection. */
  isTooMuchGarbage(counts: GarbageCounts, nowMs: number): boolean {
    if (nowMs - this.#windowMs >= this.#limits.garbageWindowMs) {
      this.#windowMs = nowMs;
      this.#before = this.#latest;
    }
    this.#latest = { garbageBytes: counts.garbageBytes, garbageRuns: counts.garbageRuns };
    return (
      counts.garbageBytes - this.#before.garbageBytes > this.#limits.garbageBytes ||
      counts.garbageRuns - this.#before.garbageRuns > this.#limits.garbageRuns
    );
  }

  /** After a penalty: what came before it no longer counts. */
  forgive(counts: GarbageCounts, nowMs: number): void {
    this.#windowMs = nowMs;
    this.#before = { garbageBytes: counts.garbageBytes, garbageRuns: counts.garbageRuns };
    this.#latest = this.#before;
  }
}
