/** Law of the laboratory: two levels of real clusters, and guests that move between the hosts with all they do. */
import assert from 'node:assert/strict';
import type { Laboratory } from './lab.ts';
import { labTest } from './shared-lab.ts';
import { converse } from './virtio-port.ts';
import { manageGuest } from './virtual-domain.ts';

labTest('the hosts form a cluster, with fencing that works', async (lab) => {
  assert.deepEqual(await lab.onlineNodes('hosta'), ['hosta', 'hostb']);
  assert.deepEqual(await lab.onlineNodes('hostb'), ['hosta', 'hostb']);
  assert.equal(
    (await lab.output('hosta', ['crm_attribute', '-n', 'stonith-enabled', '-G', '-q'])).trim(),
    'true',
  );
  await lab.output('hosta', ['stonith_admin', '--query', 'power']);
});

labTest('the guests form a cluster of their own', async (lab) => {
  assert.deepEqual(await lab.onlineNodes('guest1'), ['guest1', 'guest2']);
  assert.deepEqual(await lab.onlineNodes('guest2'), ['guest1', 'guest2']);
});

labTest(
  'a guest live-migrates through Pacemaker within 10 s, and its port carries bytes before and after',
  async (lab, t) => {
    await manageGuest(lab, 'guest1');
    await lab.waitForIdle('hosts');
    assert.equal(lab.hostOf('guest1'), 'hosta');
    const bootedBefore = await bootId(lab, 'guest1');
    await converse(lab, 'guest1', 'before the migration');

    const startedMs = performance.now();
    await lab.output('hosta', ['crm_resource', '--move', '-r', 'vm-guest1', '-N', 'hostb']);
    await lab.waitForIdle('hosts');
    const elapsedMs = performance.now() - startedMs;

    t.diagnostic(`live migration through Pacemaker: ${(elapsedMs / 1000).toFixed(1)} s`);
    assert.equal(lab.hostOf('guest1'), 'hostb');
    assert.ok(elapsedMs < 10_000, `it took ${elapsedMs} ms`);
    assert.equal(await bootId(lab, 'guest1'), bootedBefore, 'it did not boot anew');
    await converse(lab, 'guest1', 'after the migration');
    assert.deepEqual(await lab.onlineNodes('guest2'), ['guest1', 'guest2'], 'its cluster did not lose it');
  },
);

const bootId = (lab: Laboratory, guest: string) =>
  lab.output(guest, ['cat', '/proc/sys/kernel/random/boot_id']);
