import assert from 'node:assert/strict';
import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { silentLogger } from '../../../shared/log.ts';
import { FrameDecoder } from '../../../shared/protocol/frame-decoder.ts';
import { LocalServer } from '../../../shared/protocol/local-server.ts';
import { eventually } from '../../support/eventually.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';
import { encoded } from './frames.ts';
import { Host, registered, service } from './service-host.ts';

/** Moves a virtual clock on until real sockets have brought about what is waited for. */
async function advanceUntil(clock: VirtualClock, what: string, isSo: () => boolean): Promise<void> {
  for (let step = 0; !isSo(); step++) {
    assert.ok(step < 2_000, `it did not come to this: ${what}`);
    await clock.advance(10);
    await sleep(1);
  }
}

const again = (host: Host, count: number) =>
  eventually('registered again', () => host.registrations === count);

test('a request comes with the guest it is really from, and its answer goes back to it', async (t) => {
  const { host, requests } = await registered(t);
  host.ask('job-1', { detail: { a: 1 }, protocol: 1, guest: 'guest 7' });
  await eventually('asked', () => requests.length === 1);
  const [request] = requests;
  const { reply: _reply, timeLeftMs: _timeLeftMs, ...members } = request ?? assert.fail();
  assert.deepEqual(members, {
    guest: 'guest 7',
    id: 'job-1',
    text: 'off',
    detail: { a: 1 },
    deadlineMs: 60_000,
    protocol: 1,
  });
  const leftMs = request?.timeLeftMs() ?? 0;
  assert.ok(leftMs > 50_000 && leftMs <= 60_000);
  request?.reply({ text: 'OK', detail: [1] });
  request?.reply({ text: 'NG' });
  await eventually('answered', () => host.replies.length > 0);
  await sleep(20);
  assert.deepEqual(host.replies, [{ type: 'reply', guest: 'guest 7', id: 'job-1', text: 'OK', detail: [1] }]);
});

test('many requests at once are answered each with its own answer, in any order', async (t) => {
  const { host, requests } = await registered(t);
  for (let index = 0; index < 500; index++) host.ask(`job-${index}`, { guest: `guest${index % 7}` });
  await eventually('all are asked', () => requests.length === 500);
  for (const { id, guest, reply } of requests.sort(() => Math.random() - 0.5)) {
    reply({ text: `${id} of ${guest}` });
  }
  await eventually('all are answered', () => host.replies.length === 500);
  for (const reply of host.replies)
    assert.equal('text' in reply && reply.text, `${reply.id} of ${reply.guest}`);
});

test('a request that is asked again while it is in work is handed over once', async (t) => {
  const { host, requests } = await registered(t);
  host.ask('job-1');
  host.ask('job-1');
  host.ask('job-2');
  await eventually('asked', () => requests.length === 2);
  assert.deepEqual(
    requests.map(({ id }) => id),
    ['job-1', 'job-2'],
  );
});

test('a daemon that restarts while requests are in work asks them again and gets each answer once', async (t) => {
  const { path, host, requests, states, cancelled } = await registered(t);
  host.ask('slow');
  host.ask('quick');
  await eventually('asked', () => requests.length === 2);
  await host.stop();
  await eventually('away', () => states.length === 2);
  requests[1]?.reply({ text: 'while you were away' });
  await host.start(t, path);
  await again(host, 2);
  host.ask('slow');
  host.ask('quick');
  await eventually('the kept answer', () => host.replies.length === 1);
  assert.deepEqual(host.replies, [
    { type: 'reply', guest: 'guest1', id: 'quick', text: 'while you were away' },
  ]);
  requests[0]?.reply({ text: 'OK' });
  await eventually('the late answer', () => host.replies.length === 2);
  assert.equal(requests.length, 2);
  assert.deepEqual(cancelled, []);
  assert.deepEqual(
    states.map((state) => state.split(':')[0]),
    ['registered', 'away', 'registered'],
  );
});

