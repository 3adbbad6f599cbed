import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { FrameConnection, STALLED_AFTER_MS } from '../../../shared/protocol/connection.ts';
import type { Frame } from '../../../shared/protocol/frame-decoder.ts';
import type { Message } from '../../../shared/protocol/message.ts';
import { eventually } from '../../support/eventually.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';
import { encoded } from './frames.ts';
import { socketPair, textOf } from './sockets.ts';

const BOUND = 256 * 1024;
const PING: Message = { type: 'ping', nonce: 1 };
const BIG: Message = { type: 'error', code: 'x', message: 'y'.repeat(30_000) };

/** A connection, its far end, and what its handlers were told. */
async function connected(t: TestContext, onFrame: (connection: FrameConnection) => void = () => {}) {
  const { near, far } = await socketPair(t);
  const clock = new VirtualClock();
  const events: string[] = [];
  const frames: Frame[] = [];
  const connection: FrameConnection = new FrameConnection(
    near,
    {
      onFrame: (frame) => {
        frames.push(frame);
        events.push('frame');
        onFrame(connection);
      },
      onClosed: (reason) => events.push(reason === undefined ? 'closed' : `closed: ${reason.message}`),
      onDrained: () => events.push('drained'),
      onGarbage: () => events.push('garbage'),
    },
    BOUND,
    clock,
  );
  return { connection, far, clock, events, frames };
}

const write = (socket: Socket, bytes: string | Buffer) =>
  new Promise<void>((resolve) => socket.write(bytes, () => resolve()));

/** Sends until there is no room. */
function fill(connection: FrameConnection): number {
  let count = 0;
  while (connection.send(BIG) === 'sent') count++;
  return count;
}

test('frames come in order, and the end comes last and once', async (t) => {
  const { far, events, frames } = await connected(t);
  for (let nonce = 0; nonce < 3; nonce++) far.write(encoded({ type: 'ping', nonce }));
  far.end();
  await eventually('closed', () => events.includes('closed'));
  await sleep(20);
  assert.deepEqual(events, ['frame', 'frame', 'frame', 'closed']);
  assert.deepEqual(
    frames.map((frame) => frame.kind === 'message' && frame.message),
    [0, 1, 2].map((nonce) => ({ type: 'ping', nonce })),
  );
});

test('a peer that closes in the middle of a frame gives no frame and one end', async (t) => {
  const { connection, far, events } = await connected(t);
  await write(far, encoded(PING).subarray(0, 10));
  await eventually('half a frame is there', () => connection.isMidFrame);
  far.destroy();
  await eventually('an event', () => events.length > 0);
  await sleep(20);
  assert.deepEqual(events, ['closed']);
  assert.equal(connection.send(PING), 'closed');
});

test('a peer that breaks off without reading is told once, with the reason', async (t) => {
  const { connection, far, events } = await connected(t);
  far.pause();
  fill(connection);
  far.destroy();
  await eventually('an event', () => events.length > 0);
  connection.close();
  await sleep(20);
  assert.equal(events.length, 1);
  assert.match(events[0] ?? '', /^closed: /);
});

test('a peer that does not read costs the bound, and the others nothing', async (t) => {
  const slow = await connected(t);
  const other = await connected(t);
  slow.far.pause();
  fill(slow.connection);
  await sleep(20);
  fill(slow.connection);
  assert.ok(slow.connection.waitingBytes <= BOUND);
  assert.ok(slow.connection.waitingBytes > BOUND - 2 * 30_100);
  for (let count = 0; count < 1_000; count++) assert.equal(slow.connection.send(BIG), 'full');
  assert.ok(slow.connection.waitingBytes <= BOUND);

  const answer = new Promise<string>((resolve) => other.far.once('data', (chunk) => resolve(String(chunk))));
  assert.equal(other.connection.send(PING), 'sent');
  assert.equal(await answer, encoded(PING).toString());
  assert.deepEqual(slow.events, []);
});

test('once what waited is written this is told, once for each time there was no room', async (t) => {
  const { connection, far, events } = await connected(t);
  far.pause();
  const sent = fill(connection);
  assert.equal(connection.send(BIG), 'full');
  let bytes = 0;
  far.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
  });
  far.resume();
  await eventually('everything is read', () => bytes === sent * encoded(BIG).length);
  await eventually('drained', () => events.length > 0);
  assert.deepEqual(events, ['drained']);
  assert.equal(connection.sentFrames, sent);
  assert.equal(connection.sentBytes, bytes);
  assert.equal(connection.send(PING), 'sent');
  await sleep(20);
  assert.deepEqual(events, ['drained']);
});

test('even a little that waits is told to be written when it left no room', async () => {
  let finish = () => {};
  const socket = new Duplex({
    read() {},
    write(_chunk, _encoding, done) {
      finish = done;
    },
  });
  let drained = 0;
  const handlers = { onFrame() {}, onClosed() {}, onDrained: () => void drained++ };
  const connection = new FrameConnection(socket, handlers, 40);
  assert.equal(connection.send(PING), 'sent');
  assert.equal(connection.send(PING), 'full');
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(drained, 0);
  finish();
  await eventually('drained', () => drained === 1);
  assert.equal(connection.send(PING), 'sent');
});

