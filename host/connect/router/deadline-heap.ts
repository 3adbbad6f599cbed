/** Things by the time they fall due, the earliest first; any of them can be taken out or moved at any time. */

export interface HeapItem {
  deadlineMs: number;
  /** Where in the heap it is; -1 when it is in none. Nobody else writes it. */
  heapIndex: number;
}

export class DeadlineHeap<Item extends HeapItem> {
  readonly #items: Item[] = [];

  get size(): number {
    return this.#items.length;
  }

  earliest(): Item | undefined {
    return this.#items[0];
  }

  add(item: Item): void {
    item.heapIndex = this.#items.length;
    this.#items.push(item);
    this.#rise(item);
  }

  remove(item: Item): void {
    const index = item.heapIndex;
    if (index < 0) return;
    item.heapIndex = -1;
    const last = this.#items.pop();
    if (last === undefined || last === item) return;
    this.#items[index] = last;
    last.heapIndex = index;
    this.#rise(last);
    this.#sink(last);
  }

  move(item: Item, deadlineMs: number): void {
    item.deadlineMs = deadlineMs;
    this.#rise(item);
    this.#sink(item);
  }

  #rise(item: Item): void {
    while (item.heapIndex > 0) {
      const parent = this.#items[(item.heapIndex - 1) >> 1];
      if (parent === undefined || parent.deadlineMs <= item.deadlineMs) return;
      this.#swap(parent, item);
    }
  }

  #sink(item: Item): void {
    for (;;) {
      const left = this.#items[2 * item.heapIndex + 1];
      const right = this.#items[2 * item.heapIndex + 2];
      const child =
        right !== undefined && left !== undefined && right.deadlineMs < left.deadlineMs ? right : left;
      if (child === undefined || child.deadlineMs >= item.deadlineMs) return;
      this.#swap(item, child);
    }
  }

  #swap(upper: Item, lower: Item): void {
    const { heapIndex } = upper;
    this.#items[lower.heapIndex] = upper;
    this.#items[heapIndex] = lower;
    upper.heapIndex = lower.heapIndex;
    lower.heapIndex = heapIndex;
  }
}
