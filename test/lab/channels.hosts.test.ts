/** Laws of the ports of guests: whichever way the socket comes to be, bytes pass both ways. */
import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { listenUnix } from '../../shared/unix-socket.ts';
import type { Laboratory } from './lab.ts';
import type { GuestSpec } from './layout.ts';
import { labTest } from './shared-lab.ts';
import { channelSocket, converse, converseOver, VIRTIO_PORT } from './virtio-port.ts';

/** A small guest with no cluster inside, up in seconds. */
async function startPlainGuest(lab: Laboratory, differing: Partial<GuestSpec>): Promise<void> {
  await lab.define('guest9', 'hosta', { cluster: false, ...differing });
  await lab.start('guest9');
  await lab.waitForAgent('guest9');
}

labTest('a channel of kind bind is a socket where QEMU listens', async (lab) => {
  await startPlainGuest(lab, { channel: 'bind' });
  await converse(lab, 'guest9', 'to whom it may concern');
});

labTest('a channel without a source is where libvirt says that it is', async (lab) => {
  await startPlainGuest(lab, { channel: 'unset' });
  const xml = await lab.output('hosta', ['virsh', 'dumpxml', 'guest9']);
  const path = /<source mode='bind' path='([^']*)'\/>\s*<target type='virtio' name='vmconnectd'/.exec(
    xml,
  )?.[1];
  assert.ok(path !== undefined, xml);
  await converse(lab, 'guest9', 'made up', {
    device: VIRTIO_PORT,
    socket: channelSocket(lab, 'guest9', path),
  });
});

labTest(
  'a channel of kind connect is a socket that QEMU connects to, and again when it is lost',
  async (lab) => {
    const connections: Socket[] = [];
    const waiting: ((socket: Socket) => void)[] = [];
    const server = await listenUnix({
      path: `${lab.rootOf('hosta')}/var/lib/libvirt/qemu/guest9`,
      mode: 0o600,
      onConnection: (socket) => {
        socket.on('error', () => undefined);
        const next = waiting.shift();
        if (next === undefined) connections.push(socket);
        else next(socket);
      },
    });
    const connection = () => {
      const there = connections.shift();
      return there === undefined
        ? new Promise<Socket>((resolve) => waiting.push(resolve))
        : Promise.resolve(there);
    };
    try {
      await startPlainGuest(lab, { channel: 'connect', reconnectS: 1 });
      await converseOver(await connection(), lab, 'guest9', 'first', VIRTIO_PORT);
      await converseOver(await connection(), lab, 'guest9', 'second', VIRTIO_PORT);
    } finally {
      for (const socket of connections) socket.destroy();
      server.close();
    }
  },
);

labTest('a second serial port is a terminal inside and a socket outside', async (lab) => {
  await startPlainGuest(lab, { serialPort: true });
  const socket = channelSocket(lab, 'guest9', '/var/lib/libvirt/qemu/guest9-serial');
  await converse(lab, 'guest9', 'by wire', { device: '/dev/ttyS1', socket });
});

labTest('a guest can be had in addition, and is gone after the test', async (lab) => {
  await startPlainGuest(lab, {});
  assert.equal(lab.hostOf('guest9'), 'hosta');
  await lab.migrate('guest9', 'hostb');
  assert.equal(await lab.output('guest9', ['hostname']), 'guest9\n');
  await lab.reset();
  assert.deepEqual(lab.whereabouts('guest9'), []);
  for (const host of lab.spec().hosts) {
    assert.ok(!(await lab.output(host, ['virsh', '-q', 'list', '--all', '--name'])).includes('guest9'));
  }
});
