import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AgentDriver, hello, PREAMBLE } from './agent-driver.ts';

test('the agent greets when the host is there, comes back, and at every preamble', () => {
  const driver = new AgentDriver().give({ kind: 'port-opened' });
  assert.deepEqual(driver.words(), [], 'nobody is there to be greeted');
  assert.deepEqual(driver.give({ kind: 'host-there' }).words(), ['greet']);
  assert.deepEqual(driver.give(PREAMBLE).words(), ['greet']);
  driver.hostSays(hello('hostA', 's1'));
  assert.equal(driver.agent.link.state, 'up');
  assert.deepEqual(driver.words(), []);
  assert.deepEqual(driver.give(PREAMBLE).words(), ['greet']);
  assert.equal(driver.agent.link.state, 'greeting');
  driver.hostSays(hello('hostA', 's1')).give({ kind: 'host-gone' });
  assert.equal(driver.agent.link.state, 'away');
  assert.deepEqual(driver.give({ kind: 'host-there' }).words(), ['greet']);
});

test('an unanswered greeting is repeated every 10 s, for ever', () => {
  const driver = new AgentDriver().give({ kind: 'port-opened' }, { kind: 'host-there' });
  assert.deepEqual(driver.pass(9_999).words(), ['greet']);
  assert.deepEqual(driver.pass(1).words(), ['greet']);
  assert.equal(driver.agent.link.state, 'silent');
  assert.deepEqual(
    driver.pass(60_000).words(),
    Array.from({ length: 6 }, () => 'greet'),
  );
  assert.equal(driver.hostSays(hello('hostA', 's1')).agent.link.state, 'up');
  assert.equal(driver.agent.link.counts.silences, 1);
});

test('an idle link is pinged every minute, one with open requests every 2 s', () => {
  const driver = new AgentDriver().linkUp();
  for (let round = 1; round <= 3; round++) {
    assert.deepEqual(driver.pass(59_999).words(), []);
    assert.deepEqual(driver.pass(1).words(), [`ping ${round}`]);
    driver.hostSays({ type: 'pong', nonce: round });
  }
  driver.ask(1, 'a').words();
  assert.deepEqual(driver.pass(1_999).words(), []);
  assert.deepEqual(driver.pass(1).words(), ['ping 4']);
  driver.hostSays({ type: 'pong', nonce: 4 });
  assert.deepEqual(driver.pass(2_000).words(), ['ping 5']);
  driver.reply('a').words();
  assert.deepEqual(driver.pass(59_999).words(), [], 'idle again');
});

test('any byte is a sign of life; without one for 10 s after a ping the host is silent and greeted anew', () => {
  const driver = new AgentDriver().linkUp().pass(60_000);
  assert.deepEqual(driver.words(), ['ping 1']);
  driver.pass(9_000).give({ kind: 'heard' });
  driver.pass(9_000);
  assert.equal(driver.agent.link.state, 'up', 'half a frame has come');
  assert.deepEqual(driver.words(), []);
  driver.pass(51_000);
  assert.deepEqual(driver.words(), ['ping 2']);
  driver.pass(10_000);
  assert.deepEqual(driver.words(), ['greet']);
  assert.equal(driver.agent.link.state, 'silent');
});

test('a host that does not read is silent: its greeting is due in 10 s, not at once into a full queue', () => {
  const driver = new AgentDriver().linkUp().ask(1, 'a').give({ kind: 'stuck' });
  assert.equal(driver.agent.link.state, 'silent');
  driver.words();
  assert.deepEqual(driver.pass(9_999).words(), []);
  assert.deepEqual(driver.pass(1).words(), ['greet']);
  assert.deepEqual(driver.hostSays(hello('hostA', 's1')).words(), ['ask a 50000']);
});

test('another host is a migration, another session of the same host its restart', () => {
  const driver = new AgentDriver().linkUp('hostA', 's1');
  const { counts } = driver.agent.link;
  driver.give(PREAMBLE).hostSays(hello('hostA', 's1'));
  assert.deepEqual([counts.migrations, counts.hostRestarts], [0, 0], 'it only said hello again');
  driver.give(PREAMBLE).hostSays(hello('hostB', 's2'));
  assert.deepEqual([counts.migrations, counts.hostRestarts], [1, 0]);
  driver.give(PREAMBLE).hostSays(hello('hostB', 's3'));
  assert.deepEqual([counts.migrations, counts.hostRestarts], [1, 1]);
});

test('a host daemon that restarts and has another name at first is no migration: the machine is the same', () => {
  const driver = new AgentDriver();
  driver.give({ kind: 'port-opened' }, { kind: 'host-there' });
  const { counts } = driver.agent.link;
  for (const [name, session, boot] of [
    ['node1', 's1', 'boot1'],
    ['host.example', 's2', 'boot1'],
    ['node1', 's2', 'boot1'],
    ['node2', 's3', 'boot2'],
  ] as const) {
    driver.give(PREAMBLE).hostSays(hello(name, session, [], boot));
  }
  assert.deepEqual([counts.migrations, counts.hostRestarts], [1, 1]);
});

test('the round trip is that of the last ping, and an old pong does not spoil it', () => {
  const driver = new AgentDriver().linkUp().pass(60_000);
  driver.pass(3).hostSays({ type: 'pong', nonce: 1 });
  assert.equal(driver.agent.link.roundTripMs, 3);
  driver.pass(60_000).hostSays({ type: 'pong', nonce: 1 });
  assert.equal(driver.agent.link.roundTripMs, 3);
});

test('the host is answered its pings, and what a host never sends is counted and ignored', () => {
  const driver = new AgentDriver().linkUp();
  assert.deepEqual(driver.hostSays({ type: 'ping', nonce: 7 }).words(), ['pong 7']);
  driver.hostSays({ type: 'request', id: 'x', service: 'stonith', text: 'off', deadlineMs: 5 });
  driver.give({ kind: 'frame', frame: { kind: 'v1', frame: { type: 3, id: 'x', client: 0, text: '' } } });
  driver.give({ kind: 'frame', frame: { kind: 'unknown-type', name: 'new' } });
  driver.give({ kind: 'frame', frame: { kind: 'bad-message', fault: 'text is missing', id: 'x' } });
  driver.hostSays({ type: 'error', code: 'bad-request', message: 'what?' });
  assert.deepEqual(driver.words(), []);
  assert.deepEqual(driver.agent.faults, { badMessages: 1, unknownTypes: 1, unexpected: 2, errors: 1 });
});

test('an answer that is not understood ends its request at once, and no other', () => {
  const driver = new AgentDriver().linkUp().ask(1, 'a').ask(1, 'b');
  driver.words();
  const fault = 'error.retry has to be true or false';
  driver.give({ kind: 'frame', frame: { kind: 'bad-message', fault, id: 'a', replyTo: { id: 'a' } } });
  assert.deepEqual(driver.deeds(), ['1 <= a: bad-reply']);
  assert.equal(driver.agent.outbox.open, 1);
});

test('a lost port is closed from whatever state, and nothing falls due without a connection', () => {
  const driver = new AgentDriver().linkUp().give({ kind: 'port-lost' });
  assert.equal(driver.agent.link.state, 'closed');
  assert.equal(driver.agent.nextDueMs(), undefined);
  driver.give({ kind: 'port-opened' });
  assert.equal(driver.agent.nextDueMs(), undefined);
});
