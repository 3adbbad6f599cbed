/**
 * How many requests of one guest that end nothing, refused ones and looks, are logged and audited one by one. The rest are
 * counted, by guest, operation and kind, and told later in one line for each of these: a guest that floods fills neither
 * the log nor the disk, and every request is in exactly one line. Pure.
 *
 * Operations and kinds are few, so what is kept of a guest is bounded.
 */
const BURST = 20;
const PER_SECOND = 1;
const MOST_GUESTS = 10_000;

export interface Countable {
  readonly guest: string;
  readonly operation: string;
  /** One of a few words. */
  readonly kind: string;
}

/** So many of a kind, and the last of them. */
export interface Bundle<Request extends Countable> {
  readonly last: Request;
  readonly count: number;
}

interface Bucket {
  left: number;
  atMs: number;
}

export class LineRate<Request extends Countable> {
  readonly #buckets = new Map<string, Bucket>();
  #untold = new Map<string, Bundle<Request>>();

  /** Whether it is to be told of now; otherwise it is counted. */
  take(request: Request, nowMs: number): boolean {
    if (this.#hasRoom(request.guest, nowMs)) return true;
    const key = JSON.stringify([request.guest, request.operation, request.kind]);
    this.#untold.set(key, { last: request, count: (this.#untold.get(key)?.count ?? 0) + 1 });
    return false;
  }

  /** What was counted since this was asked last. */
  takeUntold(): readonly Bundle<Request>[] {
    const untold = [...this.#untold.values()];
    this.#untold = new Map();
    return untold;
  }

  #hasRoom(guest: string, nowMs: number): boolean {
    const bucket = this.#buckets.get(guest) ?? { left: BURST, atMs: nowMs };
    bucket.left = Math.min(BURST, bucket.left + ((nowMs - bucket.atMs) / 1000) * PER_SECOND);
    bucket.atMs = nowMs;
    if (this.#buckets.size >= MOST_GUESTS) this.#buckets.clear();
    this.#buckets.set(guest, bucket);
    if (bucket.left < 1) return false;
    bucket.left--;
    return true;
  }
}
