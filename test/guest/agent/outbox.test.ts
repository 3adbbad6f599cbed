import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LIMITS } from '../../../guest/agent/admission.ts';
import { AgentDriver, hello, PREAMBLE } from './agent-driver.ts';

test('a request is sent when the link is up, and its reply goes to who asked', () => {
  const driver = new AgentDriver().ask(1, 'a');
  assert.deepEqual(driver.words(), [], 'there is no link yet');
  driver.give({ kind: 'port-opened' }, { kind: 'host-there' }).pass(500).hostSays(hello('hostA', 's1'));
  assert.deepEqual(driver.words(), ['greet', 'ask a 59500'], 'the deadline is what is left');
  assert.deepEqual(driver.reply('a').words(), ['1 <= a: OK']);
  assert.deepEqual(driver.reply('a').words(), [], 'once');
  assert.equal(driver.agent.outbox.counts.lateReplies, 1);
});

test('at every hello all that is not answered is sent again under its old id', () => {
  const driver = new AgentDriver().linkUp().ask(1, 'a').ask(2, 'b').refuse('b', 'service-away', true);
  driver.words();
  driver.pass(100).give(PREAMBLE).hostSays(hello('hostB', 's2'));
  assert.deepEqual(driver.words(), ['greet', 'ask a 59900', 'ask b 59900']);
  assert.equal(driver.agent.outbox.counts.sentAgain, 2);
});

test('a request whose frame or answer got lost on the way is sent again after 10 s', () => {
  const driver = new AgentDriver().linkUp().ask(1, 'a', { deadlineMs: 25_000 });
  const lively = (ms: number) => {
    for (let passed = 0; passed < ms; passed += 1_000) driver.pass(1_000).give({ kind: 'heard' });
    return driver.deeds();
  };
  assert.deepEqual(lively(9_000), ['ask a 25000']);
  assert.deepEqual(lively(1_000), ['ask a 15000']);
  assert.deepEqual(lively(10_000), ['ask a 5000']);
  assert.deepEqual(lively(5_000), ['1 <= a: deadline', 'cancel a']);
});

test('a retriable error is tried again after 1, 2, 4, 5, 5 s, and the last one is the answer at the deadline', () => {
  const driver = new AgentDriver().linkUp().ask(1, 'a', { deadlineMs: 20_000 });
  driver.words();
  const sentAtMs: number[] = [];
  const beganMs = driver.nowMs;
  while (driver.nowMs < beganMs + 19_900) {
    driver.refuse('a', 'service-away', true);
    while (driver.deeds().length === 0 && driver.nowMs < beganMs + 19_900) driver.pass(100);
    sentAtMs.push(driver.nowMs - beganMs);
  }
  assert.deepEqual(sentAtMs, [1_000, 3_000, 7_000, 12_000, 17_000, 19_900]);
  assert.deepEqual(driver.pass(100).deeds(), ['cancel a', '1 <= a: service-away'].reverse());
});

test('a held request is sent at once when its service comes, not when another does', () => {
  const driver = new AgentDriver().linkUp().ask(1, 'a').refuse('a', 'service-away', true);
  driver.words();
  assert.deepEqual(driver.hostSays({ type: 'services', services: ['monitor'] }).words(), []);
  assert.deepEqual(driver.hostSays({ type: 'services', services: ['monitor', 'stonith'] }).words(), [
    'ask a 60000',
  ]);
});

