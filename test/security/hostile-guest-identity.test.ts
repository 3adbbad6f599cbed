/**
 * A guest that would be another one: of the same name, or behind the same socket. The real vm-connectd and vm-stonithd know the guests from
 * libvirt's own test driver, whose file the test changes.
 */
import assert from 'node:assert/strict';
import { lstatSync, readFileSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { DaemonProcess, socketIn } from '../host/connect/daemon-process.ts';
import { connectPeer, QemuSocket } from '../host/connect/peers.ts';
import { eventually } from '../support/eventually.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { fence, GOOD, type Guest, greeted, type RealBridge, realBridge, setGuests } from './real-bridge.ts';

const UUID = (number: number) => `00000000-0000-4000-8000-00000000000${number}`;
const TWIN = 'twin';

const goodOf = (directory: string, number = 1): Guest => ({
  name: GOOD,
  uuid: UUID(number),
  socket: socketIn(directory, GOOD),
  isRunning: true,
});

const recordsOf = ({ stonithd }: RealBridge, id: string) =>
  stonithd.audit().filter((line) => line.includes(`"id":"${id}"`));

test('what host and service remember of a guest is told to it again, and not to another one that comes under its name', async (t) => {
  const bridge = await realBridge(t, { guests: (directory) => [goodOf(directory)] });
  const { directory } = bridge.stonithd;
  const request = fence('same', `status ${bridge.token}`);
  const former = await greeted(bridge.good);
  former.say(request);
  const first = JSON.stringify(await former.replyTo('same'));
  assert.match(first, /"result":"confirmed"/);
  await eventually('it is audited', () => recordsOf(bridge, 'same').length === 1);

  former.say(request);
  await eventually('it is told again', () => former.repliesTo('same') === 2);
  await bridge.connectd.killAndRestart(); // from now on the service alone remembers it
  const again = await greeted(bridge.good, 1);
  await eventually('the service is there', async () =>
    (await bridge.connectd.status()).services.some(({ name, present }) => name === 'stonith' && present),
  );
  again.say(request);
  assert.equal(JSON.stringify(await again.replyTo('same')), first);
  assert.equal(recordsOf(bridge, 'same').length, 1, 'it was not done again');

  bridge.good.close();
  setGuests(directory, [goodOf(directory, 2)]);
  await eventually('libvirt has told', () =>
    bridge.connectd.run.stderr().includes('another domain has this name now'),
  );
  const other = await greeted(await QemuSocket.open(t, socketIn(directory, GOOD)));
  other.say(request);
  await other.replyTo('same');
  await eventually('it is done for the other one', () => recordsOf(bridge, 'same').length === 2);
});

test('of two guests that name one socket the one that runs is behind it, and of two that run neither is heard', async (t) => {
  const twin = (directory: string, isRunning: boolean): Guest => ({
    ...goodOf(directory, 2),
    name: TWIN,
    isRunning,
  });
  const bridge = await realBridge(t, { guests: (directory) => [goodOf(directory), twin(directory, true)] });
  const { directory } = bridge.stonithd;
  const faults = async () =>
    (await bridge.connectd.status()).guests.map(({ name, fault }) => `${name}: ${fault}`);
  await eventually('both are refused', async () => {
    const said = (await faults()).filter((fault) => /have the same socket/.test(fault));
    return said.length === 2 && said;
  });
  assert.equal(bridge.good.peers.length, 0, 'nobody is linked to it');

  setGuests(directory, [goodOf(directory), twin(directory, false)]);
  const peer = await greeted(bridge.good);
  peer.write(
    `${JSON.stringify({ ...fence('mine', `status ${bridge.token}`), guest: TWIN, uuid: UUID(2) })}\n`,
  );
  assert.match(JSON.stringify(await peer.replyTo('mine')), /"result":"confirmed"/);
  const [record = ''] = await eventually('it is audited', () => {
    const found = recordsOf(bridge, 'mine');
    return found.length > 0 && found;
  });
  assert.match(record, new RegExp(`"requester":"${GOOD}"`));
  assert.ok((await faults()).some((fault) => fault.startsWith(`${TWIN}: `) && fault.includes('same socket')));

  setGuests(directory, [{ ...goodOf(directory), isRunning: false }, twin(directory, true)]);
  bridge.good.close();
  const its = await greeted(await QemuSocket.open(t, socketIn(directory, GOOD)));
  its.say(fence('theft', `status ${bridge.token}`));
  assert.match(JSON.stringify(await its.replyTo('theft')), /"result":"denied"/, 'it is taken for itself');
});

test('who comes second to a socket that the daemon made is not heard, and a link in its place is not followed', async (t) => {
  const directory = temporaryDirectory(t);
  const path = join(directory, 'made');
  const precious = join(directory, 'precious');
  writeFileSync(precious, 'precious', { mode: 0o640 });
  const connectd = await DaemonProcess.start(t, [], directory);
  const base = readFileSync(connectd.config, 'utf8');
  writeFileSync(
    connectd.config,
    `${base}sweep-seconds = 1\n[guest ${GOOD}]\nmode = connect\npath = ${path}\n`,
  );
  connectd.run.process.kill('SIGHUP');
  await eventually('it listens', async () => (await connectd.guest(GOOD))?.state === 'listening');
  const first = await connectPeer(t, path);
  first.hello('first');
  await first.message('hello');
  const second = await connectPeer(t, path);
  second.hello('second');
  second.say({ type: 'request', id: 'x', service: 'host', text: 'ping', deadlineMs: 5_000 });
  first.say({ type: 'request', id: 'y', service: 'host', text: 'ping', deadlineMs: 5_000 });
  await first.replyTo('y');
  await eventually(
    'it is counted',
    async () => (await connectd.guest(GOOD))?.link['secondConnections'] === 1,
  );
  assert.equal(second.bytes.length, 0);
  assert.equal((await connectd.guest(GOOD))?.session, 'first');

  const before = lstatSync(precious);
  const link = join(directory, 'link');
  symlinkSync(precious, link);
  renameSync(link, path); // at once: a place left empty is listened at by the next sweep
  await eventually('the trouble is told', async () => (await connectd.guest(GOOD))?.fault !== '');
  await connectd.killAndRestart();
  await eventually('it does not take the place', async () => (await connectd.guest(GOOD))?.fault !== '');
  const { uid, gid, mode, ino, size } = lstatSync(precious);
  assert.deepEqual(
    [uid, gid, mode, ino, size],
    [before.uid, before.gid, before.mode, before.ino, before.size],
  );
  assert.equal(readFileSync(precious, 'utf8'), 'precious');
});
