/** Runs what is asked for under one key one after the other; other keys wait for none of it. */
export class OneAtATime {
  /** By key, the end of the last one. */
  readonly #ends = new Map<string, Promise<unknown>>();

  async run<T>(key: string, action: () => Promise<T>): Promise<T> {
    const before = this.#ends.get(key);
    const running = before === undefined ? action() : before.then(action);
    const end = running.catch(() => {});
    this.#ends.set(key, end);
    try {
      return await running;
    } finally {
      if (this.#ends.get(key) === end) this.#ends.delete(key);
    }
  }

  /** Keys under which something runs. */
  get size(): number {
    return this.#ends.size;
  }
}
