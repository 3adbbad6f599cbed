/** Laws of the agent on the ports of a real guest. The host's end is held by a host that is written from the protocol. */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { FakeHost } from '../guest/fake-host.ts';
import type { Laboratory } from './lab.ts';
import type { GuestSpec } from './layout.ts';
import { labTest } from './shared-lab.ts';
import { channelSocket } from './virtio-port.ts';
import { waitFor } from './wait-for.ts';

const GUEST = 'guest9';

/** A guest with nothing in it but the agent, which is started with these flags. */
async function startAgent(
  lab: Laboratory,
  { serialPort = false }: Partial<GuestSpec>,
  ...flags: string[]
): Promise<void> {
  await lab.define(GUEST, 'hosta', { cluster: false, serialPort });
  await lab.start(GUEST);
  await lab.waitForAgent(GUEST);
  await lab.output(GUEST, ['vm-connectd', '-Dt', 'guest', '-p', '/run/vm-connectd.pid', ...flags]);
}

async function link(t: TestContext, path: string, host: string): Promise<FakeHost> {
  const fake = await FakeHost.link(path, { host, answer: ({ text }) => ({ text: `${text} by ${host}` }) });
  t.after(() => fake.die());
  await fake.awaits('hello');
  return fake;
}

const ask = (lab: Laboratory, text: string) => lab.output(GUEST, ['vm-connect', '-t', 'monitor', '-r', text]);

function noticed(lab: Laboratory, state: string): Promise<true> {
  return waitFor(`the link is ${state}`, 20_000, async () => {
    const { stdout } = await lab.in(GUEST, ['vm-connect', 'status', '--json']);
    return stdout !== '' && JSON.parse(stdout).link.state === state; // a busy guest may not answer in time
  });
}

labTest('a request over the virtio port is answered, by whichever host is there', async (lab, t) => {
  await startAgent(lab, {});
  const path = channelSocket(lab, GUEST);
  await noticed(lab, 'away');
  const first = await link(t, path, 'hostA');
  assert.equal(await ask(lab, 'one'), 'one by hostA\n');
  await first.die();
  await noticed(lab, 'away');
  const asking = ask(lab, 'two');
  const second = await link(t, path, 'hostB');
  assert.equal(await asking, 'two by hostB\n');
  await second.die();
});

labTest('a request that fills the virtio port many times over arrives whole', async (lab, t) => {
  await startAgent(lab, {});
  await link(t, channelSocket(lab, GUEST), 'hostA');
  const long = 'x'.repeat(60_000);
  const asked = `for i in 1 2 3 4; do vm-connect -t monitor -r ${long} | sha256sum & done; wait`;
  const sums = (await lab.output(GUEST, ['/bin/bash', '-s'], { input: asked })).trim().split('\n');
  assert.equal(sums.length, 4);
  assert.equal(new Set(sums).size, 1);
});

labTest(
  'a second agent is told that the port is busy, and takes over when the first ends',
  async (lab, t) => {
    await startAgent(lab, {});
    await link(t, channelSocket(lab, GUEST), 'hostA');
    const other = ['--socket', '/run/other.sock'];
    await lab.output(GUEST, ['vm-connectd', '-Dt', 'guest', '-p', '/run/other.pid', ...other]);
    const status = await lab.in(GUEST, ['vm-connect', 'status', '--timeout', '60', ...other]);
    assert.match(
      status.stdout.replace(/\s+/g, ' '),
      /another program holds the port; find it with "fuser -v/,
    );
    await lab.output(GUEST, ['/bin/sh', '-c', 'kill $(cat /run/vm-connectd.pid)']);
    const asked = ['vm-connect', '-t', 'monitor', '-r', 'one', ...other];
    assert.equal(await lab.output(GUEST, asked), 'one by hostA\n');
  },
);

labTest('a second serial port carries the same', async (lab, t) => {
  await startAgent(lab, { serialPort: true }, '--port', '/dev/ttyS1');
  const path = channelSocket(lab, GUEST, `/var/lib/libvirt/qemu/${GUEST}-serial`);
  const first = await link(t, path, 'hostA');
  assert.equal(await ask(lab, 'one'), 'one by hostA\n');
  await first.die();
  await link(t, path, 'hostB');
  assert.equal(await ask(lab, 'two'), 'two by hostB\n');
});
