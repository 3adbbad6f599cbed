/** The host's real daemons on a libvirt whose domains stand in a file: vm-connectd, vm-stonithd behind it, and guests that the test plays. */
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
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

export interface BridgeOptions {
  /** A script for the decrypt command of version 1, and more settings. */
  readonly decrypt?: { readonly script: string; readonly settings?: string };
  /** Guests are then known from libvirt, and not from the configuration. */
  readonly guests?: (directory: string) => readonly Guest[];
}

export async function realBridge(t: TestContext, options: BridgeOptions = {}): Promise<RealBridge> {
  const stonithd = await StonithProcess.prepare(t);
  const { directory } = stonithd;
  const good = await QemuSocket.open(t, socketIn(directory, GOOD));
  const bad = await QemuSocket.open(t, socketIn(directory, BAD));
  const connectd = await DaemonProcess.start(t, options.guests === undefined ? [GOOD, BAD] : [], directory);
  if (options.guests !== undefined) {
    setGuests(directory, options.guests(directory));
    const host = ['[host]', `socket = ${connectd.socket}`, `libvirt = test://${domainsIn(directory)}`];
    writeFileSync(connectd.config, [...host, 'sweep-seconds = 1', ''].join('\n'));
    await connectd.killAndRestart();
  }
  const keys = [newKey([], Date.now())];
  stonithd.setKeys(keys);
  stonithd.configure(`socket = ${connectd.socket}\n${decryptSettings(directory, options)}`); // the last one counts
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

/** As libvirt knows it. */
export interface Guest {
  readonly name: string;
  readonly uuid: string;
  readonly socket: string;
  readonly isRunning: boolean;
}

const domainsIn = (directory: string) => join(directory, 'domains.xml');

const domainOf = ({ name, uuid, socket, isRunning }: Guest) => `<domain type='test'>
<name>${name}</name><uuid>${uuid}</uuid><memory>8192</memory><os><type>hvm</type></os>
<devices><channel type='unix'><source mode='bind' path='${socket}'/><target type='virtio' name='vmconnectd'/></channel></devices>
<test:runstate>${isRunning ? 1 : 5}</test:runstate></domain>`;

/** These and the target, which is shut off, are all the domains from now on. */
export function setGuests(directory: string, guests: readonly Guest[]): void {
  const target = `<domain type='test'><name>${DOMAIN}</name><memory>8192</memory><os><type>hvm</type></os>
<test:runstate>5</test:runstate></domain>`;
  const all = [target, ...guests.map(domainOf)].join('\n');
  writeFileSync(
    domainsIn(directory),
    `<node xmlns:test='http://libvirt.org/schemas/domain/test/1.0'>\n${all}\n</node>\n`,
  );
}

function decryptSettings(directory: string, { decrypt }: BridgeOptions): string {
  if (decrypt === undefined) return '';
  const program = join(directory, 'bin/decrypt');
  writeFileSync(program, decrypt.script);
  chmodSync(program, 0o755);
  return `decrypt-command = ${program} FIXED\n${decrypt.settings ?? ''}`;
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
