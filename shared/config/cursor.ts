/**
 * A place in a text that only moves on, and knows its line and column.
 *
 * Invariant: what it hands out for messages is bounded, so that a long line full of faults costs no more than its length.
 */
import type { Place } from './problem.ts';

/** More than any excerpt shows. */
const AHEAD = 100;

export class Cursor {
  readonly #text: string;
  #at = 0;
  #line = 1;
  #lineStart = 0;

  constructor(text: string) {
    this.#text = text;
  }

  get place(): Place {
    return { line: this.#line, column: this.#at - this.#lineStart + 1 };
  }

  get index(): number {
    return this.#at;
  }

  /** The character here, empty at the end. */
  get char(): string {
    return this.#text.charAt(this.#at);
  }

  get nextChar(): string {
    return this.#text.charAt(this.#at + 1);
  }

  /** The rest of the line, as far as a message shows it. */
  get ahead(): string {
    return this.since(this.#at, this.#at + AHEAD);
  }

  /** What was passed since `index`, as far as a message shows it. */
  since(index: number, end = this.#at): string {
    return this.#text.slice(index, Math.min(end, index + AHEAD)).split('\n', 1)[0] ?? '';
  }

  /** Moves past what the sticky pattern matches here and returns it, empty when it doesn't match. */
  take(sticky: RegExp): string {
    sticky.lastIndex = this.#at;
    const match = sticky.exec(this.#text)?.[0] ?? '';
    this.advance(match.length);
    return match;
  }

  advance(count: number): void {
    const end = this.#at + count;
    for (; this.#at < end; this.#at++) {
      if (this.char !== '\n') continue;
      this.#line++;
      this.#lineStart = this.#at + 1;
    }
  }

  skipLine(): void {
    this.take(/[^\n]+/y);
  }
}
