/** Both ends of a guest's virtio port, or of its second serial port, for tests. */
import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { connectOnce } from '../../shared/unix-socket.ts';
import type { Laboratory } from './lab.ts';

/**
 * Says what it has heard; the port reads as ended while nobody is at the other end. A serial port loses what comes
 * before it is open, so there the guest speaks first.
 */
const ANSWER_ONE_LINE = `exec 3<>"$1"
if [[ -t 3 ]]; then stty -F "$1" raw -echo; echo listening >&3; fi
until read -r line <&3; do sleep 0.1; done
echo "$line, heard by $(hostname)" >&3`;

export const VIRTIO_PORT = '/dev/virtio-ports/vmconnectd';

/** The socket of a channel on the host where the guest runs, as the machine sees it. */
export function channelSocket(
  lab: Laboratory,
  guest: string,
  path = `/var/lib/libvirt/qemu/${guest}`,
): string {
  return `${lab.rootOf(lab.hostOf(guest) ?? '')}${path}`;
}

/** Sends a line in over QEMU's socket and reads the guest's answer to it. */
export async function converse(
  lab: Laboratory,
  guest: string,
  words: string,
  ends: { device: string; socket: string } = { device: VIRTIO_PORT, socket: channelSocket(lab, guest) },
): Promise<void> {
  await converseOver(await connectOnce(ends.socket), lab, guest, words, ends.device);
}

/** The same over a connection that is there; it is closed afterwards. */
export async function converseOver(
  socket: Socket,
  lab: Laboratory,
  guest: string,
  words: string,
  device: string,
): Promise<void> {
  const answering = lab.in(guest, ['/bin/bash', '--norc', '-c', ANSWER_ONE_LINE, 'answer', device], {
    deadlineMs: 20_000,
  });
  try {
    const lines = createInterface({ input: socket })[Symbol.asyncIterator]();
    if (device.startsWith('/dev/tty')) assert.equal((await lines.next()).value, 'listening');
    socket.write(`${words}\n`);
    assert.equal((await lines.next()).value, `${words}, heard by ${guest}`);
  } finally {
    socket.destroy();
  }
  assert.equal((await answering).kind, 'exited');
}
