/** Law: a guest that boots anew in a living QEMU is served again. */
import type { TestContext } from 'node:test';
import { heldId } from './bridge-echo.ts';
import { awaitProgress, endTalk, heldRequest, startTalk } from './bridge-talk.ts';
import {
  askOnce,
  buildGuest,
  buildHosts,
  daemonLogs,
  endBridge,
  openGate,
  PATIENCE_MS,
} from './bridge-world.ts';
import type { Laboratory } from './lab.ts';
import { labTest } from './shared-lab.ts';
import { waitFor } from './wait-for.ts';

const GUEST = 'guest9';
/**
 * An emulated guest that is reset in a living QEMU unpacks its kernel over code that QEMU has translated, and each such
 * write is slow: seen to take from 1 s to a minute, and more where the machine has much to do.
 */
const RESET_PATIENCE_MS = 300_000;

labTest(
  'a guest that boots anew is served again',
  async (lab, t) => {
    try {
      await lab.define(GUEST, 'hosta', { cluster: false });
      await buildHosts(lab);
      await lab.start(GUEST);
      await lab.waitForAgent(GUEST, PATIENCE_MS);
      await buildGuest(lab, GUEST);
      await askOnce(lab, GUEST);
      await outlivesReboot(lab, t);
    } catch (thrown) {
      t.diagnostic(daemonLogs(lab));
      throw thrown;
    } finally {
      await endBridge(lab);
    }
  },
  { limitMs: 700_000 },
);

/** What it had open is gone with it; the answer to that comes to nobody. */
async function outlivesReboot(lab: Laboratory, t: TestContext): Promise<void> {
  const former = await startTalk(lab, GUEST);
  const before = await bootId(lab);
  await lab.in(GUEST, ['busybox', 'reboot', '-f'], { deadlineMs: 5_000 });
  await waitFor(
    `${GUEST} has booted anew`,
    RESET_PATIENCE_MS,
    async () => ![before, ''].includes(await bootId(lab)),
    { pollMs: 300 },
  );
  await buildGuest(lab, GUEST);
  const talk = await startTalk(lab, GUEST);
  openGate(lab, heldId(former.guest, former.run, await heldRequest(lab, former)));
  await awaitProgress(lab, talk);
  await endTalk(lab, t, talk);
}

const bootId = async (lab: Laboratory): Promise<string> =>
  (await lab.in(GUEST, ['cat', '/proc/sys/kernel/random/boot_id'], { deadlineMs: 10_000 })).stdout;
