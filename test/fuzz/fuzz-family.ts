/**
 * One family, so many inputs: samples and kept inputs first, then what the mutator makes of them and of each other.
 *
 *   guided:   after a batch V8 is asked whether code was reached that nothing had reached; if so its halves run once more, and
 *             theirs, down to the inputs with news, which become parents of further inputs
 *   unguided: at full speed, by far the most
 *
 * An input breaks a law, makes the parser throw, or takes too long, measured again before it counts: the first of them ends the run.
 * One that never ends is the affair of whoever watches `onInput`.
 */
import { setImmediate as yieldOnce } from 'node:timers/promises';
import { messageOf } from '../../shared/errors.ts';
import { Random } from '../support/random.ts';
import type { Coverage } from './coverage.ts';
import type { Family } from './family.ts';
import { Mutator } from './mutator.ts';

export interface FuzzOptions {
  readonly inputs: number;
  readonly seed: number;
  readonly kept: readonly Buffer[];
  readonly coverage?: Coverage;
  /** Called before every input. */
  readonly onInput?: (input: Buffer) => void;
  readonly onProgress?: (inputs: number) => void;
  /** Collects garbage; without it growth is not measured. */
  readonly collect?: () => void;
}

export interface Fuzzed {
  readonly inputs: number;
  readonly bytes: number;
  readonly elapsedMs: number;
  readonly cpuMs: number;
  /** 0 ms: none took as much as one. */
  readonly slowest: { readonly ms: number; readonly bytes: number };
  /** What the heap and the buffers beside it hold at the end and did not after a tenth of the inputs. */
  readonly grownBytes: number | undefined;
  /** Inputs that reached what nothing had, in their order. */
  readonly news: readonly Buffer[];
  readonly broken: { readonly input: Buffer; readonly fault: string } | undefined;
}

const BATCH = 100;
const GUIDED_AT_FIRST = 40_000;
const GUIDED_SHARE = 0.1;
const GUIDED_AGAIN_EVERY = 500_000;
const GUIDED_AGAIN = 5_000;
/** In a run that takes seconds anyway. */
const STRETCHED_FROM = 50_000;
const YIELD_EVERY = 20_000;
const MOST_NEWS = 400;
const TRIES_WHEN_SLOW = 4;
/** What takes less is not measured again: on a busy machine that would be every other input. */
const WORTH_TELLING_MS = 1;
/** Some ten times what the slowest lawful inputs take; what grows with the square of the length is past it. */
const limitMs = (bytes: number) => 100 + bytes / 400;

export async function fuzzFamily(family: Family, options: FuzzOptions): Promise<Fuzzed> {
  const run = new Run(family, options);
  return run.toItsEnd();
}

/** Whether one input is lawful: what a regression test asks. Without a seed of its own, as it was tried. */
export async function faultOf(family: Family, input: Buffer, seed?: number): Promise<string | undefined> {
  try {
    await family.check(input, seed === undefined ? chanceOf(input) : new Random(seed));
    return undefined;
  } catch (thrown) {
    return thrown instanceof Error ? (thrown.stack ?? thrown.message) : messageOf(thrown);
  }
}

/** An input is always cut in the same places, whoever tries it. */
function chanceOf(input: Buffer): Random {
  const at = (index: number) => input[index] ?? 0;
  const middle = at(input.length >> 1);
  return new Random(input.length * 65_537 + (middle << 8) + at(0) + at(input.length - 1) * 257);
}

class Run {
  readonly #family: Family;
  readonly #options: FuzzOptions;
  readonly #random: Random;
  readonly #mutator: Mutator;
  readonly #parents: Buffer[];
  readonly #news: Buffer[] = [];
  #inputs = 0;
  #bytes = 0;
  #slowest = { ms: 0, bytes: 0 };
  #heldBefore: number | undefined;
  #broken: Fuzzed['broken'];

