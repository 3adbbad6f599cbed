/** Laws of the faults: each does what it says, only that, and can be undone. */
import assert from 'node:assert/strict';
import type { Laboratory } from './lab.ts';
import { labTest } from './shared-lab.ts';
import { waitFor } from './wait-for.ts';

const ping = (address: string) => ['ping', '-c', '1', '-W', '1', address];
const HOSTB = '10.77.0.2';
const GUEST1 = '10.78.0.1';
const GUEST2 = '10.78.0.2';

async function hears(lab: Laboratory, target: string, address: string): Promise<boolean> {
  const ask = target.startsWith('host') ? lab.on : lab.in;
  const result = await ask(target, ping(address));
  assert.equal(result.kind, 'exited');
  return result.kind === 'exited' && result.exitCode === 0;
}

/** Less than corosync needs to miss a member, so that nobody is fenced meanwhile. */
labTest(
  'a host that is cut off hears nothing until it is mended, and its guests are not concerned',
  async (lab) => {
    await lab.cut('hostb');
    assert.equal(await hears(lab, 'hosta', HOSTB), false);
    assert.equal(await hears(lab, 'guest1', GUEST2), true);
    await lab.mend('hostb');
    assert.equal(await hears(lab, 'hosta', HOSTB), true);
  },
);

labTest('the bridges of the guests can be parted while the hosts stay together', async (lab) => {
  await lab.cut('hostb', { net: 'guests' });
  assert.equal(await hears(lab, 'guest1', GUEST2), false);
  assert.equal(await hears(lab, 'hosta', HOSTB), true);
  await lab.mend();
  assert.equal(await hears(lab, 'guest1', GUEST2), true);
});

labTest('the cut of a guest follows it when it migrates', async (lab) => {
  await lab.cut('guest1');
  assert.equal(await hears(lab, 'guest1', GUEST2), false);
  await lab.migrate('guest1', 'hostb');
  assert.equal(await hears(lab, 'guest1', GUEST2), false, 'also beside its peer on one host');
  await lab.mend('guest1');
  assert.equal(await hears(lab, 'guest2', GUEST1), true);
});

labTest('a cut can have one direction only', async (lab) => {
  // It is the request that is lost one way, and the answer the other; arp is known from before.
  assert.equal(await hears(lab, 'hosta', HOSTB), true);
  await lab.cut('hosta', { direction: 'in' });
  assert.equal(await hears(lab, 'hosta', HOSTB), false);
  const counted = async () =>
    Number(await lab.output('hostb', ['cat', '/sys/class/net/eth0/statistics/rx_packets']));
  const before = await counted();
  await hears(lab, 'hosta', HOSTB);
  assert.ok((await counted()) > before, 'what hosta sends still arrives');
});

labTest('a frozen guest stands still as a whole, and goes on as if nothing had been', async (lab) => {
  const uptime = async () =>
    Number((await lab.output('guest1', ['cut', '-d', ' ', '-f1', '/proc/uptime'])).trim());
  const before = await uptime();
  await lab.freeze('guest1');
  assert.equal((await lab.in('guest1', ['true'], { deadlineMs: 1_000 })).kind, 'not-started');
  await lab.thaw('guest1');
  await lab.waitForAgent('guest1');
  assert.ok((await uptime()) >= before);
});

labTest('libvirt still rules a guest of which only the processors are frozen', async (lab) => {
  await lab.freeze('guest1', 'vcpu');
  assert.equal((await lab.output('hosta', ['virsh', '-q', 'domstate', 'guest1'])).trim(), 'paused');
  assert.equal(await hears(lab, 'guest2', GUEST1), false);
  await lab.thaw('guest1');
  await lab.waitForAgent('guest1');
  assert.equal(await hears(lab, 'guest2', GUEST1), true);
});

labTest('a frozen host answers nobody, and a thawed one goes on', async (lab) => {
  await lab.freeze('hostb');
  assert.equal(lab.isFrozen('hostb'), true);
  // Its network card is the kernel's and still answers; no process of it does.
  assert.equal((await lab.on('hostb', ['true'], { deadlineMs: 300 })).kind, 'deadline');
  await lab.thaw('hostb');
  await lab.output('hostb', ['true']);
});

labTest('a switch that fails fences nobody', async (lab) => {
  lab.setPowerSwitch('fails');
  const initBefore = lab.rootOf('hostb');
  const result = await lab.on('hosta', ['fence_lab', '-o', 'off', '-n', 'hostb']);
  assert.equal(result.kind === 'exited' && result.exitCode, 1);
  assert.equal(lab.rootOf('hostb'), initBefore);
});

labTest('a killed daemon is gone, and another can be started in its place', async (lab) => {
  assert.equal(await lab.signalDaemon('hosta', 'libvirtd', 'KILL'), true);
  assert.equal((await lab.on('hosta', ['virsh', 'list'])).kind, 'exited');
  await assert.rejects(lab.output('hosta', ['virsh', '-q', 'list']));
  assert.equal(lab.hostOf('guest1'), 'hosta', 'guests do not need it to run');
  await lab.startDaemon('hosta', 'libvirtd');
  const log = `${lab.rootOf('hosta')}/var/log/libvirtd.out`;
  const isKnown = async () =>
    (await lab.on('hosta', ['virsh', '-q', 'list', '--name'])).stdout.includes('guest1');
  await waitFor('libvirtd knows the guest again', 10_000, isKnown, { logs: [log] });
});

labTest('a fault is refused for a name that is neither a host nor a guest', async (lab) => {
  for (const fault of [lab.freeze, lab.thaw, lab.kill, lab.start, lab.cut, lab.mend]) {
    await assert.rejects(fault('hosta1'), /no host or guest called "hosta1".*hosta, hostb, guest1, guest2/);
  }
});
