/** What a family of inputs is: one kind of outside data, samples of it, and the laws that hold for whatever comes in its place. */
import { inspect } from 'node:util';
import type { Random } from '../support/random.ts';

export interface Family {
  readonly name: string;
  /** Real samples, small ones: what is made of them is about as long. */
  readonly seeds: () => readonly (string | Buffer)[];
  /** What the format gives a meaning. */
  readonly words: readonly (string | Buffer)[];
  /** Longer than any sample; what is to be found out by length alone is tried beside it, up to `longestBytes`. */
  readonly usualBytes: number;
  readonly longestBytes: number;
  /** Throws when a law is broken, or the parser did. */
  readonly check: (input: Buffer, random: Random) => void | Promise<void>;
}

export function familyNamed(name: string, families: readonly Family[]): Family {
  const family = families.find((one) => one.name === name);
  if (family === undefined)
    throw new Error(`there is no family ${name}; choose of ${families.map((one) => one.name).join(', ')}`);
  return family;
}

/** A law that does not hold. */
export class Broken extends Error {}

export function law(holds: boolean, words: string, ...seen: readonly unknown[]): asserts holds {
  if (!holds) throw new Broken([words, ...seen.map((one) => inspect(one, { depth: 6 }))].join(': '));
}

const CONTROL = /\p{Cc}/u;
const LONGEST_WORDS = 2_000;

/** What is said of a fault is one bounded line that steers no terminal, whatever was in the input. */
export function lawfulWords(words: string, what: string): void {
  law(!CONTROL.test(words), `${what} has a control character`, words);
  law(words.length <= LONGEST_WORDS, `${what} is ${words.length} characters long`);
}

/** The same as text: for what JSON can say. */
export function same(one: unknown, other: unknown, words: string): void {
  const [left, right] = [JSON.stringify(one), JSON.stringify(other)];
  law(left === right, words, left, right);
}
