/** What a long run does to memory, open files and the time that requests take: its first third beside its last. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { ChaosWorld } from './chaos-world.ts';
import { type Usage, usageOf } from './leftovers.ts';

const EVERY_MS = 20_000;
/** What garbage that was not collected yet may look like. */
const MORE_MEMORY = { factor: 1.1, mib: 8 };
/** Medians of what is open at chance moments: a request more or less that is under way, and nothing that piles up. */
const MORE_FILES = 3;
/** What else the machine does makes all of them slower at times; what piles up makes them slower without end. */
const MORE_TIME = { factor: 3, ms: 500 };

export type TrendRow = readonly [name: string, first: number, last: number];

export class Trend {
  readonly #series = new Map<string, number[]>();
  readonly #stop = new AbortController();
  readonly #sampling: Promise<void>;

  constructor(world: ChaosWorld) {
    this.#sampling = this.#sample(world);
  }

  took(what: string, ms: number): void {
    this.#add(`${what}${TIME}`, ms);
  }

  async end(): Promise<void> {
    this.#stop.abort();
    await this.#sampling;
  }

  /** In the first and in the last third of the run. */
  get rows(): readonly TrendRow[] {
    return [...this.#series].sort().map(([name, values]) => [name, ...thirds(values)]);
  }

  /** Programs that have grown, and requests that have got slower. */
  get grown(): readonly string[] {
    return grownIn(this.rows);
  }

  async #sample(world: ChaosWorld): Promise<void> {
    while (!this.#stop.signal.aborted) {
      // A host that is away just now has no usage.
      const usage = await usageOf(world).catch(() => new Map<string, Usage>());
      for (const [name, { files, rssMiB }] of usage) {
        this.#add(`${name}${MEMORY}`, rssMiB);
        this.#add(`${name}${FILES}`, files);
      }
      await sleep(EVERY_MS, undefined, { signal: this.#stop.signal }).catch(() => undefined);
    }
  }

  #add(name: string, value: number): void {
    const values = this.#series.get(name) ?? [];
    values.push(value);
    this.#series.set(name, values);
  }
}

const MEMORY = ', MiB';
const FILES = ', open files';
const TIME = ', ms';

export const grownIn = (rows: readonly TrendRow[]): readonly string[] =>
  rows
    .filter(
      ([name, first, last]) =>
        (name.endsWith(MEMORY) && last > MORE_MEMORY.factor * first + MORE_MEMORY.mib) ||
        (name.endsWith(FILES) && last > first + MORE_FILES) ||
        (name.endsWith(TIME) && last > MORE_TIME.factor * first + MORE_TIME.ms),
    )
    .map(([name, first, last]) => `${name}: ${first.toFixed(0)} grew to ${last.toFixed(0)}`);

export function thirds(values: readonly number[]): [first: number, last: number] {
  const size = Math.max(1, Math.floor(values.length / 3));
  return [median(values.slice(0, size)), median(values.slice(-size))];
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((one, other) => one - other);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
