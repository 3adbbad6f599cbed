/**
 * How many refused requests of one guest are logged and audited one by one; the rest are counted, and told in one line
 * when there is room again. A guest that floods fills neither the log nor the disk. Pure.
 */
const BURST = 20;
const PER_SECOND = 1;
const MOST_GUESTS = 10_000;

interface Bucket {
  left: number;
  atMs: number;
  untold: number;
}

export class RefusalRate {
  readonly #buckets = new Map<string, Bucket>();

  /** Undefined: don't tell of this one. Otherwise how many were not told of before it. */
  take(guest: string, nowMs: number): number | undefined {
    const bucket = this.#buckets.get(guest) ?? { left: BURST, atMs: nowMs, untold: 0 };
    bucket.left = Math.min(BURST, bucket.left + ((nowMs - bucket.atMs) / 1000) * PER_SECOND);
    bucket.atMs = nowMs;
    if (this.#buckets.size >= MOST_GUESTS) this.#buckets.clear();
    this.#buckets.set(guest, bucket);
    if (bucket.left < 1) {
      bucket.untold++;
      return undefined;
    }
    bucket.left--;
    const { untold } = bucket;
    bucket.untold = 0;
    return untold;
  }
}
