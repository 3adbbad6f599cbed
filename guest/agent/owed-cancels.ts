/** Cancels that the host has yet to be told, because the link was down. Bounded: the host has deadlines of its own. */
const MOST = 64;

export class OwedCancels {
  readonly #untilMs = new Map<string, number>();

  add(id: string, untilMs: number): void {
    this.#untilMs.delete(id);
    this.#untilMs.set(id, untilMs);
    const [oldest] = this.#untilMs.keys();
    if (this.#untilMs.size > MOST && oldest !== undefined) this.#untilMs.delete(oldest);
  }

  /** The id is asked for anew. */
  remove(id: string): void {
    this.#untilMs.delete(id);
  }

  /** Those that still matter; none is owed afterwards. */
  takeAll(nowMs: number): readonly string[] {
    const ids = [...this.#untilMs].filter(([, untilMs]) => untilMs > nowMs).map(([id]) => id);
    this.#untilMs.clear();
    return ids;
  }
}
