/** Laws of the faults after which a host or a guest has to come back, which takes its time. */
import assert from 'node:assert/strict';
import { labTest } from './shared-lab.ts';
import { manageGuest } from './virtual-domain.ts';
import { waitFor } from './wait-for.ts';

labTest('a host that is cut off is fenced by the other, and comes back', async (lab) => {
  const before = lab.whereabouts('guest2');
  assert.equal(before[0]?.host, 'hostb');
  await lab.cut('hostb');
  // Either may shoot first: what matters is that one of them is shot, and that both are members again afterwards.
  await waitFor(
    'one host is fenced',
    30_000,
    async () => !lab.isRunning('hosta') || !lab.isRunning('hostb'),
    {
      pollMs: 1,
    },
  );
  await lab.mend('hostb');
  await lab.waitForOnline('hosts');
});

labTest('a frozen host is fenced, and comes back with what it had on disk', async (lab) => {
  await lab.output('hostb', ['/bin/sh', '-c', 'echo kept >/var/lib/pm-kvm-tools-test; echo lost >/run/test']);
  const initBefore = lab.rootOf('hostb');
  await lab.freeze('hostb');
  await waitFor('hostb has been fenced', 40_000, () => lab.rootOf('hostb') !== initBefore);
  await lab.waitForOnline('hosts');
  assert.equal((await lab.output('hostb', ['cat', '/var/lib/pm-kvm-tools-test'])).trim(), 'kept');
  assert.equal((await lab.on('hostb', ['cat', '/run/test'])).kind === 'exited', true);
  await assert.rejects(lab.output('hostb', ['cat', '/run/test']));
});

labTest('a killed host is fenced, its guest is started on the other, and it comes back', async (lab) => {
  await manageGuest(lab, 'guest2');
  await lab.waitForIdle('hosts');
  await lab.kill('hostb');
  assert.equal(lab.isRunning('hostb'), false);
  assert.deepEqual(lab.whereabouts('guest2'), []);
  await waitFor('guest2 runs on hosta', 60_000, () => lab.hostOf('guest2') === 'hosta', { pollMs: 50 });
  await lab.waitForOnline('hosts');
  await lab.waitForAgent('guest2', 60_000);
});

labTest('a killed guest is off until it is started again, and joins its cluster anew', async (lab) => {
  await lab.kill('guest2');
  assert.equal(lab.hostOf('guest2'), undefined);
  await waitFor('guest1 has noticed', 30_000, async () => (await lab.onlineNodes('guest1')).length === 1);
  await lab.start('guest2');
  await lab.waitForOnline('guests', undefined, 90_000);
});

labTest('a guest that is asked to shut down ends its cluster in order, then itself', async (lab) => {
  await lab.output('hostb', ['virsh', '-q', 'shutdown', 'guest2']);
  await waitFor('guest2 is off', 60_000, () => lab.hostOf('guest2') === undefined, { pollMs: 50 });
  const log = await lab.output('guest1', ['grep', 'guest2', '/var/log/pacemaker/pacemaker.log']);
  assert.match(log, /Peer guest2 is requesting to shut down/);
});
