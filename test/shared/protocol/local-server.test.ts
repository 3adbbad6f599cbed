import assert from 'node:assert/strict';
import { existsSync, statSync } from 'node:fs';
import { createConnection, type Socket } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { silentLogger } from '../../../shared/log.ts';
import { type Frame, FrameDecoder } from '../../../shared/protocol/frame-decoder.ts';
import {
  type LocalConnection,
  type LocalLimits,
  LocalServer,
} from '../../../shared/protocol/local-server.ts';
import { MAX_FRAME_BYTES, type Message } from '../../../shared/protocol/message.ts';
import { eventually } from '../../support/eventually.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';
import { encoded } from './frames.ts';

const HELLO: Message = { type: 'hello', version: 2, agent: 'vm-connectd 2', session: 's', role: 'guest' };
const PING: Message = { type: 'ping', nonce: 5 };
const PONG: Message = { type: 'pong', nonce: 5 };
const BIG: Message = { type: 'error', code: 'x', message: 'y'.repeat(60_000) };

interface Setting {
  readonly limits?: Partial<LocalLimits>;
  readonly onFrame?: (connection: LocalConnection, frame: Frame) => void;
}

/** A server that answers pings, and what its user was told of the end of connections. */
async function listening(t: TestContext, { limits = {}, onFrame = answerPing }: Setting = {}) {
  const path = join(temporaryDirectory(t), 'local.sock');
  const clock = new VirtualClock();
  const closed: number[] = [];
  const server = await LocalServer.listen({
    path,
    role: 'guest',
    agent: 'vm-connectd 2',
    session: 's',
    log: silentLogger,
    clock,
    limits,
    handlers: { onFrame, onClosed: (connection) => closed.push(connection.number) },
  });
  t.after(async () => {
    const closing = server.close();
    await clock.advance(1_000);
    await closing;
  });
  return { server, path, clock, closed };
}

function answerPing(connection: LocalConnection, frame: Frame): void {
  if (frame.kind !== 'message' || frame.message.type !== 'ping') return;
  connection.send({ type: 'pong', nonce: frame.message.nonce });
}

/** A local program that remembers what it reads. */
function client(t: TestContext, path: string) {
  const socket: Socket = createConnection(path);
  socket.on('error', () => {});
  t.after(() => socket.destroy());
  const messages: Message[] = [];
  let isClosed = false;
  const decoder = new FrameDecoder((frame) => {
    if (frame.kind === 'message') messages.push(frame.message);
  });
  socket.on('data', (chunk: Buffer) => decoder.push(chunk));
  socket.on('close', () => {
    isClosed = true;
  });
  return { socket, messages, isClosed: () => isClosed };
}

async function greeted(t: TestContext, path: string) {
  const one = client(t, path);
  await eventually('greeted', () => one.messages.length > 0);
  return one;
}

async function assertServes(t: TestContext, path: string): Promise<void> {
  const one = await greeted(t, path);
  one.socket.write(encoded(PING));
  await eventually('answered', () => one.messages.length === 2);
  assert.deepEqual(one.messages, [HELLO, PONG]);
  one.socket.destroy();
}

test('only its owner may connect, and everyone who does is greeted', async (t) => {
  const { path } = await listening(t);
  assert.equal(statSync(path).mode & 0o777, 0o600);
  const { messages } = await greeted(t, path);
  assert.deepEqual(messages, [HELLO]);
});

test('the 257th connection is closed with error too-many, and the first that leaves makes room', async (t) => {
  const { path, server, closed } = await listening(t);
  const all = await Promise.all(Array.from({ length: 256 }, () => greeted(t, path)));
  assert.equal(server.connections, 256);
  const newest = client(t, path);
  newest.socket.write(encoded(PING));
  await eventually('refused', () => newest.isClosed());
  assert.equal(newest.messages.length, 1);
  assert.ok(newest.messages[0]?.type === 'error' && newest.messages[0].code === 'too-many');
  assert.equal(server.counts.refused, 1);
  assert.deepEqual(closed, []);
  all[7]?.socket.destroy();
  await eventually('one has left', () => server.connections === 255);
  await assertServes(t, path);
});

test('those who are refused cannot pile up', async (t) => {
  const { path, server } = await listening(t, { limits: { connections: 2 } });
  await greeted(t, path);
  await greeted(t, path);
  const stubborn = Array.from({ length: 20 }, () => createConnection({ path, allowHalfOpen: true }));
  for (const socket of stubborn) {
    socket.on('error', () => {});
    t.after(() => socket.destroy());
  }
  await eventually('all are refused', () => server.counts.refused === 20);
  const ends = stubborn.filter((socket) => !socket.destroyed);
  assert.ok(ends.length > 0);
  assert.equal(server.connections, 2);
});

test('one that does not read its replies is dropped and counted, and the others are served meanwhile', async (t) => {
  const { path, server, closed } = await listening(t, {
    onFrame: (connection, frame) => {
      if (frame.kind === 'message' && frame.message.type === 'cancel') {
        for (let count = 0; count < 10; count++) connection.send(BIG);
      } else {
        answerPing(connection, frame);
      }
    },
  });
  const slow = await greeted(t, path);
  slow.socket.pause();
  const before = process.memoryUsage().arrayBuffers;
  for (let count = 0; count < 20 && !closed.includes(1); count++) {
    slow.socket.write(encoded({ type: 'cancel', id: 'more' }));
    await assertServes(t, path);
  }
  await eventually('dropped', () => closed.includes(1));
  assert.equal(server.counts.droppedAsSlow, 1);
  assert.equal(closed.filter((number) => number === 1).length, 1);
  assert.ok(process.memoryUsage().arrayBuffers - before < 8 * 1024 * 1024);
});