test('an answer that a daemon took with it into its grave is given again', async (t) => {
  const { host, requests } = await registered(t);
  host.ask('job-1');
  await eventually('asked', () => requests.length === 1);
  requests[0]?.reply({ text: 'OK' });
  await eventually('answered', () => host.replies.length === 1);
  host.breakConnection();
  await again(host, 2);
  host.ask('job-1');
  await eventually('answered again', () => host.replies.length === 2);
  assert.deepEqual(host.replies[1], host.replies[0]);
  assert.equal(requests.length, 1);
});

test('a request that is called off is told, and what is answered then goes nowhere', async (t) => {
  const { host, requests, cancelled, client } = await registered(t);
  host.ask('job-1');
  await eventually('asked', () => requests.length === 1);
  host.tell({ type: 'cancel', id: 'job-1', guest: 'guest2' });
  host.tell({ type: 'cancel', id: 'unknown', guest: 'guest1' });
  host.tell({ type: 'cancel', id: 'job-1', guest: 'guest1' });
  await eventually('called off', () => cancelled.length === 1);
  assert.deepEqual(cancelled, [{ guest: 'guest1', id: 'job-1' }]);
  requests[0]?.reply({ text: 'OK' });
  await sleep(20);
  assert.deepEqual(host.replies, []);
  assert.equal(client.jobsInWork, 0);
});

test('a job whose deadline passes while no daemon is there is called off all the same', async (t) => {
  const path = join(temporaryDirectory(t), 'host.sock');
  const host = new Host();
  await host.start(t, path);
  const clock = new VirtualClock();
  const { requests, cancelled, client } = service(t, path, clock);
  await eventually('registered', () => client.state === 'registered');
  host.ask('job-1', { deadlineMs: 5_000 });
  await eventually('asked', () => requests.length === 1);
  await host.stop();
  await clock.advance(4_000);
  assert.deepEqual(cancelled, []);
  assert.equal(Math.round(requests[0]?.timeLeftMs() ?? 0), 1_000);
  await clock.advance(3_500);
  assert.deepEqual(cancelled, [{ guest: 'guest1', id: 'job-1' }]);
  assert.equal(client.jobsInWork, 0);
  assert.equal(requests[0]?.timeLeftMs(), 0);
});

test('a name that is taken is reported, and asked for again slowly until it is free', async (t) => {
  const path = join(temporaryDirectory(t), 'host.sock');
  const host = new Host();
  host.isTaken = true;
  await host.start(t, path);
  const clock = new VirtualClock();
  const { states, client } = service(t, path, clock);
  await eventually('told', () => states.length === 1);
  assert.deepEqual(states, ['taken: another connection holds stonith']);
  await clock.advance(4_900);
  await sleep(20);
  assert.equal(host.registrations, 1);
  await clock.advance(200);
  await again(host, 2);
  host.isTaken = false;
  await advanceUntil(clock, 'registered', () => client.state === 'registered');
  assert.deepEqual(states.length, 2);
});

test('a daemon that is away is tried for ever, and its absence is told once', async (t) => {
  const path = join(temporaryDirectory(t), 'host.sock');
  const clock = new VirtualClock();
  const { states, client } = service(t, path, clock);
  await eventually('told', () => states.length === 1);
  for (let attempt = 0; attempt < 100; attempt++) {
    await clock.advance(60_000);
    await sleep(1);
  }
  assert.equal(states.length, 1);
  assert.match(states[0] ?? '', /^away: the host daemon is not running; start vm-connectd/);
  const host = new Host();
  await host.start(t, path);
  await advanceUntil(clock, 'registered', () => client.state === 'registered');
});

test('what listens there and never registers is left after 10 s', async (t) => {
  const path = join(temporaryDirectory(t), 'host.sock');
  const silent = await LocalServer.listen({
    path,
    role: 'guest',
    agent: 'silent',
    session: 's',
    log: silentLogger,
    handlers: { onFrame: () => {}, onClosed: () => {} },
  });
  t.after(() => silent.close());
  const clock = new VirtualClock();
  const { states } = service(t, path, clock);
  await eventually('connected', () => silent.connections === 1);
  await advanceUntil(clock, 'left', () => states.length === 1);
  assert.ok(clock.nowMs() >= 9_990);
  assert.deepEqual(states, ['away: what listens there does not register services']);
});

