/** Guests that try to harm the daemon or each other, one after the other, while a good one goes on asking. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { eventually } from '../../support/eventually.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';
import { DaemonProcess, socketIn } from './daemon-process.ts';
import { type Peer, QemuSocket, startService } from './peers.ts';

const MIB = 1024 * 1024;

async function startStage(t: TestContext) {
  const directory = temporaryDirectory(t);
  const good = await QemuSocket.open(t, socketIn(directory, 'good'));
  const bad = await QemuSocket.open(t, socketIn(directory, 'bad'));
  const daemon = await DaemonProcess.start(t, ['good', 'bad'], directory);
  const service = await startService(t, daemon.socket, 'monitor');
  const peer = await good.peer();
  peer.hello();
  await peer.message('hello');
  return { daemon, good: peer, bad, service };
}

/** Asks all the while; the longest it had to wait for an answer, in ms. */
async function longestWait(good: Peer, during: () => Promise<unknown>): Promise<number> {
  let longestMs = 0;
  let isOver = false;
  let asked = 0;
  const asking = (async () => {
    while (!isOver) {
      const id = `good${asked++}`;
      const startMs = performance.now();
      good.say({ type: 'request', id, service: 'monitor', text: id, deadlineMs: 10_000 });
      const reply = await good.replyTo(id);
      assert.deepEqual('text' in reply && reply.text, `good: ${id}`);
      longestMs = Math.max(longestMs, performance.now() - startMs);
    }
  })();
  await during();
  isOver = true;
  await asking;
  assert.ok(asked > 3);
  return longestMs;
}

async function rssMiB(daemon: DaemonProcess): Promise<number> {
  const { counters } = await daemon.status();
  return (counters['process']?.['rssBytes'] ?? 0) / MIB;
}

/** Writes as fast as it is read, for so long, or until it is closed. */
async function pour(peer: Peer, chunk: Buffer, forMs: number): Promise<number> {
  const endMs = performance.now() + forMs;
  let written = 0;
  while (performance.now() < endMs && !peer.isClosed) {
    if (peer.socket.writableLength < 4 * MIB) {
      peer.write(chunk);
      written += chunk.length;
    }
    await sleep(1);
  }
  return written;
}

/** Nobody is held up. How little the others notice is for the benchmark to say, on a machine that does nothing else. */
const HARMLESS_MS = 2_000;

test('a flood of garbage: dropped, tried again, and nobody else notices', async (t) => {
  const { daemon, good, bad } = await startStage(t);
  const before = await rssMiB(daemon);
  const chunk = Buffer.alloc(MIB);
  for (let at = 0; at < chunk.length; at++) chunk[at] = (at * 2_654_435_761) >>> 24;
  const waited = await longestWait(good, async () => {
    const peer = await bad.peer();
    await pour(peer, chunk, 3_000);
    await peer.closed();
    await bad.peer(1);
    await pour(await bad.peer(1), chunk, 1_000);
  });
  assert.ok(waited < HARMLESS_MS, `${waited} ms`);
  assert.ok((await rssMiB(daemon)) - before < 60);
  const guest = await daemon.guest('bad');
  assert.ok((guest?.link['penalties'] ?? 0) >= 2);
});

test('a line of 100 MB: never kept, and the next good frame is understood', async (t) => {
  const { daemon, good, bad } = await startStage(t);
  const before = await rssMiB(daemon);
  const waited = await longestWait(good, async () => {
    const chunk = Buffer.alloc(MIB, 'x');
    let peer = await bad.peer();
    peer.write('{"type":"request","text":"');
    for (let number = 0; number < 100; number++) {
      if (peer.isClosed) break;
      await pour(peer, chunk, 1);
    }
    await peer.closed();
    peer = await bad.peer(1);
    peer.write('"}\n');
    peer.hello();
    await peer.message('hello');
  });
  assert.ok(waited < HARMLESS_MS, `${waited} ms`);
  assert.ok((await rssMiB(daemon)) - before < 60);
});

test('one that asks and never reads: it is not read, and what waits for it is bounded', async (t) => {
  const { daemon, good, bad } = await startStage(t);
  const before = await rssMiB(daemon);
  const peer = await bad.peer();
  peer.hello();
  await peer.message('hello');
  peer.socket.pause();
  const waited = await longestWait(good, async () => {
    const text = 'y'.repeat(20_000);
    for (let number = 0; number < 3_000; number++) {
      peer.say({ type: 'request', id: `b${number}`, service: 'monitor', text, deadlineMs: 60_000 });
      if (number % 50 === 0) await sleep(5);
    }
    await sleep(500);
  });
  assert.ok(waited < HARMLESS_MS, `${waited} ms`);
  assert.ok((await rssMiB(daemon)) - before < 80);
  assert.ok(((await daemon.guest('bad'))?.link['unread'] ?? 0) > 0);
});

