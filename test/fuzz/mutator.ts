/**
 * Makes new inputs of old ones: bits and bytes changed, words of the format put in, pieces cut, repeated, moved and taken from
 * another input, numbers made extreme, and once in a while one piece repeated until it is long. The same chance gives the same.
 */
import type { Random } from '../support/random.ts';

export interface MutatorOptions {
  readonly words: readonly Buffer[];
  readonly usualBytes: number;
  readonly longestBytes: number;
}

const TELLING = Buffer.from([
  0, 1, 3, 9, 0x0a, 0x0d, 0x20, 0x22, 0x27, 0x2c, 0x2e, 0x2f, 0x3a, 0x3b, 0x3c, 0x3d, 0x3e, 0x5b, 0x5c, 0x5d,
  0x7b, 0x7d, 0x7f, 0x80, 0xc2, 0xe2, 0xff,
]);
const NUMBERS = [
  '0',
  '-1',
  '1',
  '7',
  '65535',
  '65536',
  '2147483648',
  '4294967295',
  '9007199254740993',
  '1e999',
  '-0',
  '0x10',
  '99999999999999999999',
].map((text) => Buffer.from(text));
const MOST_CHANGES = 6;
/** One in so many is made long. */
const LONG_ONES = 3_000;
const LONGEST_PIECE = 64;

export class Mutator {
  readonly #random: Random;
  readonly #options: MutatorOptions;
  readonly #work: Buffer;
  #length = 0;

  constructor(random: Random, options: MutatorOptions) {
    this.#random = random;
    this.#options = options;
    this.#work = Buffer.alloc(options.longestBytes);
  }

  mutate(parent: Buffer, other: Buffer): Buffer {
    const { usualBytes } = this.#options;
    this.#length = parent.copy(this.#work, 0, 0, usualBytes);
    let changes = 1;
    while (changes < MOST_CHANGES && this.#below(2) === 0) changes++;
    for (; changes > 0; changes--) this.#change(other, usualBytes);
    if (this.#below(LONG_ONES) === 0) this.#lengthen();
    return Buffer.from(this.#work.subarray(0, this.#length));
  }

  #below(limit: number): number {
    return Math.floor(this.#random.next() * limit);
  }

  #pick<T>(all: readonly T[]): T | undefined {
    return all[this.#below(all.length)];
  }

  #change(other: Buffer, most: number): void {
    const length = this.#length;
    const at = this.#below(length + 1);
    const piece = Math.min(1 + this.#below(LONGEST_PIECE), length - at);
    switch (this.#below(14)) {
      case 0:
        if (at < length) this.#work[at] = (this.#work[at] ?? 0) ^ (1 << this.#below(8));
        break;
      case 1:
        if (at < length) this.#work[at] = this.#below(256);
        break;
      case 2:
        if (at < length) this.#work[at] = TELLING[this.#below(TELLING.length)] ?? 0;
        break;
      case 3:
      case 4:
        this.#replace(at, 0, this.#pick(this.#options.words), most);
        break;
      case 5: {
        const word = this.#pick(this.#options.words);
        this.#replace(at, Math.min(word?.length ?? 0, length - at), word, most);
        break;
      }
      case 6:
        this.#replace(at, piece, undefined, most);
        break;
      case 7:
        this.#replace(this.#below(length + 1), 0, this.#copyOf(at, piece), most);
        break;
      case 8:
        this.#length = at;
        break;
      case 9:
        this.#replace(0, at, undefined, most);
        break;
      case 10: {
        const from = this.#below(other.length + 1);
        this.#replace(at, length - at, other.subarray(from), most);
        break;
      }
      case 11: {
        const from = this.#below(other.length + 1);
        this.#replace(at, piece, other.subarray(from, from + this.#below(LONGEST_PIECE)), most);
        break;
      }
      case 12:
        this.#number(at, most);
        break;
      default:
        this.#repeat(at, piece, 2 + this.#below(8), most);
        break;
    }
  }

  #copyOf(at: number, bytes: number): Buffer {
    return Buffer.from(this.#work.subarray(at, at + bytes));
  }

  /** Puts `bytes`, which lie elsewhere, in the place of `count` bytes, as far as there is room. */
  #replace(at: number, count: number, bytes: Buffer | undefined, most: number): void {
    const from = at + count;
    const put = Math.min(bytes?.length ?? 0, Math.max(0, most - at));
    const kept = Math.max(0, Math.min(this.#length - from, most - at - put));
    this.#work.copyWithin(at + put, from, from + kept);
    bytes?.copy(this.#work, at, 0, put);
    this.#length = at + put + kept;
  }

  #number(from: number, most: number): void {
    let at = from;
    while (at < this.#length && !this.#isDigit(at)) at++;
    let end = at;
    while (this.#isDigit(end)) end++;
    if (end > at) this.#replace(at, end - at, this.#pick(NUMBERS), most);
  }

  #isDigit(at: number): boolean {
    const byte = this.#work[at] ?? 0;
    return at < this.#length && byte >= 0x30 && byte <= 0x39;
  }

  #repeat(at: number, bytes: number, times: number, most: number): void {
    const piece = this.#copyOf(at, bytes);
    if (piece.length === 0) return;
    const room = Math.floor((most - this.#length) / piece.length);
    const repeated = Buffer.concat(new Array<Buffer>(Math.max(0, Math.min(times, room))).fill(piece));
    this.#replace(at, 0, repeated, most);
  }

  #lengthen(): void {
    const { longestBytes } = this.#options;
    const at = this.#below(this.#length + 1);
    const piece = Math.min(1 + this.#below(LONGEST_PIECE), this.#length - at);
    this.#repeat(at, piece, 1 + this.#below(longestBytes), longestBytes);
  }
}
