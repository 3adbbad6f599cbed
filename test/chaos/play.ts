/** One run: the load goes on, faults strike by the schedule; then all is mended, and has to be as before. */
import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf } from '../../shared/errors.ts';
import { HOSTS } from '../lab/fencing-world.ts';
import { waitFor } from '../lab/wait-for.ts';
import { ASKS_FOR_A_START, CATALOGUE, type FaultKind, type KindName } from './catalogue.ts';
import { PASSER_BY, VICTIMS } from './chaos-names.ts';
import type { ChaosWorld } from './chaos-world.ts';
import { type Condition, conditionOf, leftBehind, leftInCluster } from './leftovers.ts';
import { Load, type Outcome } from './load.ts';
import { Observer } from './observer.ts';
import type { Schedule, Strike } from './schedule.ts';
import { Trend } from './trend.ts';

export interface Played {
  readonly struck: ReadonlyMap<KindName, number>;
  readonly outcomes: ReadonlyMap<string, Outcome>;
  readonly violations: readonly string[];
  readonly trend: Trend['rows'];
  /** From the end of the faults until all was as before. */
  readonly convergedMs: number;
}

/** Fencing a host, its start, the next sweep of vm-stonithd, and the longest request. */
const CONVERGES_WITHIN_MS = 150_000;
const LEFT_POLL_MS = 1_000;

export async function play(
  world: ChaosWorld,
  schedule: Schedule,
  say: (words: string) => void,
): Promise<Played> {
  const { lab } = world;
  const before = await conditionOf(world);
  const observer = new Observer(lab);
  const trend = new Trend(world);
  const load = new Load(world, observer, trend, schedule.seed);
  const struck = new Map<KindName, number>();
  const startedMs = performance.now();
  try {
    const open: Promise<void>[] = [];
    for (const strike of schedule.strikes) {
      await sleep(Math.max(0, strike.atMs - (performance.now() - startedMs)));
      if (ASKS_FOR_A_START.includes(strike.kind)) for (const victim of VICTIMS) observer.mayStart(victim);
      say(`${(strike.atMs / 1000).toFixed(1)} s ${strike.kind}, ${strike.host}, ${strike.lengthMs} ms`);
      const meet = () => struck.set(strike.kind, (struck.get(strike.kind) ?? 0) + 1);
      open.push(carryOut(world, strike, meet));
    }
    await sleep(Math.max(0, schedule.forMs - (performance.now() - startedMs)));
    await Promise.all(open);
  } finally {
    await load.end();
    await trend.end();
  }
  const endedMs = performance.now();
  await mendAll(world);
  const missing = await converge(world, before);
  for (const words of missing) observer.violated(`after the faults: ${words}`);
  observer.end();
  if (schedule.strikes.length === 0) for (const words of trend.grown) observer.violated(words);
  const convergedMs = performance.now() - endedMs;
  return { struck, outcomes: load.outcomes, violations: observer.violations, trend: trend.rows, convergedMs };
}

/** What strikes a host that is just lost strikes nothing, and is not counted. */
async function carryOut(
  { lab }: ChaosWorld,
  { kind, host, lengthMs }: Strike,
  onMet: () => void,
): Promise<void> {
  const fault: FaultKind = CATALOGUE[kind];
  const wasThere = lab.isRunning(host);
  await fault.strike(lab, host).then(
    () => (wasThere ? onMet() : undefined),
    () => undefined,
  );
  await sleep(lengthMs);
  await fault.undo?.(lab, host).catch(() => undefined);
}

/** What an undo could not do, because its host was away just then. */
async function mendAll({ lab }: ChaosWorld): Promise<void> {
  lab.setPowerSwitch('works');
  await lab.mend();
  for (const host of HOSTS) {
    if (lab.isFrozen(host)) await lab.thaw(host);
    if (!lab.isRunning(host)) await lab.start(host);
  }
  await lab.waitForOnline('hosts');
  for (const host of HOSTS) {
    for (const fault of Object.values<FaultKind>(CATALOGUE))
      await fault.undo?.(lab, host).catch(() => undefined);
  }
  await lab.on('hosta', ['vm-ctl', 'resource', 'delete', PASSER_BY, '--yes']);
}

/** What is not as it has to be when the time is up. */
async function converge(world: ChaosWorld, before: Condition): Promise<readonly string[]> {
  let missing: readonly string[] = [];
  try {
    await world.lab.waitForOnline('hosts');
    for (const host of HOSTS) await world.waitForAnswer(host);
    await world.lab.waitForIdle('hosts');
    await waitFor(
      'all is as before',
      CONVERGES_WITHIN_MS,
      async () => {
        missing = await leftNow(world, before);
        return missing.length === 0;
      },
      { pollMs: LEFT_POLL_MS },
    );
    return [];
  } catch (thrown) {
    return [...missing, messageOf(thrown)];
  }
}

async function leftNow(world: ChaosWorld, before: Condition): Promise<readonly string[]> {
  try {
    return [...(await leftInCluster(world.lab)), ...leftBehind(before, await conditionOf(world))];
  } catch (thrown) {
    return [messageOf(thrown)];
  }
}