test('what is only offered leaves a full connection as it is', async (t) => {
  const seen: LocalConnection[] = [];
  const { path, closed } = await listening(t, { onFrame: (connection) => void seen.push(connection) });
  const slow = await greeted(t, path);
  slow.socket.write(encoded(PING));
  await eventually('a frame', () => seen.length === 1);
  slow.socket.pause();
  await sleep(5);
  const connection = seen[0] ?? assert.fail();
  let offered = 0;
  while (connection.offer(BIG) === 'sent') offered++;
  assert.equal(connection.offer(BIG), 'full');
  assert.ok(connection.waitingBytes <= 1024 * 1024);
  assert.equal(connection.isClosed, false);
  slow.socket.resume();
  await eventually('everything is read', () => slow.messages.length === 1 + offered);
  assert.equal(connection.offer(PONG), 'sent');
  assert.deepEqual(closed, []);
});

test('each run of garbage is told once, and the next frame is understood', async (t) => {
  const { path } = await listening(t);
  const { socket, messages } = await greeted(t, path);
  for (const garbage of ['what?\n', '{"no":"type"}\n']) {
    socket.write(garbage);
    const before = messages.length;
    await eventually('told', () => messages.length > before);
    const told = messages.at(-1);
    assert.ok(told?.type === 'error' && told.code === 'bad-request');
  }
  socket.write(encoded(PING));
  await eventually('answered', () => messages.at(-1)?.type === 'pong');
});

test('garbage past the bound ends the connection with an error, however it comes', async (t) => {
  const { path, server, closed } = await listening(t);
  const floods = [
    Buffer.alloc(300 * 1024, 'x'),
    Buffer.from('x\n'.repeat(101)),
    Buffer.alloc(300 * 1024, '{"a":"'),
    Buffer.from([1, 2, 3, 4].concat(Array.from({ length: 300 * 1024 }, () => 255))),
  ];
  for (const [index, flood] of floods.entries()) {
    const hostile = await greeted(t, path);
    for (let at = 0; at < flood.length; at += 1_000) hostile.socket.write(flood.subarray(at, at + 1_000));
    await eventually('closed', () => hostile.isClosed());
    const last = hostile.messages.at(-1);
    assert.ok(last?.type === 'error' && last.code === 'bad-request');
    assert.equal(server.counts.droppedForGarbage, index + 1);
  }
  await eventually('all are gone', () => server.connections === 0);
  assert.deepEqual(closed, [1, 2, 3, 4]);
  await assertServes(t, path);
});

test('half a frame that stalls for 10 s is given up and told, and the connection lives on', async (t) => {
  const { path, clock } = await listening(t);
  const { socket, messages } = await greeted(t, path);
  socket.write('{"type":"ping"');
  await eventually('half a frame is there', () => clock.pendingTimers === 1);
  await clock.advance(10_000);
  await eventually('told', () => messages.at(-1)?.type === 'error');
  socket.write(Buffer.concat([Buffer.from('\n'), encoded(PING)]));
  await eventually('answered', () => messages.at(-1)?.type === 'pong');
});

test('programs that come and go in the middle of everything leave nothing behind', async (t) => {
  const { path, server, closed, clock } = await listening(t);
  const parts = [encoded(PING), encoded(PING).subarray(0, 7), Buffer.from('garbage'), Buffer.alloc(0)];
  for (let round = 0; round < 25; round++) {
    const some = parts.map((part, index) => {
      const { socket } = client(t, path);
      if ((index + round) % 3 === 0) socket.pause();
      socket.write(part);
      return socket;
    });
    await sleep(1);
    for (const socket of some) socket.destroy();
  }
  await eventually('all are gone', () => closed.length === 100);
  assert.equal(server.connections, 0);
  assert.equal(new Set(closed).size, 100);
  assert.equal(clock.pendingTimers, 0);
  await assertServes(t, path);
});

test('closing it ends every connection, takes the socket away, and may be done twice', async (t) => {
  const { path, server, closed } = await listening(t);
  const one = await greeted(t, path);
  const other = await greeted(t, path);
  await Promise.all([server.close(), server.close()]);
  await eventually('both are closed', () => one.isClosed() && other.isClosed());
  assert.deepEqual([...closed].sort(), [1, 2]);
  assert.equal(existsSync(path), false);
});

test('an answer that fits no frame is an error, not a silence', async (t) => {
  const { path } = await listening(t, {
    onFrame: (connection) => {
      connection.send({ type: 'reply', id: 'a', text: 'x'.repeat(MAX_FRAME_BYTES) });
    },
  });
  const one = await greeted(t, path);
  one.socket.write(encoded(PING));
  await eventually('answered', () => one.messages.length === 2);
  assert.match(JSON.stringify(one.messages[1]), /"id":"a".*refused.*longer than a frame/);
});
