/** Laws of host health: guests leave hosts that are ill. */
import assert from 'node:assert/strict';
import { addGuest, leaves, loadPublished } from './health-leaving.ts';
import {
  attributeIn,
  cutBackingShort,
  cutPing,
  mendPing,
  PATIENCE_MS,
  useLoopDevice,
} from './health-world.ts';
import type { Laboratory } from './lab.ts';
import { labTest } from './shared-lab.ts';

/** A busy machine takes its time. */
const LIMIT_MS = 600_000;

/** When a daemon of a host was started, in the clock ticks of its first process. */
async function startOf(lab: Laboratory, host: string, program: string): Promise<number> {
  const script = 'read -r _ <"$1" && cat "/proc/$(cat "$1")/stat"';
  const pidFile = `/run/resource-agents/vm-anything-${program}.pid`;
  const stat = await lab.output(host, ['/bin/sh', '-c', script, 'stat', pidFile]);
  return Number(stat.split(') ')[1]?.split(' ')[19]);
}

labTest(
  'the published texts load and run, and a guest leaves a host whose network or disk is dead',
  async (lab, t) => {
    await loadPublished(lab);
    const endLoop = await useLoopDevice(lab, 'hostb');
    try {
      await lab.output('hosta', ['crm', 'node', 'standby', 'hostb']);
      await lab.waitForIdle('hosts', PATIENCE_MS);
      await lab.output('hosta', ['crm', 'node', 'online', 'hostb']);
      await lab.waitForIdle('hosts', PATIENCE_MS);
      const connectd = await startOf(lab, 'hostb', 'prmVmConnectd');
      for (const later of ['prmVmStonithd', 'prmVmManagerd'])
        assert.ok((await startOf(lab, 'hostb', later)) > connectd, `${later} was started after vm-connectd`);

      await addGuest(lab);
      await leaves(lab, t, 'ping target cut', (host) => cutPing(lab, host));
      await mendPing(lab, 'hosta');
      await leaves(lab, t, 'backing file of the disk cut short', (host) => cutBackingShort(lab, host));
      assert.equal(await attributeIn(lab, 'hosta', 'hostb', 'diskcheck_status'), 'ERROR');
    } finally {
      await mendPing(lab, 'hosta');
      await endLoop();
    }
  },
  { limitMs: LIMIT_MS },
);
