/** What happens when: drawn from a seed, kept as a file, and read back. */
import { readFileSync, writeFileSync } from 'node:fs';
import { PmError } from '../../shared/errors.ts';
import { isMembers, listOf } from '../../shared/protocol/json-members.ts';
import type { Json } from '../../shared/protocol/message.ts';
import { Random } from '../support/random.ts';
import { CATALOGUE, type KindName } from './catalogue.ts';
import type { FaultKind } from './strikes.ts';

export interface Strike {
  /** Since the load began. */
  readonly atMs: number;
  readonly kind: KindName;
  /** undefined: the laboratory as a whole. */
  readonly host?: string;
  /** Until it is undone. */
  readonly lengthMs: number;
}

export interface Schedule {
  readonly seed: number;
  readonly forMs: number;
  readonly strikes: readonly Strike[];
}

const GAP_MS = { least: 1_500, most: 9_000 };
/** After what may cost a host its power: two lost at once are another kind of trouble than ours. */
const AFTER_HEAVY_MS = 30_000;
/** Of the times at which one may strike: enough for each of them to come up in a run of twenty minutes. */
const HEAVY_CHANCE = 0.6;

export const kindOf = (name: KindName): FaultKind => CATALOGUE[name];
const isKindName = (name: string): name is KindName => Object.hasOwn(CATALOGUE, name);
export const KIND_NAMES: readonly KindName[] = Object.keys(CATALOGUE).filter(isKindName);

export function drawSchedule(seed: number, forMs: number, hosts: readonly string[]): Schedule {
  const random = new Random(seed);
  const isHeavyKind = (name: KindName) => kindOf(name).isHeavy === true;
  const heavyKinds = new Bag(KIND_NAMES.filter(isHeavyKind), random);
  const otherKinds = new Bag(
    KIND_NAMES.filter((name) => !isHeavyKind(name)),
    random,
  );
  const strikes: Strike[] = [];
  let quietUntilMs = 0;
  for (let atMs = GAP_MS.least; atMs < forMs; atMs += random.between(GAP_MS.least, GAP_MS.most)) {
    const isHeavy = atMs >= quietUntilMs && random.next() < HEAVY_CHANCE;
    const name = (isHeavy ? heavyKinds : otherKinds).draw();
    const { lastsMs, scope } = kindOf(name);
    const [least, most] = lastsMs;
    const where = scope === 'host' ? { host: random.pick(hosts) } : {};
    strikes.push({ atMs, kind: name, ...where, lengthMs: random.between(least, most) });
    if (isHeavy) quietUntilMs = atMs + AFTER_HEAVY_MS;
  }
  return { seed, forMs, strikes };
}

/** Gives out each of its things once before any a second time. */
class Bag<T> {
  readonly #all: readonly T[];
  readonly #random: Random;
  #left: T[] = [];

  constructor(all: readonly T[], random: Random) {
    this.#all = all;
    this.#random = random;
  }

  draw(): T {
    if (this.#left.length === 0) this.#left = [...this.#all];
    const one = this.#random.pick(this.#left);
    this.#left.splice(this.#left.indexOf(one), 1);
    return one;
  }
}

export function saveSchedule(file: string, schedule: Schedule): void {
  writeFileSync(file, `${JSON.stringify(schedule, undefined, 2)}\n`);
}

export function loadSchedule(file: string, hosts: readonly string[]): Schedule {
  const refuse = (fault: string): never => {
    throw new PmError({
      code: 'usage',
      what: `cannot play the schedule ${file}`,
      fault,
      remedy:
        'give a file that npm run chaos has written; a kind that has another name now is in test/chaos/catalogue.ts',
    });
  };
  let value: Json;
  try {
    value = JSON.parse(readFileSync(file, 'utf8'));
  } catch (thrown) {
    return refuse(thrown instanceof Error ? thrown.message : String(thrown));
  }
  return scheduleIn(value, hosts, refuse);
}

/** What a timer of Node takes. */
const LONGEST_MS = 2 ** 31 - 1;
const COUNT = (value: Json | undefined): value is number => Number.isSafeInteger(value) && Number(value) >= 0;

export function scheduleIn(
  value: Json,
  hosts: readonly string[],
  refuse: (fault: string) => never,
): Schedule {
  if (!isMembers(value)) return refuse('it is no object');
  const { seed, forMs, strikes } = value;
  if (!COUNT(seed) || !COUNT(forMs) || forMs > LONGEST_MS)
    return refuse(`seed and forMs have to be whole numbers from 0 on, forMs up to ${LONGEST_MS}`);
  if (!Array.isArray(strikes)) return refuse('it has no list of strikes');
  const read = listOf(strikes).map((one, index): Strike => {
    const where = `strike ${index + 1}`;
    if (!isMembers(one)) return refuse(`${where} is no object`);
    const { atMs, kind, host, lengthMs } = one;
    if (!COUNT(atMs) || !COUNT(lengthMs)) return refuse(`${where} has no atMs or lengthMs from 0 on`);
    if (typeof kind !== 'string' || !isKindName(kind))
      return refuse(`${where} is of no kind that there is: ${JSON.stringify(kind)}`);
    if (kindOf(kind).scope === 'laboratory') return { atMs, kind, lengthMs };
    if (typeof host !== 'string' || !hosts.includes(host))
      return refuse(`${where} needs one of ${hosts.join(', ')}`);
    return { atMs, kind, host, lengthMs };
  });
  return { seed, forMs, strikes: read.toSorted((one, other) => one.atMs - other.atMs) };
}

/** The same schedule with some of its strikes only. */
export const withOnly = (schedule: Schedule, strikes: readonly Strike[]): Schedule => ({
  ...schedule,
  strikes,
});

/** Time for what follows from the last strike to be seen. */
const BEHIND_MS = 2_000;

/** What comes after a moment is left out. */
export const endedAt = (schedule: Schedule, atMs: number): Schedule => ({
  ...schedule,
  forMs: Math.min(schedule.forMs, Math.round(atMs) + BEHIND_MS),
  strikes: schedule.strikes.filter((strike) => strike.atMs <= atMs),
});
