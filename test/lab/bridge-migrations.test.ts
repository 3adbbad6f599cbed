/**
 * Law of the bridge: guests may migrate live as often as they like under steady traffic, and nothing is lost or
 * doubled. MIGRATIONS says how often (`npm run migrations`: 50).
 */
import { performance } from 'node:perf_hooks';
import { awaitProgress, endTalk, heldRequest, release, startTalk, type Talk } from './bridge-talk.ts';
import {
  assertNobodyWasMistaken,
  buildGuest,
  buildHosts,
  daemonLogs,
  each,
  endBridge,
  GUESTS,
  otherHost,
  PATIENCE_MS,
} from './bridge-world.ts';
import type { Laboratory } from './lab.ts';
import { labTest } from './shared-lab.ts';
import { manageGuest } from './virtual-domain.ts';
import { waitFor } from './wait-for.ts';

const MIGRATIONS = Number(process.env['MIGRATIONS'] ?? 3);
const LIMIT_MS = 300_000 + MIGRATIONS * 60_000;

labTest(
  `steady traffic of two guests outlives ${MIGRATIONS} migrations in a row: nothing lost, nothing doubled`,
  async (lab, t) => {
    try {
      await lab.pushPrograms();
      await buildHosts(lab);
      await each(GUESTS, (guest) => buildGuest(lab, guest));
      for (const guest of GUESTS) await manageGuest(lab, guest);
      await lab.waitForIdle('hosts', PATIENCE_MS);
      const talks: Talk[] = [];
      for (const guest of GUESTS) talks.push(await startTalk(lab, guest));

      const startedMs = performance.now();
      for (let count = 0; count < MIGRATIONS; count++) {
        const talk = talks[count % talks.length];
        if (talk === undefined) break;
        const number = await heldRequest(lab, talk);
        await migrate(lab, talk.guest);
        await awaitProgress(lab, talk);
        await release(lab, talk, number);
      }
      const seconds = (performance.now() - startedMs) / 1_000;
      t.diagnostic(`${MIGRATIONS} migrations in ${seconds.toFixed(0)} s`);
      for (const talk of talks) await endTalk(lab, t, talk);
      assertNobodyWasMistaken(lab);
    } catch (thrown) {
      t.diagnostic(daemonLogs(lab));
      throw thrown;
    } finally {
      await endBridge(lab);
    }
  },
  { limitMs: LIMIT_MS },
);

/** Through Pacemaker; it has done all that it wanted before the next. */
async function migrate(lab: Laboratory, guest: string): Promise<void> {
  const target = otherHost(lab.hostOf(guest));
  await lab.output('hosta', ['crm_resource', '--move', '-r', `vm-${guest}`, '-N', target]);
  await waitFor(`${guest} runs on ${target}`, PATIENCE_MS, () => lab.hostOf(guest) === target);
  await lab.waitForIdle('hosts', PATIENCE_MS);
}