test('an impatient asker is told at once what a patient one waits out', () => {
  const driver = new AgentDriver().ask(1, 'a', { impatient: true });
  assert.deepEqual(driver.words(), ['1 <= a: host-away'], 'no port');
  driver.give({ kind: 'port-opened' }).ask(1, 'b', { impatient: true });
  assert.deepEqual(driver.words(), ['1 <= b: host-away'], 'no host');
  driver.linkUp().ask(1, 'c', { impatient: true }).ask(2, 'c');
  driver.words();
  assert.deepEqual(driver.refuse('c', 'service-away', true).words(), ['1 <= c: service-away']);
  assert.deepEqual(driver.ask(3, 'c', { impatient: true }).words(), ['3 <= c: service-away']);
  driver.pass(1_000);
  assert.deepEqual(driver.reply('c').deeds(), ['ask c 59000', '2 <= c: OK']);
  driver.ask(1, 'd', { impatient: true }).words();
  assert.deepEqual(driver.give({ kind: 'host-gone' }).words(), ['1 <= d: host-away']);
});

test('without a host until the deadline the answer is host-away; with one that had the request, deadline', () => {
  const driver = new AgentDriver().ask(1, 'a', { deadlineMs: 5_000 });
  assert.deepEqual(driver.pass(4_999).words(), []);
  assert.deepEqual(driver.pass(1).words(), ['1 <= a: host-away']);
  driver.linkUp().ask(1, 'b', { deadlineMs: 5_000 }).words();
  assert.deepEqual(driver.pass(5_000).deeds(), ['1 <= b: deadline', 'cancel b']);
  assert.equal(driver.agent.outbox.counts.hostAway, 1);
  assert.equal(driver.agent.outbox.counts.deadlines, 1);
});

test('two programs that ask the same under one id are both answered; one that asks something else is refused', () => {
  const driver = new AgentDriver().linkUp().ask(1, 'a', { deadlineMs: 5_000 });
  driver.words();
  assert.deepEqual(
    driver.ask(2, 'a', { deadlineMs: 9_000 }).words(),
    ['ask a 9000'],
    'the later deadline counts',
  );
  assert.deepEqual(driver.ask(3, 'a', { deadlineMs: 3_000 }).words(), [], 'the host knows enough');
  assert.deepEqual(driver.ask(4, 'a', { text: 'off y' }).words(), ['4 <= a: id-conflict']);
  assert.deepEqual(driver.pass(6_000).deeds(), ['3 <= a: deadline', '1 <= a: deadline']);
  assert.deepEqual(driver.reply('a').words(), ['2 <= a: OK']);
});

test('asking twice is asking once, until the later deadline', () => {
  const driver = new AgentDriver()
    .linkUp()
    .ask(1, 'a', { deadlineMs: 9_000 })
    .ask(1, 'a', { deadlineMs: 2_000 });
  driver.words();
  assert.deepEqual(driver.pass(8_000).deeds(), []);
  assert.deepEqual(driver.reply('a').words(), ['1 <= a: OK']);
});

test('the host is told to cancel when the last asker leaves, and not before', () => {
  const driver = new AgentDriver().linkUp().ask(1, 'a').ask(2, 'a');
  driver.words();
  assert.deepEqual(driver.give({ kind: 'cancel', client: 1, id: 'a' }).words(), []);
  assert.deepEqual(driver.give({ kind: 'client-gone', client: 2 }).words(), ['cancel a']);
  assert.deepEqual(driver.reply('a').words(), [], 'nobody waits for it');
});

test('a cancel that finds no link is told at the next hello, unless its request is asked anew', () => {
  const driver = new AgentDriver().linkUp().ask(1, 'a').ask(1, 'b').give({ kind: 'host-gone' });
  driver.give({ kind: 'client-gone', client: 1 }).ask(2, 'b').words();
  driver.give({ kind: 'host-there' }).hostSays(hello('hostA', 's1'));
  assert.deepEqual(driver.words(), ['greet', 'cancel a', 'ask b 60000']);
  driver.give(PREAMBLE).hostSays(hello('hostA', 's1'));
  assert.deepEqual(driver.words(), ['greet', 'ask b 60000'], 'told once');
});

test('a request that never was on the wire needs no cancel', () => {
  const driver = new AgentDriver().ask(1, 'a').give({ kind: 'client-gone', client: 1 });
  assert.deepEqual(driver.linkUp().ask(2, 'z').words(), ['ask z 60000']);
});