test('an answer that is too long for a frame becomes an error, so that the asker does not wait', async (t) => {
  const { host, requests } = await registered(t);
  host.ask('job-1');
  await eventually('asked', () => requests.length === 1);
  requests[0]?.reply({ text: 'x'.repeat(70_000) });
  await eventually('answered', () => host.replies.length === 1);
  const [reply] = host.replies;
  assert.ok(reply !== undefined && 'error' in reply && reply.error.code === 'refused');
});

test('a daemon that reads late gets every answer, even those there was no room for, and none twice', async (t) => {
  const path = join(temporaryDirectory(t), 'host.sock');
  const ids = Array.from({ length: 38 }, (_, index) => `job-${index}`);
  const questions = ids.map((id) =>
    encoded({ type: 'request', id, service: 'stonith', text: 'off', deadlineMs: 60_000, guest: 'guest1' }),
  );
  const all = Buffer.concat([encoded({ type: 'registered', service: 'stonith' }), ...questions]);
  const answered: string[] = [];
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    sockets.push(socket);
    socket.on('error', () => {});
    const decoder = new FrameDecoder((frame) => {
      if (frame.kind === 'message' && frame.message.type === 'reply') answered.push(frame.message.id);
    });
    socket.once('data', () => {
      socket.pause();
      socket.write(all);
      socket.on('data', (chunk: Buffer) => decoder.push(chunk));
    });
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  t.after(() => server.close());
  const { client, requests } = service(t, path);
  await eventually('asked', () => requests.length === ids.length);
  for (const { reply } of requests) reply({ text: 'x'.repeat(50_000) });
  await sleep(20);
  sockets[0]?.resume();
  await eventually('all are answered', () => answered.length === ids.length);

  sockets[0]?.destroy();
  await eventually('connected again', () => sockets.length === 2);
  await sleep(20);
  sockets[1]?.resume();
  await eventually('all are answered again', () => answered.length === 2 * ids.length);
  await sleep(20);
  assert.deepEqual([...answered].sort(), [...ids, ...ids].sort());
  assert.equal(requests.length, ids.length, 'nothing was done twice');
  assert.equal(sockets.length, 2);
  await client.stop();
});

test('a ping is answered, and what is not understood harms nobody', async (t) => {
  const { host, requests } = await registered(t);
  host.tell({ type: 'services', services: [] });
  host.tell({ type: 'request', id: 'no-guest', service: 'stonith', text: '', deadlineMs: 1 });
  host.tell({ type: 'error', code: 'bad-request', message: 'no such job' });
  host.tell({ type: 'ping', nonce: 9 });
  await eventually('answered', () => host.received.some((message) => message.type === 'pong'));
  assert.deepEqual(requests, []);
  host.ask('job-1');
  await eventually('asked', () => requests.length === 1);
});

test('stop writes what was answered, leaves the daemon, and leaves nothing behind', async (t) => {
  const path = join(temporaryDirectory(t), 'host.sock');
  const host = new Host();
  await host.start(t, path);
  const clock = new VirtualClock();
  const { client, requests, states } = service(t, path, clock);
  await eventually('registered', () => client.state === 'registered');
  host.ask('job-1');
  host.ask('job-2');
  await eventually('asked', () => requests.length === 2);
  requests[0]?.reply({ text: 'OK' });
  const stopped = client.stop();
  requests[1]?.reply({ text: 'too late' });
  await stopped;
  await client.stop();
  await eventually('answered', () => host.replies.length === 1);
  assert.equal(clock.pendingTimers, 0);
  assert.equal(states.length, 1);
});

test('stop ends it in whatever state it is', async (t) => {
  const path = join(temporaryDirectory(t), 'host.sock');
  for (const waitMs of [0, 0, 30]) {
    const clock = new VirtualClock();
    const { client } = service(t, path, clock);
    await sleep(waitMs);
    await client.stop();
    assert.equal(clock.pendingTimers, 0);
  }
});