  constructor(family: Family, options: FuzzOptions) {
    this.#family = family;
    this.#options = options;
    this.#random = new Random(options.seed);
    this.#parents = [...family.seeds().map((seed) => Buffer.from(seed)), ...options.kept];
    this.#mutator = new Mutator(this.#random, {
      words: family.words.map((word) => Buffer.from(word)),
      usualBytes: family.usualBytes,
      longestBytes: family.longestBytes,
    });
  }

  async toItsEnd(): Promise<Fuzzed> {
    const startMs = performance.now();
    const cpu = process.cpuUsage();
    const { stackTraceLimit } = Error;
    Error.stackTraceLimit = 0; // a third of the time of a parser that throws
    try {
      await this.#all();
    } finally {
      Error.stackTraceLimit = stackTraceLimit;
    }
    this.#options.coverage?.stop();
    const { user, system } = process.cpuUsage(cpu);
    const held = this.#held();
    return {
      inputs: this.#inputs,
      bytes: this.#bytes,
      elapsedMs: performance.now() - startMs,
      cpuMs: (user + system) / 1_000,
      slowest: this.#slowest,
      grownBytes: held === undefined || this.#heldBefore === undefined ? undefined : held - this.#heldBefore,
      news: this.#news,
      broken: this.#broken,
    };
  }

  async #all(): Promise<void> {
    const { inputs, coverage } = this.#options;
    coverage?.start();
    for (const parent of [...this.#parents]) await this.#try(parent);
    coverage?.hasNews(true);
    if (inputs >= STRETCHED_FROM) await this.#tryStretched();
    let guidedUntil = Math.min(GUIDED_AT_FIRST, inputs * GUIDED_SHARE);
    let nextGuided = GUIDED_AGAIN_EVERY;
    while (this.#inputs < inputs && this.#broken === undefined) {
      if (this.#heldBefore === undefined && this.#inputs >= inputs / 10) this.#heldBefore = this.#held();
      if (this.#inputs >= nextGuided) {
        nextGuided += GUIDED_AGAIN_EVERY;
        guidedUntil = this.#inputs + GUIDED_AGAIN;
      }
      if (coverage !== undefined && this.#inputs < guidedUntil) {
        coverage.start();
        await this.#guidedBatch(coverage);
      } else {
        coverage?.stop();
        await this.#batch(Math.min(YIELD_EVERY, inputs - this.#inputs));
      }
      this.#options.onProgress?.(this.#inputs);
      await yieldOnce();
    }
  }

  /** What grows with the square of the length is found by length alone: each word over and over, within each sample. */
  async #tryStretched(): Promise<void> {
    const { seeds, words, longestBytes } = this.#family;
    for (const sample of seeds().map((seed) => Buffer.from(seed))) {
      for (const word of [...words, ' ']) {
        const at = this.#random.between(0, sample.length);
        const length = Math.max(0, longestBytes - sample.length);
        const stretch = Buffer.alloc(length, word === '' ? ' ' : word);
        await this.#tryAll([Buffer.concat([sample.subarray(0, at), stretch, sample.subarray(at)])]);
        if (this.#broken !== undefined) return;
      }
    }
  }

  async #batch(count: number): Promise<void> {
    for (let made = 0; made < count && this.#broken === undefined; made++) {
      const trying = this.#try(this.#next());
      if (trying !== undefined) await trying;
    }
  }

  async #guidedBatch(coverage: Coverage): Promise<void> {
    const inputs = Array.from({ length: BATCH }, () => this.#next());
    await this.#findNews(inputs, coverage);
  }

  async #tryAll(inputs: readonly Buffer[]): Promise<void> {
    for (const input of inputs) {
      const trying = this.#try(input);
      if (trying !== undefined) await trying;
      if (this.#broken !== undefined) return;
    }
  }

  /** By halves: to ask V8 takes longer than most inputs do. */
  async #findNews(inputs: readonly Buffer[], coverage: Coverage): Promise<void> {
    const [first] = inputs;
    await this.#tryAll(inputs);
    if (first === undefined || this.#broken !== undefined) return;
    if (!coverage.hasNews(inputs.length === 1)) return;
    if (inputs.length === 1) {
      this.#isNews(first);
      return;
    }
    const middle = inputs.length >> 1;
    await this.#findNews(inputs.slice(0, middle), coverage);
    await this.#findNews(inputs.slice(middle), coverage);
  }

  #isNews(input: Buffer): void {
    if (this.#news.length >= MOST_NEWS || input.length > this.#family.usualBytes) return;
    this.#news.push(input);
    this.#parents.push(input);
  }

  #next(): Buffer {
    return this.#mutator.mutate(this.#parent(), this.#parent());
  }

  /** Rather a short one: it takes less time, and its changes change more. */
  #parent(): Buffer {
    const one = this.#random.pick(this.#parents);
    const other = this.#random.pick(this.#parents);
    return other.length < one.length ? other : one;
  }

  /** Waits only where the family does: most of the time goes by without it. */
  #try(input: Buffer): Promise<void> | undefined {
    this.#options.onInput?.(input);
    this.#inputs++;
    this.#bytes += input.length;
    const startMs = performance.now();
    try {
      const checking = this.#family.check(input, chanceOf(input));
      if (checking !== undefined) return this.#awaitCheck(checking, input, startMs);
    } catch (thrown) {
      this.#breaks(input, thrown);
      return undefined;
    }
    return this.#took(performance.now() - startMs, input);
  }

  async #awaitCheck(checking: Promise<void>, input: Buffer, startMs: number): Promise<void> {
    try {
      await checking;
    } catch (thrown) {
      this.#breaks(input, thrown);
      return;
    }
    await this.#took(performance.now() - startMs, input);
  }

  #breaks(input: Buffer, thrown: unknown): void {
    const fault = thrown instanceof Error ? (thrown.stack ?? thrown.message) : messageOf(thrown);
    this.#broken ??= { input, fault };
  }

  #took(ms: number, input: Buffer): Promise<void> | undefined {
    return ms > this.#suspectMs(input) ? this.#measureAgain(input) : undefined;
  }

  /** Past its own limit, whatever others have taken. */
  #suspectMs(input: Buffer): number {
    return Math.min(limitMs(input.length), Math.max(this.#slowest.ms, WORTH_TELLING_MS));
  }

  /** What it costs of the processor: the machine may have been busy with something else, or this process with garbage. */
  async #measureAgain(input: Buffer): Promise<void> {
    let ms = Number.POSITIVE_INFINITY;
    for (let time = 1; time < TRIES_WHEN_SLOW && ms > this.#suspectMs(input); time++) {
      const before = process.cpuUsage();
      await this.#family.check(input, chanceOf(input));
      const { user, system } = process.cpuUsage(before);
      ms = Math.min(ms, (user + system) / 1_000);
    }
    if (ms > this.#slowest.ms) this.#slowest = { ms, bytes: input.length };
    if (ms > limitMs(input.length))
      this.#broken ??= { input, fault: `${input.length} bytes took ${ms.toFixed()} ms` };
  }

  /** Without the inputs that were kept. */
  #held(): number | undefined {
    const { collect } = this.#options;
    if (collect === undefined) return undefined;
    collect();
    const { heapUsed, arrayBuffers } = process.memoryUsage();
    return heapUsed + arrayBuffers - this.#news.reduce((sum, { length }) => sum + length, 0);
  }
}

const MOST_TRIES = 3_000;

/** A shorter input that still does it, found by leaving out ever smaller pieces. */
export async function shortest(input: Buffer, does: (shorter: Buffer) => Promise<boolean>): Promise<Buffer> {
  let best = input;
  let tries = 0;
  for (let size = Math.ceil(best.length / 2); size >= 1; size = Math.floor(size / 2)) {
    for (let at = 0; at < best.length && tries < MOST_TRIES; ) {
      const shorter = Buffer.concat([best.subarray(0, at), best.subarray(at + size)]);
      tries++;
      if (await does(shorter)) best = shorter;
      else at += size;
    }
  }
  return best;
}
