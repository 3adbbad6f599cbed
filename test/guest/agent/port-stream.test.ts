import assert from 'node:assert/strict';
import { closeSync, constants, openSync, writeSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { LinuxPortBinding } from '@serialport/bindings-cpp';
import { openPort } from '../../../guest/agent/open-port.ts';
import { PortStream, type PortStreamOptions } from '../../../guest/agent/port-stream.ts';
import { eventually } from '../../support/eventually.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';
import { LINE, makeFifo, makePty } from './stand-in.ts';

/** A port of the virtio kind: reads give 0 while nobody holds the other end. */
function fifoPort(t: TestContext, options: Partial<PortStreamOptions> = {}) {
  const path = makeFifo(t);
  const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  const seen: string[] = [];
  const stream = new PortStream(new LinuxPortBinding(fd, LINE), {
    atZero: 'host-away',
    onThere: () => void seen.push('there'),
    onAway: () => void seen.push('away'),
    ...options,
  });
  stream.on('data', (bytes: Buffer) => seen.push(bytes.toString()));
  stream.on('error', (error) => seen.push(error.message));
  t.after(() => stream.destroy());
  return { path, stream, seen };
}

async function ptyPort(t: TestContext) {
  const pty = await makePty(t);
  const { kind, binding } = await openPort(pty.device);
  const stream = new PortStream(binding, { atZero: 'hung-up', onThere() {}, onAway() {} });
  t.after(() => stream.destroy());
  const host = await hostOf(pty.socket);
  t.after(() => host.destroy());
  return { pty, kind, stream, host };
}

async function hostOf(path: string): Promise<Socket> {
  const socket = connect(path);
  socket.on('error', () => {});
  await new Promise((resolve) => socket.once('connect', resolve));
  return socket;
}

test('the host comes, speaks, leaves and comes again; what it says belongs to one of its stays', async (t) => {
  const { path, seen } = fifoPort(t);
  for (const word of ['one', 'two']) {
    const host = openSync(path, 'w');
    writeSync(host, word);
    await eventually(word, () => seen.includes(word));
    closeSync(host);
    await eventually('it is away', () => seen.at(-1) === 'away');
  }
  assert.deepEqual(seen, ['there', 'one', 'away', 'there', 'two', 'away']);
});

test('while the host is away the port costs next to nothing, and what is written is dropped', async (t) => {
  const { stream, seen } = fifoPort(t);
  await sleep(200);
  const before = process.cpuUsage();
  stream.write(Buffer.alloc(100_000));
  await sleep(4_000);
  const { user, system } = process.cpuUsage(before);
  assert.ok(user + system < 400_000, `${(user + system) / 1_000} ms of CPU in 4 s`);
  assert.deepEqual(seen, []);
  assert.equal(stream.writableLength, 0);
  assert.equal(stream.droppedBytes, 100_000);
});

test('a host that is away for long is looked for every 3 s, and at once when somebody asks', async (t) => {
  const clock = new VirtualClock();
  const { path, stream, seen } = fifoPort(t, { clock });
  await clock.advance(59_210); // the delays until the ceiling take 5.11 s
  const host = openSync(path, 'w');
  await clock.advance(2_800);
  assert.deepEqual(seen, []);
  stream.look();
  await clock.advance(0);
  assert.deepEqual(seen, ['there']);
  closeSync(host);
});

test('a descriptor that fails ends the stream with its error', async (t) => {
  const { path, seen, stream } = fifoPort(t);
  const host = openSync(path, 'w');
  await eventually('it is there', () => seen.includes('there'));
  stream.write('this end of a FIFO can only be read');
  await eventually('it is closed', () => stream.closed);
  assert.match(seen.at(-1) ?? '', /EBADF/);
  closeSync(host);
});

test('a tty carries bytes both ways, unchanged and without an echo', async (t) => {
  const { kind, stream, host } = await ptyPort(t);
  assert.equal(kind, 'serial');
  const all = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
  const [toHost, toAgent] = [collect(host), collect(stream)];
  stream.write(all);
  host.write(all);
  await eventually('both have come', () => toHost().length >= 256 && toAgent().length >= 256);
  await sleep(50);
  assert.deepEqual([toHost(), toAgent()], [all, all]);
});

test('a host that does not read holds up writing, and gets every byte once it does', async (t) => {
  const { stream, host } = await ptyPort(t);
  stream.resume();
  host.pause();
  const sent = Buffer.alloc(2_000_000, '0123456789abcdef\n');
  for (let at = 0; at < sent.length; at += 50_000) stream.write(sent.subarray(at, at + 50_000));
  await sleep(300);
  assert.ok(stream.writableLength > 500_000, `${stream.writableLength} bytes wait`);
  const got = collect(host);
  host.resume();
  await eventually('all has come', () => got().length >= sent.length);
  assert.ok(got().equals(sent));
  assert.equal(stream.writableLength, 0);
});

test('a tty that hangs up ends the stream instead of reading nothing for ever', async (t) => {
  const { pty, stream } = await ptyPort(t);
  const errors: Error[] = [];
  stream.on('error', (error) => errors.push(error));
  stream.resume();
  await pty.cut();
  await eventually('it is closed', () => stream.closed);
  assert.match(errors[0]?.message ?? '', /hung up|EIO/);
});

function collect(stream: NodeJS.ReadableStream): () => Buffer {
  const chunks: Buffer[] = [];
  stream.on('data', (chunk: Buffer) => chunks.push(chunk));
  return () => Buffer.concat(chunks);
}
