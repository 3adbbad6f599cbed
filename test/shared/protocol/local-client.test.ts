import assert from 'node:assert/strict';
import { chmodSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { silentLogger } from '../../../shared/log.ts';
import { type Asked, type AskOptions, ask } from '../../../shared/protocol/local-client.ts';
import {
  type LocalConnection,
  type LocalLimits,
  LocalServer,
} from '../../../shared/protocol/local-server.ts';
import type { Request } from '../../../shared/protocol/message.ts';
import { eventually } from '../../support/eventually.ts';
import { fixtureCommand, startFixture } from '../../support/run-fixture.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

type OnRequest = (connection: LocalConnection, request: Request) => void;

async function daemon(t: TestContext, path: string, onRequest: OnRequest, limits: Partial<LocalLimits> = {}) {
  const server = await LocalServer.listen({
    path,
    role: 'guest',
    agent: 'test',
    session: 's',
    log: silentLogger,
    limits,
    handlers: {
      onFrame: (connection, frame) => {
        if (frame.kind === 'message' && frame.message.type === 'request')
          onRequest(connection, frame.message);
      },
      onClosed: () => {},
    },
  });
  t.after(() => server.close());
  return server;
}

/** A listener that says what it is told to, whatever it hears. */
async function impostor(t: TestContext, onConnection: (socket: Socket) => void): Promise<string> {
  const path = join(temporaryDirectory(t), 'local.sock');
  const server = createServer((socket) => {
    socket.on('error', () => {});
    t.after(() => socket.destroy());
    onConnection(socket);
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  t.after(() => server.close());
  return path;
}

const asking = (socketPath: string, more: Partial<AskOptions> = {}): Promise<Asked> =>
  ask({ socketPath, service: 'host', text: 'ping', deadlineMs: 10_000, ...more });

function failureOf(asked: Asked): string {
  if (asked.ok) assert.fail(`it was answered: ${JSON.stringify(asked.answer)}`);
  assert.match(asked.error.message, /^cannot ask host through \S+: .+; .+/s);
  return asked.failure;
}

const socketIn = (t: TestContext) => join(temporaryDirectory(t), 'local.sock');

function fixtureDaemon(t: TestContext, path: string, session: string, manner: 'answer' | 'hold') {
  const fixture = startFixture(fixtureCommand('local-daemon.ts', path, session, manner));
  t.after(async () => {
    fixture.process.kill('SIGKILL');
    await fixture.ended;
  });
  return fixture;
}

test('the answer comes as the daemon gave it', async (t) => {
  const path = socketIn(t);
  const detail = { left: [1, null] };
  await daemon(t, path, (connection, { id, text }) => {
    connection.send({ type: 'reply', id: 'somebody-elses', text: 'wrong' });
    connection.send({ type: 'reply', id, text: `${text}!`, detail });
  });
  assert.deepEqual(await asking(path), { ok: true, answer: { text: 'ping!', detail } });
});

test('an error from the daemon is an answer', async (t) => {
  const path = socketIn(t);
  const error = { code: 'host-away', message: 'no host', retry: true };
  await daemon(t, path, (connection, { id }) => void connection.send({ type: 'reply', id, error }));
  assert.deepEqual(await asking(path), { ok: true, answer: { error } });
});

test('the request carries what was given and nothing else', async (t) => {
  const path = socketIn(t);
  const requests: Request[] = [];
  await daemon(t, path, (connection, request) => {
    requests.push(request);
    connection.send({ type: 'reply', id: request.id, text: '' });
  });
  await asking(path, { id: 'mine', detail: { a: 1 }, reply: false, impatient: true, deadlineMs: 5_000 });
  await asking(path, { deadlineMs: 9e9 });
  const [full, bare] = requests.map(({ deadlineMs, ...others }) => {
    assert.ok(deadlineMs > 4_000 && deadlineMs <= 3_600_000);
    return others;
  });
  const common = { type: 'request', service: 'host', text: 'ping' };
  assert.deepEqual(full, { ...common, id: 'mine', detail: { a: 1 }, reply: false, impatient: true });
  assert.deepEqual(bare, { ...common, id: bare?.id });
  assert.match(bare?.id ?? '', /^[0-9a-f-]{36}$/);
});

test('a reply reaches only its requester, in whatever order they come', async (t) => {
  const path = socketIn(t);
  const waiting: (() => void)[] = [];
  await daemon(t, path, (connection, { id, text }) => {
    waiting.push(() => connection.send({ type: 'reply', id, text: `${text} ${id}` }));
    if (waiting.length < 200) return;
    for (const answer of waiting.sort(() => Math.random() - 0.5)) answer();
  });
  const names = Array.from({ length: 200 }, (_, index) => `client-${index}`);
  const answers = await Promise.all(names.map((name) => asking(path, { text: name, id: `id-of-${name}` })));
  assert.deepEqual(
    answers,
    names.map((name) => ({ ok: true, answer: { text: `${name} id-of-${name}` } })),
  );
});

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

test('no answer: the deadline is kept', async (t) => {
  const path = socketIn(t);
  await daemon(t, path, () => {});
  const startMs = performance.now();
  assert.equal(failureOf(await asking(path, { deadlineMs: 200 })), 'deadline');
  const tookMs = performance.now() - startMs;
  assert.ok(tookMs >= 200 && tookMs < 5_000, `${tookMs} ms`);
});

test('the daemon has the last word at the deadline, because it knows more', async (t) => {
  const path = socketIn(t);
  const error = { code: 'host-away', message: 'no host until the deadline', retry: true };
  await daemon(t, path, (connection, { id, deadlineMs }) => {
    setTimeout(() => connection.send({ type: 'reply', id, error }), deadlineMs);
  });
  assert.deepEqual(await asking(path, { deadlineMs: 200 }), { ok: true, answer: { error } });
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
  assert.equal(failureOf(await asking(path, { deadlineMs: 60 })), 'deadline');
  held.shift()?.();
  assert.deepEqual(await first, { ok: true, answer: { text: 'first' } });
  await eventually('the second is in', () => held.length === 1);
  held.shift()?.();
  assert.deepEqual(await second, { ok: true, answer: { text: 'second' } });
});

test('permission denied is told at once', async (t) => {
  const path = socketIn(t);
  await daemon(t, path, () => assert.fail('nobody may ask'));
  chmodSync(path, 0);
  const fixture = startFixture(fixtureCommand('ask-once.ts', path, '60000', 'nobody'));
  await fixture.ended;
  assert.match(
    fixture.stdout(),
    /^permission-denied: cannot ask host through \S+: permission denied; run it as root$/m,
  );
});

test('what is no answer of this protocol is told at once', async (t) => {
  for (const [words, fault] of [
    ['HTTP/1.1 400 Bad Request\r\n', /no frame/],
    ['{"type":"reply","text":7}\n', /id/],
    ['{"type":"reply","id":"mine","text":7}\n', /text/],
    ['{"type":"hello","version":"two"}\n', /version/],
    ['\u0002'.padEnd(80, '\u0000'), /version 1/],
  ] as const) {
    const path = await impostor(t, (socket) => void socket.write(words));
    const asked = await asking(path, { id: 'mine' });
    assert.equal(failureOf(asked), 'malformed', words);
    assert.ok(!asked.ok && fault.test(asked.error.message));
  }
});

test('what a later version says beside the answer is ignored', async (t) => {
  const path = await impostor(t, (socket) => {
    socket.write('{"type":"hello","version":3,"agent":"a","session":"s","role":"guest","new":[]}\n\n');
    socket.write('{"type":"progress","id":"mine"}\n{"type":"reply","id":"other","text":7}\n');
    socket.write('{"type":"reply","id":"mine","text":"OK","new":1}\n');
  });
  assert.deepEqual(await asking(path, { id: 'mine' }), { ok: true, answer: { text: 'OK' } });
});

test('fault found by the daemon with the frame itself is an answer', async (t) => {
  const path = await impostor(t, (socket) => {
    socket.write('{"type":"error","code":"bad-request","message":"service has to be a service"}\n');
  });
  const error = { code: 'bad-request', message: 'service has to be a service', retry: false };
  assert.deepEqual(await asking(path), { ok: true, answer: { error } });
});

test('what no daemon could answer is not sent', async (t) => {
  assert.equal(failureOf(await asking(`/tmp/${'x'.repeat(120)}`)), 'unusable');
  const path = socketIn(t);
  await daemon(t, path, () => assert.fail('it was sent'));
  const asked = await asking(path, { text: 'x'.repeat(70_000) });
  assert.equal(failureOf(asked), 'unusable');
  assert.ok(!asked.ok && asked.error.exitCode === 1);
});

test('calling it off ends it at once, whatever it waits for', async (t) => {
  const path = socketIn(t);
  const before = new AbortController();
  before.abort();
  assert.equal(failureOf(await asking(path, { signal: before.signal })), 'aborted');
  const absent = new AbortController();
  const waitingForDaemon = asking(path, { signal: absent.signal });
  await sleep(30);
  absent.abort();
  assert.equal(failureOf(await waitingForDaemon), 'aborted');

  const asked: Request[] = [];
  const server = await daemon(t, path, (_connection, request) => void asked.push(request));
  const silent = new AbortController();
  const waitingForAnswer = asking(path, { signal: silent.signal });
  await eventually('asked', () => asked.length === 1);
  silent.abort();
  assert.equal(failureOf(await waitingForAnswer), 'aborted');
  await eventually('the daemon sees the end', () => server.connections === 0);
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
