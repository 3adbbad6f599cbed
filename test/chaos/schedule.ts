/** What happens when: drawn from a seed, kept as a file, and cut into smaller ones. */
import { readFileSync, writeFileSync } from 'node:fs';
import { Random } from '../support/random.ts';
import { CATALOGUE, type KindName } from './catalogue.ts';

export interface Strike {
  /** Since the load began. */
  readonly atMs: number;
  readonly kind: KindName;
  readonly host: string;
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

export function drawSchedule(seed: number, forMs: number, hosts: readonly string[]): Schedule {
  const random = new Random(seed);
  const names = Object.keys(CATALOGUE).filter(isKindName);
  const strikes: Strike[] = [];
  let quietUntilMs = 0;
  for (let atMs = GAP_MS.least; atMs < forMs; atMs += random.between(GAP_MS.least, GAP_MS.most)) {
    const isQuiet = atMs < quietUntilMs;
    const kind = random.pick(names.filter((name) => !(isQuiet && CATALOGUE[name].isHeavy)));
    const { isHeavy, lastsMs } = CATALOGUE[kind];
    const [least, most] = lastsMs;
    strikes.push({ atMs, kind, host: random.pick(hosts), lengthMs: random.between(least, most) });
    if (isHeavy) quietUntilMs = atMs + AFTER_HEAVY_MS;
  }
  return { seed, forMs, strikes };
}

const isKindName = (name: string): name is KindName => name in CATALOGUE;

export function saveSchedule(file: string, schedule: Schedule): void {
  writeFileSync(file, `${JSON.stringify(schedule, undefined, 2)}\n`);
}

export const loadSchedule = (file: string): Schedule => JSON.parse(readFileSync(file, 'utf8'));

/** The same schedule with some of its strikes only. */
export const only = (schedule: Schedule, strikes: readonly Strike[]): Schedule => ({ ...schedule, strikes });

/**
 * The least list for which `fails` still says yes: halves, quarters and so on are left out as long as that holds
 * (delta debugging).
 */
export async function shrink<T>(
  all: readonly T[],
  fails: (some: readonly T[]) => Promise<boolean>,
): Promise<readonly T[]> {
  let rest = all;
  let parts = 2;
  while (rest.length > 1) {
    const size = Math.ceil(rest.length / parts);
    let smaller: readonly T[] | undefined;
    for (let from = 0; from < rest.length && smaller === undefined; from += size) {
      const without = [...rest.slice(0, from), ...rest.slice(from + size)];
      if (await fails(without)) smaller = without;
    }
    if (smaller !== undefined) {
      rest = smaller;
      parts = Math.max(2, parts - 1);
    } else if (size === 1) {
      return rest;
    } else {
      parts = Math.min(rest.length, parts * 2);
    }
  }
  return rest;
}