test('who asked for no reply is told that it is queued, and the request outlives its connection', () => {
  const driver = new AgentDriver().ask(1, 'a', { reply: false, deadlineMs: 9_000 });
  assert.deepEqual(driver.words(), ['1 <= a: queued']);
  driver.give({ kind: 'client-gone', client: 1 });
  driver.give({ kind: 'port-opened' }, { kind: 'host-there' }).hostSays(hello('hostA', 's1'));
  assert.deepEqual(driver.words(), ['greet', 'ask a 9000']);
  assert.deepEqual(driver.reply('a').words(), [], 'nobody is there to hear it');
  assert.equal(driver.agent.outbox.open, 0);
});

test('a cancel by a program that did not ask calls the request off for all', () => {
  const driver = new AgentDriver().linkUp().ask(1, 'a').ask(2, 'b', { reply: false });
  driver.words();
  assert.deepEqual(driver.give({ kind: 'cancel', client: 9, id: 'a' }).words(), [
    '1 <= a: deadline',
    'cancel a',
  ]);
  assert.deepEqual(driver.give({ kind: 'cancel', client: 9, id: 'b' }).words(), ['cancel b']);
  assert.deepEqual(
    driver.give({ kind: 'cancel', client: 9, id: 'c' }).words(),
    ['cancel c'],
    'asked by a predecessor',
  );
});

test('one client can take 48 of the 64 places; the next request is too many', () => {
  const driver = new AgentDriver().linkUp();
  for (let number = 1; number <= LIMITS.clientRequests; number++) driver.ask(1, `one-${number}`);
  driver.words();
  assert.deepEqual(driver.ask(1, 'more').words(), ['1 <= more: too-many']);
  for (let number = LIMITS.clientRequests; number < LIMITS.requests; number++) driver.ask(2, `two-${number}`);
  driver.words();
  assert.deepEqual(driver.ask(3, 'more').words(), ['3 <= more: too-many']);
  driver.reply('one-1').words();
  assert.deepEqual(driver.ask(3, 'more').words(), ['ask more 60000'], 'there is room again');
});

test('requests without a reply count as those of their connection, and together as those of one', () => {
  const driver = new AgentDriver().linkUp();
  for (let number = 1; number <= LIMITS.clientRequests; number++) {
    driver.ask(1, `one-${number}`, { reply: number % 2 === 0 });
  }
  driver.words();
  assert.deepEqual(driver.ask(1, 'more').words(), ['1 <= more: too-many']);
  assert.deepEqual(driver.ask(1, 'more', { reply: false }).words(), ['1 <= more: too-many']);
  driver.give({ kind: 'client-gone', client: 1 });
  assert.equal(driver.agent.outbox.open, LIMITS.clientRequests / 2, 'they outlive it');
  for (let client = 2; client < 100; client++) driver.ask(client, `of-${client}`, { reply: false });
  assert.equal(driver.agent.outbox.open, LIMITS.clientRequests);
  driver.words();
  assert.deepEqual(driver.ask(100, 'more', { reply: false }).words(), ['100 <= more: too-many']);
  assert.deepEqual(driver.ask(100, 'more').words(), ['ask more 60000'], 'who waits for a reply has room');
});

test('open requests are bounded in bytes too, and one longer than a frame is bad', () => {
  const driver = new AgentDriver().linkUp();
  const text = 'x'.repeat(60_000);
  for (const client of [1, 2, 3, 4]) driver.ask(client, `big-${client}`, { text });
  driver.words();
  assert.deepEqual(driver.ask(5, 'big-5', { text }).words(), ['5 <= big-5: too-many']);
  assert.deepEqual(driver.ask(5, 'huge', { text: 'x'.repeat(70_000) }).words(), ['5 <= huge: bad-request']);
  assert.ok(driver.agent.outbox.bytes <= LIMITS.bytes);
});
