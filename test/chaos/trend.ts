/** What a long run does to memory, open files and the time that requests take: its first third beside its last. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { ChaosWorld } from './chaos-world.ts';
import { type Usage, usageOf } from './leftovers.ts';

const EVERY_MS = 20_000;
/** What garbage that was not collected yet may look like. */
const GROWTH = { factor: 1.1, mib: 8 };

export class Trend {
  readonly #series = new Map<string, number[]>();
  readonly #stop = new AbortController();
  readonly #sampling: Promise<void>;

  constructor(world: ChaosWorld) {
    this.#sampling = this.#sample(world);
  }

  took(what: string, ms: number): void {
    this.#add(`${what}, ms`, ms);
  }

  async end(): Promise<void> {
    this.#stop.abort();
    await this.#sampling;
  }

  /** In the first and in the last third of the run. */
  get rows(): readonly (readonly [name: string, first: number, last: number])[] {
    return [...this.#series].sort().map(([name, values]) => [name, ...thirds(values)]);
  }

  /** Programs that have grown. */
  get grown(): readonly string[] {
    return this.rows
      .filter(([name]) => name.endsWith(MEMORY) || name.endsWith(FILES))
      .filter(([, first, last]) => last > GROWTH.factor * first + GROWTH.mib)
      .map(([name, first, last]) => `${name}: ${first.toFixed(0)} grew to ${last.toFixed(0)}`);
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

export function thirds(values: readonly number[]): [first: number, last: number] {
  const size = Math.max(1, Math.floor(values.length / 3));
  return [median(values.slice(0, size)), median(values.slice(-size))];
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((one, other) => one - other);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
