import assert from 'node:assert/strict';
import { chmodSync } from 'node:fs';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Request } from '../../../shared/protocol/message.ts';
import { eventually } from '../../support/eventually.ts';
import { fixtureCommand, startFixture } from '../../support/run-fixture.ts';
import { asking, daemon, failureOf, impostor, socketIn } from './asking.ts';

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
