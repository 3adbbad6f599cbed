/** The host's real daemons on a libvirt whose domains stand in a file: vm-connectd, vm-stonithd behind it, and guests that the test plays. */
import type { TestContext } from 'node:test';
import { newKey } from '../../host/stonith/token/key.ts';
import { makeToken } from '../../host/stonith/token/token-commands.ts';
import { DaemonProcess, socketIn } from '../host/connect/daemon-process.ts';
import { type Peer, QemuSocket } from '../host/connect/peers.ts';
import { DOMAIN, StonithProcess } from '../host/stonith/stonithd-process.ts';
import { eventually } from '../support/eventually.ts';

export const GOOD = 'good';
export const BAD = 'bad';

export interface RealBridge {
  readonly connectd: DaemonProcess;
  readonly stonithd: StonithProcess;
  readonly stonithdPid: number;
  readonly good: QemuSocket;
  readonly bad: QemuSocket;
  /** Lets the good guest do everything with the one domain there is. */
  readonly token: string;
  /** As it stands in the key file. */
  readonly secret: string;
}

export async function realBridge(t: TestContext): Promise<RealBridge> {
  const stonithd = await StonithProcess.prepare(t);
  const { directory } = stonithd;
  const good = await QemuSocket.open(t, socketIn(directory, GOOD));
  const bad = await QemuSocket.open(t, socketIn(directory, BAD));
  const connectd = await DaemonProcess.start(t, [GOOD, BAD], directory);
  const keys = [newKey([], Date.now())];
  stonithd.setKeys(keys);
  stonithd.configure(`socket = ${connectd.socket}\n`); // the last one counts
  const { pid = 0 } = await stonithd.start(t, '-V');
  const made = makeToken(
    { resource: DOMAIN, operations: ['on', 'off', 'reset', 'status'], guests: [GOOD] },
    keys,
    Date.now(),
  );
  if (!made.ok) throw new Error(made.problems.join('; '));
  await eventually('vm-connectd knows the service', async () =>
    (await connectd.status()).services.some(({ name, present }) => name === 'stonith' && present),
  );
  const secret = keys[0]?.secret.export().toString('base64') ?? '';
  return { connectd, stonithd, stonithdPid: pid, good, bad, token: made.token, secret };
}

/** A guest that has greeted and was greeted. */
export async function greeted(socket: QemuSocket, number = 0): Promise<Peer> {
  const peer = await socket.peer(number);
  peer.hello();
  await peer.message('hello');
  return peer;
}

export const fence = (id: string, text: string, deadlineMs = 20_000) =>
  ({ type: 'request', id, service: 'stonith', text, deadlineMs }) as const;