test('large members that nobody uses: they count nothing of what a guest may have open, and are not kept', async (t) => {
  const { daemon, bad, service } = await startStage(t);
  service.onFrame = () => {};
  const before = await rssMiB(daemon);
  const peer = await bad.peer();
  peer.hello();
  await peer.message('hello');
  const junk = 'j'.repeat(60_000);
  const count = 30; // 1.8 MB, of which a guest may have 256 KiB open
  for (let number = 0; number < count; number++) {
    const request = { type: 'request', id: `b${number}`, service: 'monitor', text: 'x', deadlineMs: 60_000 };
    peer.write(`${JSON.stringify({ junk, ...request })}\n`);
  }
  await eventually('all are open', async () => (await daemon.guest('bad'))?.openRequests === count);
  assert.ok((await rssMiB(daemon)) - before < 60);
});

test('a flood of good requests: held to its rate, and its open ones to their number', async (t) => {
  const { daemon, good, bad } = await startStage(t);
  const peer = await bad.peer();
  peer.hello();
  await peer.message('hello');
  let number = 0;
  let flood = '';
  while (number < 20_000) {
    const request = {
      type: 'request',
      id: `b${number++}`,
      service: 'monitor',
      text: 'x',
      deadlineMs: 60_000,
    };
    flood += `${JSON.stringify(request)}\n`;
  }
  const waited = await longestWait(good, () => pour(peer, Buffer.from(flood), 2_000));
  assert.ok(waited < HARMLESS_MS, `${waited} ms`);
  const guest = await daemon.guest('bad');
  const heard = guest?.link['framesIn'] ?? 0;
  assert.ok(heard < number, 'not all was read');
  assert.ok((guest?.link['throttled'] ?? 0) > 0);
  assert.ok((guest?.openRequests ?? 0) <= 64);
});

test('one that closes in the middle of a frame, again and again: the next whole one is understood', async (t) => {
  const { daemon, bad } = await startStage(t);
  for (let round = 0; round < 5; round++) {
    const peer = await bad.peer(round);
    peer.hello();
    await peer.message('hello');
    const half = round % 2 === 0 ? '{"type":"request","id":"a","serv' : Buffer.from([1, 0, 0, 0, 0x41]);
    await new Promise<void>((resolve) => peer.socket.write(half, () => resolve()));
    peer.socket.destroy();
  }
  const last = await bad.peer(5);
  last.hello();
  last.say({ type: 'request', id: 'a', service: 'monitor', text: 'x', deadlineMs: 5_000 });
  assert.deepEqual(await last.replyTo('a'), { type: 'reply', id: 'a', text: 'bad: x' });
  assert.equal((await daemon.guest('bad'))?.link['lost'], 5);
});

test('one that plays a service or answers for one is heard by nobody', async (t) => {
  const { daemon, good, bad, service } = await startStage(t);
  service.onFrame = () => {};
  const peer = await bad.peer();
  peer.hello();
  await peer.message('hello');
  good.say({ type: 'request', id: 'mine', service: 'monitor', text: 'x', deadlineMs: 5_000 });
  await service.message('request');
  peer.say({ type: 'reply', guest: 'good', id: 'mine', text: 'forged' });
  peer.say({ type: 'register', service: 'stonith' });
  peer.say({ type: 'cancel', id: 'mine', guest: 'good' });
  peer.say({ type: 'request', id: 'x', service: 'agent', text: 'status', deadlineMs: 5_000 });
  assert.match(JSON.stringify(await peer.replyTo('x')), /unknown-service/);
  assert.equal(good.repliesTo('mine'), 0);
  assert.equal((await service.message('cancel')).guest, 'bad', 'if anything, it has called off its own');
  service.say({ type: 'reply', guest: 'good', id: 'mine', text: 'true' });
  assert.deepEqual(await good.replyTo('mine'), { type: 'reply', id: 'mine', text: 'true' });
  assert.deepEqual(
    (await daemon.status()).services.filter(({ present }) => present).map(({ name }) => name),
    ['monitor'],
  );
  await eventually('it is counted', async () => (await daemon.guest('bad'))?.requests['unexpected'] === 2);
});
