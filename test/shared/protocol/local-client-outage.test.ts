import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { eventually } from '../../support/eventually.ts';
import { fixtureCommand, startFixture } from '../../support/run-fixture.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';
import { asking, daemon, failureOf, type OnRequest, socketIn } from './asking.ts';

function fixtureDaemon(t: TestContext, path: string, session: string, manner: 'answer' | 'hold') {
  const fixture = startFixture(fixtureCommand('local-daemon.ts', path, session, manner));
  t.after(async () => {
    fixture.process.kill('SIGKILL');
    await fixture.ended;
  });
  return fixture;
}

test('a daemon that is killed and started anew during a request costs its asker nothing', async (t) => {
  const path = socketIn(t);
  const first = fixtureDaemon(t, path, 'first', 'hold');
  await first.says(/ready/);
  const answer = asking(path, { id: 'job-1' });
  const [, firstLeft] = await first.says(/asked job-1 (\d+)/);
  await sleep(100);
  first.process.kill('SIGKILL');
  await first.ended;
  const second = fixtureDaemon(t, path, 'second', 'answer');
  assert.deepEqual(await answer, { ok: true, answer: { text: 'second' } });
  const [, secondLeft] = await second.says(/asked job-1 (\d+)/);
  assert.ok(Number(secondLeft) <= Number(firstLeft) - 100, `${firstLeft} ms were left, then ${secondLeft}`);
  assert.equal(second.stdout().match(/asked/g)?.length, 1);
});

test('a daemon that is not there yet is waited for', async (t) => {
  const path = socketIn(t);
  const answer = asking(path);
  await sleep(120);
  await daemon(t, path, (connection, { id }) => void connection.send({ type: 'reply', id, text: 'OK' }));
  assert.deepEqual(await answer, { ok: true, answer: { text: 'OK' } });
});

test('the first retry comes within 50 ms, the later ones within 500 ms of each other', async (t) => {
  const path = socketIn(t);
  const clock = new VirtualClock();
  const delays: number[] = [];
  const skipping = {
    nowMs: () => clock.nowMs(),
    wallMs: () => clock.wallMs(),
    after: clock.after.bind(clock),
    sleep: async (delayMs: number) => {
      delays.push(Math.round(delayMs));
      await clock.advance(delayMs);
    },
  };
  const asked = await asking(path, { clock: skipping, random: () => 1, deadlineMs: 2_000 });
  assert.equal(failureOf(asked), 'not-running');
  assert.deepEqual(delays, [50, 100, 200, 400, 500, 500, 250]);
});

test('nobody there: the deadline passes and the failure says which program to start', async (t) => {
  const startMs = performance.now();
  const asked = await asking(socketIn(t), { deadlineMs: 150 });
  const tookMs = performance.now() - startMs;
  assert.equal(failureOf(asked), 'not-running');
  assert.ok(!asked.ok && /start vm-connectd/.test(asked.error.message) && asked.error.exitCode === 2);
  assert.ok(tookMs >= 140 && tookMs < 5_000, `${tookMs} ms`);
});

test('an impatient asker does not wait for a daemon that is away', async (t) => {
  const startMs = performance.now();
  assert.equal(failureOf(await asking(socketIn(t), { impatient: true })), 'not-running');
  assert.ok(performance.now() - startMs < 5_000);
});

test('a daemon that has not been there at all is waited for as long as the asker says', async (t) => {
  const path = socketIn(t);
  const startMs = performance.now();
  assert.equal(failureOf(await asking(path, { absentMs: 100 })), 'not-running');
  assert.ok(performance.now() - startMs >= 90);
  assert.ok(performance.now() - startMs < 5_000);
  const server = await daemon(t, path, (connection) => connection.close());
  const answer = asking(path, { absentMs: 0 });
  await eventually('asked', () => server.counts.accepted > 0);
  await server.close();
  await sleep(100);
  await daemon(t, path, (connection, { id }) => void connection.send({ type: 'reply', id, text: 'OK' }));
  assert.deepEqual(await answer, { ok: true, answer: { text: 'OK' } }, 'one that was there is waited for');
});

test('an impatient asker whose daemon goes away waits a second for another', async (t) => {
  const path = socketIn(t);
  const server = await daemon(t, path, (connection) => connection.close());
  const startMs = performance.now();
  const answer = asking(path, { impatient: true });
  await eventually('asked', () => server.counts.accepted > 0);
  await server.close();
  assert.equal(failureOf(await answer), 'not-running');
  const tookMs = performance.now() - startMs;
  assert.ok(tookMs >= 900 && tookMs < 5_000, `${tookMs} ms`);
});

test('without room at the daemon it is asked again until there is some', async (t) => {
  const path = socketIn(t);
  const held: (() => void)[] = [];
  const answerLater: OnRequest = (connection, { id, text }) =>
    void held.push(() => connection.send({ type: 'reply', id, text }));
  const server = await daemon(t, path, answerLater, { connections: 1 });
  const first = asking(path, { text: 'first' });
  await eventually('the first is in', () => held.length === 1);
  const second = asking(path, { text: 'second' });
  await eventually('the second was refused', () => server.counts.refused > 0);
  assert.equal(failureOf(await asking(path, { deadlineMs: 60 })), 'no-room');
  held.shift()?.();
  assert.deepEqual(await first, { ok: true, answer: { text: 'first' } });
  await eventually('the second is in', () => held.length === 1);
  held.shift()?.();
  assert.deepEqual(await second, { ok: true, answer: { text: 'second' } });
});

test('nothing is left open afterwards: the process ends by itself', async (t) => {
  const path = socketIn(t);
  const server = await daemon(t, path, (connection, { id }) => {
    connection.send({ type: 'reply', id, text: 'OK' });
  });
  const answered = startFixture(fixtureCommand('ask-once.ts', path, '3000000'));
  assert.deepEqual(await answered.ended, { exitCode: 0, signal: null });
  assert.equal(answered.stdout(), 'answer {"text":"OK"}\n');
  assert.equal(answered.stderr(), '');
  await server.close();
  const failed = startFixture(fixtureCommand('ask-once.ts', path, '50'));
  assert.deepEqual(await failed.ended, { exitCode: 0, signal: null });
  assert.match(failed.stdout(), /^not-running: /);
});
