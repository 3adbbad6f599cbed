/** After the last fault: all is mended, has to be as before in its time, and then has to serve once more. */
import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf } from '../../shared/errors.ts';
import { resourceOf } from '../lab/fencing-tokens.ts';
import { HOSTS } from '../lab/fencing-world.ts';
import type { Laboratory } from '../lab/lab.ts';
import { ASKERS, PASSER_BY } from './chaos-names.ts';
import type { ChaosWorld } from './chaos-world.ts';
import { butRoles, differences, type Holdings, holdingsOf, marksLeft } from './cluster-left.ts';
import { type Condition, conditionOf, leftBehind } from './leftovers.ts';
import type { Load, LoadContext } from './load.ts';
import type { Requests } from './requests.ts';
import { KIND_NAMES, kindOf } from './schedule.ts';
import { serveAgain } from './serves-again.ts';

/** Fencing a host, its start, the next sweep of vm-stonithd, and the longest request. */
const CONVERGES_WITHIN_MS = 150_000;
/** After that everything is done once more, which leaves its traces until the next sweeps. */
const RESTS_WITHIN_MS = 75_000;
const LEFT_POLL_MS = 500;
/** A look that was begun in time may end later. */
const LAST_LOOK_MS = 15_000;
export interface Before {
  readonly condition: Condition;
  readonly holdings: Holdings;
}

export const asItIs = async (world: ChaosWorld): Promise<Before> => ({
  condition: await conditionOf(world, 'before'),
  holdings: await holdingsOf(world.lab),
});

/** How long it took from the last undo until all was as before; what is not by then, or fails, is a violation. */
export async function converge(
  context: LoadContext,
  before: Before,
  undoneMs: number,
  load: Load,
): Promise<number | undefined> {
  const leftMs = () => undoneMs + CONVERGES_WITHIN_MS - performance.now();
  let missing: readonly string[] = ['the load has not ended'];
  const work = async (): Promise<void> => {
    await load.end();
    missing = ['not all is mended'];
    await mend(context, leftMs);
    for (const asker of ASKERS) {
      missing = [`${asker.name} is not answered`];
      await context.world.waitForAnswer(asker, leftMs());
    }
    missing = ['the cluster is not at rest'];
    await context.world.lab.waitForIdle('hosts', leftMs());
    missing = await atRest(context, before, leftMs, butRoles, (left) => {
      missing = left;
    });
  };
  try {
    await withDeadline(work(), leftMs());
  } catch (thrown) {
    missing = [...missing, messageOf(thrown)];
  }
  for (const words of missing)
    context.violations.add('all is as before', `${CONVERGES_WITHIN_MS / 1000} s after the faults: ${words}`);
  return missing.length > 0 ? undefined : performance.now() - undoneMs;
}

/** All serves again, and leaves nothing of that. */
export async function lastDeeds(context: LoadContext, before: Before): Promise<void> {
  for (const words of await serveAgain(context)) context.violations.add('all serves again', words);
  const startedMs = performance.now();
  const leftMs = () => startedMs + RESTS_WITHIN_MS - performance.now();
  for (const words of await atRest(context, before, leftMs, (holdings) => holdings))
    context.violations.add('all is as before', `after the last requests: ${words}`);
}

/** What an undo could not do, because its host was away just then. */
async function mend(
  { world: { lab }, watch: { observer }, requests }: LoadContext,
  leftMs: () => number,
): Promise<void> {
  lab.setPowerSwitch('works');
  await lab.mend();
  for (const host of HOSTS) {
    if (lab.isFrozen(host)) await lab.thaw(host);
    // The cluster may fence it while it boots: what one fault has left the other has to mend.
    while (!lab.isRunning(host) && leftMs() > 0) await lab.start(host).catch(() => sleep(LEFT_POLL_MS));
  }
  const field = { lab, observer };
  const undo = async (host: string) => {
    for (const kind of KIND_NAMES.map(kindOf)) {
      if (kind.scope === 'host') await kind.undo?.(field, host).catch(() => undefined);
      else if (host === HOSTS[0]) await kind.undo?.(field).catch(() => undefined);
    }
  };
  await Promise.all(HOSTS.map(undo));
  await lab.waitForOnline('hosts', undefined, leftMs());
  await deletePasserBy(lab, requests, leftMs);
}

/** As its admin would: vm-ctl refuses while the cluster is busy, which it is with what was mended. */
async function deletePasserBy(lab: Laboratory, requests: Requests, leftMs: () => number): Promise<void> {
  const query = ['cibadmin', '--query', '--scope', 'resources'];
  const isLeft = async () => (await lab.output('hosta', query)).includes(`id="${resourceOf(PASSER_BY)}"`);
  while (leftMs() > 0 && (await isLeft().catch(() => true)))
    await requests.vmCtl('hosta', ['resource', 'delete', PASSER_BY, '--yes']);
}

/** What is left when the time is up; what some look finds gone is not left. */
async function atRest(
  { world }: LoadContext,
  before: Before,
  leftMs: () => number,
  judged: (holdings: Holdings) => Holdings,
  onLeft: (left: readonly string[]) => void = () => undefined,
): Promise<readonly string[]> {
  let left: readonly string[] = [];
  do {
    try {
      left = [
        ...leftBehind(before.condition, await conditionOf(world, 'after')),
        ...differences(judged(before.holdings), judged(await holdingsOf(world.lab))),
        ...(await marksLeft(world.lab)),
      ];
    } catch (thrown) {
      left = [messageOf(thrown)];
    }
    if (left.length === 0) return [];
    onLeft(left);
    await sleep(LEFT_POLL_MS);
  } while (leftMs() > 0);
  return left;
}

async function withDeadline(work: Promise<void>, leftMs: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new Error('it was not done in time')),
      Math.max(0, leftMs) + LAST_LOOK_MS,
    );
  });
  try {
    await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