test('a message that is too long for a frame is refused and nothing of it is sent', async (t) => {
  const { connection, far } = await connected(t);
  assert.equal(connection.send({ type: 'reply', id: 'x', text: 'y'.repeat(70_000) }), 'too-long');
  connection.end();
  assert.equal(await textOf(far), '');
});

test('after close no frame is handed over, not even from bytes that are there already', async (t) => {
  const { far, events } = await connected(t, (connection) => connection.close());
  far.write(Buffer.concat([encoded(PING), encoded(PING), Buffer.from('garbage\n')]));
  await eventually('closed', () => events.includes('closed'));
  assert.deepEqual(events, ['frame', 'closed']);
});

test('end writes what waits, takes nothing more, and closes when the peer has', async (t) => {
  const { connection, far, events, clock } = await connected(t);
  far.pause();
  const sent = fill(connection);
  connection.end();
  connection.end();
  assert.equal(connection.send(PING), 'closed');
  far.write(encoded(PING));
  far.resume();
  assert.equal((await textOf(far)).length, sent * encoded(BIG).length);
  await eventually('closed', () => events.length > 0);
  assert.deepEqual(events, ['closed']);
  assert.equal(clock.pendingTimers, 0);
});

test('end does not wait for ever for a peer that neither reads nor closes', async (t) => {
  const { connection, far, events, clock } = await connected(t);
  far.pause();
  fill(connection);
  connection.end();
  await clock.advance(999);
  await sleep(20);
  assert.deepEqual(events, []);
  await clock.advance(1);
  await eventually('closed', () => events.length > 0);
  assert.deepEqual(events, ['closed']);
  assert.equal(clock.pendingTimers, 0);
});

test('half a frame is given up when nothing has come for 10 s, and the next frame is understood', async (t) => {
  const { connection, far, events, clock, frames } = await connected(t);
  await write(far, '{"type":"pi');
  await eventually('half a frame', () => connection.isMidFrame);
  await clock.advance(STALLED_AFTER_MS - 1);
  assert.deepEqual(events, []);
  await write(far, 'n');
  await eventually('a byte more', () => connection.received.garbageBytes === 0 && clock.pendingTimers === 1);
  await sleep(20);
  await clock.advance(STALLED_AFTER_MS - 1);
  assert.deepEqual(events, [], 'each byte gives the rest 10 s more');
  await clock.advance(1);
  assert.deepEqual(events, ['garbage']);
  assert.equal(connection.isMidFrame, false);
  assert.deepEqual({ ...connection.received }, { frames: 0, garbageRuns: 1, garbageBytes: 12 });
  await write(far, Buffer.concat([Buffer.from('\n'), encoded(PING)]));
  await eventually('the next frame', () => frames.length === 1);
});

test('half a frame is no matter any more once we have ended, whoever gives it up', async (t) => {
  const { connection, far, events, clock } = await connected(t);
  await write(far, '{"type":"pi');
  await eventually('half a frame', () => connection.isMidFrame);
  await clock.advance(STALLED_AFTER_MS - 1);
  connection.end();
  await clock.advance(1);
  connection.abandonFrame();
  assert.deepEqual(events, []);
  far.destroy();
  await eventually('the end', () => events.length > 0);
  assert.deepEqual(events, ['closed']);
});

test('while we do not read, the rest of a frame is not late', async (t) => {
  const { connection, far, events, clock, frames } = await connected(t);
  await write(far, encoded(PING).subarray(0, 9));
  await eventually('half a frame', () => connection.isMidFrame);
  connection.pause();
  await clock.advance(10 * STALLED_AFTER_MS);
  assert.deepEqual(events, []);
  await write(far, encoded(PING).subarray(9));
  connection.resume();
  await eventually('the frame', () => frames.length === 1);
  assert.deepEqual(events, ['frame']);
});

test('a connection that is closed leaves no timer behind', async (t) => {
  const { connection, far, clock, events } = await connected(t);
  await write(far, '{"half');
  await eventually('half a frame', () => connection.isMidFrame);
  assert.equal(clock.pendingTimers, 1);
  connection.close();
  await eventually('closed', () => events.length > 0);
  assert.equal(clock.pendingTimers, 0);
});

test('pause takes effect within what was read at once, and resume goes on where it stopped', async (t) => {
  const { near, far } = await socketPair(t);
  const nonces: number[] = [];
  const connection: FrameConnection = new FrameConnection(
    near,
    {
      onFrame(frame) {
        if (frame.kind !== 'message' || frame.message.type !== 'ping') return;
        nonces.push(frame.message.nonce);
        if (frame.message.nonce % 500 === 0) connection.pause();
      },
      onClosed() {},
    },
    1_000,
  );
  const all = Array.from({ length: 2_000 }, (_, nonce) => nonce + 1);
  far.write(all.map((nonce) => `${JSON.stringify({ type: 'ping', nonce })}\n`).join(''));
  for (const stop of [500, 1_000, 1_500, 2_000]) {
    await eventually(`${stop} frames`, () => nonces.length >= stop);
    const { length } = nonces;
    assert.ok(length < stop + 250, `${length} frames, when ${stop} were to be the last`);
    await new Promise((resolve) => setTimeout(resolve, 20));
    assert.equal(nonces.length, length);
    connection.resume();
  }
  await eventually('all', () => nonces.length === 2_000);
  assert.deepEqual(nonces, all);
});
