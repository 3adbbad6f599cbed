/**
 * The laws of the outbox under random interleavings: link loss, host restarts, duplicates, late replies, retriable
 * errors, clients that leave. A ledger beside the agent knows who is owed an answer.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { LIMITS } from '../../../guest/agent/admission.ts';
import { Agent, type AgentEvent } from '../../../guest/agent/agent.ts';
import type { Effect } from '../../../guest/agent/effect.ts';
import { TAKEN_OVER } from '../../../guest/agent/outbox.ts';
import type { Message, Reply, Request } from '../../../shared/protocol/message.ts';

const CLIENTS = [1, 2, 3, 4];
const IDS = ['a', 'b', 'c', 'd', 'e'];
const TEXTS = ['off x', 'status y'];

type Step =
  | { readonly kind: 'event'; readonly event: AgentEvent }
  | { readonly kind: 'pass'; readonly ms: number };

const event = (value: AgentEvent): Step => ({ kind: 'event', event: value });
const message = (value: Message): Step =>
  event({ kind: 'frame', frame: { kind: 'message', message: value } });

const client = fc.constantFrom(...CLIENTS);
const id = fc.constantFrom(...IDS);

const request: fc.Arbitrary<Request> = fc.record(
  {
    type: fc.constant('request' as const),
    id,
    service: fc.constant('stonith'),
    text: fc.constantFrom(...TEXTS),
    deadlineMs: fc.integer({ min: 1, max: 30_000 }),
    impatient: fc.boolean(),
    reply: fc.boolean(),
  },
  { requiredKeys: ['type', 'id', 'service', 'text', 'deadlineMs'] },
);

const reply: fc.Arbitrary<Reply> = fc.oneof(
  fc.record({ type: fc.constant('reply' as const), id, text: fc.constant('OK') }),
  fc.record({
    type: fc.constant('reply' as const),
    id,
    error: fc.record({
      code: fc.constantFrom('service-away', 'refused'),
      message: fc.constant('no'),
      retry: fc.boolean(),
    }),
  }),
);

const hello = (host: string, session: string): Message => ({
  type: 'hello',
  version: 2,
  agent: 'a host',
  session,
  host,
  services: ['stonith'],
});

const PREAMBLE: AgentEvent = {
  kind: 'frame',
  frame: { kind: 'v1', frame: { type: 2, id: '', client: 0, text: '' } },
};

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.tuple(client, request).map(([who, what]) => asking(who, what)) },
  {
    weight: 1,
    arbitrary: fc.tuple(client, id).map(([who, what]) => event({ kind: 'cancel', client: who, id: what })),
  },
  { weight: 1, arbitrary: client.map((who) => event({ kind: 'client-gone', client: who })) },
  { weight: 4, arbitrary: reply.map((value) => message(value)) },
  {
    weight: 4,
    arbitrary: fc
      .tuple(fc.constantFrom('A', 'B'), fc.constantFrom('1', '2'))
      .map(([host, session]) => message(hello(host, session))),
  },
  { weight: 1, arbitrary: fc.constant(message({ type: 'services', services: ['stonith'] })) },
  {
    weight: 4,
    arbitrary: fc
      .constantFrom<AgentEvent>(
        { kind: 'port-opened' },
        { kind: 'port-lost' },
        { kind: 'host-there' },
        { kind: 'host-there' },
        { kind: 'host-gone' },
        { kind: 'stuck' },
        { kind: 'heard' },
        PREAMBLE,
      )
      .map(event),
  },
  { weight: 3, arbitrary: fc.integer({ min: 0, max: 9_000 }).map((ms): Step => ({ kind: 'pass', ms })) },
);

function asking(who: number, what: Request): Step {
  return event({ kind: 'ask', client: who, request: what });
}

interface Owed {
  untilMs: number;
  readonly text: string;
}

/** The agent, its time, and the ledger that every effect is checked against. */
class World {
  nowMs = 1_000;
  readonly agent = new Agent(this.nowMs);
  readonly owed = new Map<string, Owed>();
  /** Ids of open requests, with the text that was asked. */
  answers = 0;
  #connected: 'no' | 'port' | 'host' = 'no';

  take(next: Step): void {
    if (next.kind === 'pass') this.pass(next.ms);
    else this.#feed(next.event);
  }

  pass(ms: number): void {
    const untilMs = this.nowMs + ms;
    for (
      let dueMs = this.agent.nextDueMs();
      dueMs !== undefined && dueMs <= untilMs;
      dueMs = this.agent.nextDueMs()
    ) {
      const before = this.nowMs;
      this.nowMs = Math.max(this.nowMs, dueMs);
      const effects = this.agent.handle({ kind: 'due' }, this.nowMs);
      assert.ok(effects.length > 0 || this.nowMs > before, 'a timer that does nothing would fire for ever');
      this.#check({ kind: 'due' }, effects);
    }
    this.nowMs = untilMs;
  }

  /** Only what the port could really report in its state. */
  #feed(next: AgentEvent): void {
    const connected = this.#connected;
    switch (next.kind) {
      case 'port-opened':
        if (connected !== 'no') return;
        this.#connected = 'port';
        break;
      case 'port-lost':
        this.#connected = 'no';
        break;
      case 'host-there':
        if (connected !== 'port') return;
        this.#connected = 'host';
        break;
      case 'host-gone':
        if (connected === 'host') this.#connected = 'port';
        break;
      case 'frame':
      case 'heard':
        if (connected !== 'host') return;
        break;
      default:
        break;
    }
    const wasOpen = [...this.owed.keys()];
    this.#note(next);
    const effects = this.agent.handle(next, this.nowMs);
    this.#check(next, effects);
    this.#strike(next, wasOpen);
    this.#checkHello(next, effects);
    const { open, bytes } = this.agent.outbox;
    assert.ok(open <= LIMITS.requests && bytes <= LIMITS.bytes);
  }

  /** Before an event: what it makes owed. */
  #note(next: AgentEvent): void {
    if (next.kind !== 'ask' || next.request.reply === false) return;
    const key = keyOf(next.client, next.request.id);
    const untilMs = this.nowMs + next.request.deadlineMs;
    const former = this.owed.get(key);
    if (former === undefined) this.owed.set(key, { untilMs, text: next.request.text });
    else if (former.text === next.request.text) former.untilMs = Math.max(former.untilMs, untilMs);
  }

  /** After an event: nothing is owed to one who left or called it off. */
  #strike(next: AgentEvent, wasOpen: readonly string[]): void {
    if (next.kind === 'cancel') this.owed.delete(keyOf(next.client, next.id));
    if (next.kind !== 'client-gone') return;
    for (const key of wasOpen) if (key.startsWith(`${next.client}/`)) this.owed.delete(key);
  }

  #check(cause: AgentEvent, effects: readonly Effect[]): void {
    for (const effect of effects) {
      if (effect.kind === 'send' && effect.message.type !== 'ping' && effect.message.type !== 'pong') {
        assert.equal(this.agent.link.state, 'up', `${effect.message.type} sent on a link that is not up`);
      }
      if (effect.kind === 'answer') this.#checkAnswer(cause, effect.client, effect.reply);
    }
  }

  #checkAnswer(cause: AgentEvent, who: number, what: Reply): void {
    this.answers++;
    const isRefusal = 'error' in what && ['id-conflict', 'too-many'].includes(what.error.code);
    if (isRefusal || ('text' in what && what.text === TAKEN_OVER)) {
      assert.equal(cause.kind, 'ask', 'refused or taken over only when it is asked');
      if (cause.kind === 'ask') assert.equal(cause.client, who);
      if (!isRefusal || cause.kind !== 'ask') return;
      const mine = this.owed.get(keyOf(who, what.id));
      // Refused as a whole, unless the same client waits for another text under that id.
      if (mine?.text === cause.request.text) this.owed.delete(keyOf(who, what.id));
      return;
    }
    const owed = this.owed.get(keyOf(who, what.id));
    assert.ok(owed !== undefined, `client ${who} gets an answer to ${what.id} that is not owed`);
    assert.ok(this.nowMs <= owed.untilMs, 'answered after the deadline');
    this.owed.delete(keyOf(who, what.id));
  }

  #checkHello(next: AgentEvent, effects: readonly Effect[]): void {
    if (next.kind !== 'frame' || next.frame.kind !== 'message' || next.frame.message.type !== 'hello') return;
    const sent = new Set(
      effects.flatMap((effect) =>
        effect.kind === 'send' && effect.message.type === 'request' ? [effect.message.id] : [],
      ),
    );
    for (const key of this.owed.keys()) assert.ok(sent.has(idOf(key)), `${key} is not sent again at hello`);
  }
}

const keyOf = (who: number, what: string) => `${who}/${what}`;
const idOf = (key: string) => key.slice(key.indexOf('/') + 1);

test('whatever happens, each asker gets exactly one answer by its deadline, and nothing after it left', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 120, size: 'max' }), (steps) => {
      const world = new World();
      for (const next of steps) world.take(next);
      world.pass(31_000);
      assert.deepEqual([...world.owed.keys()], [], 'somebody waits for ever');
      assert.equal(world.agent.outbox.open, 0);
      assert.equal(world.agent.outbox.bytes, 0);
    }),
    { numRuns: 1_500 },
  );
});

test('after any past, one hello brings all that waits to the host, and its replies reach who asked', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60, size: 'max' }), (steps) => {
      const world = new World();
      for (const next of steps) world.take(next);
      for (const kind of ['port-lost', 'port-opened', 'host-there'] as const) world.take(event({ kind }));
      const waiting = [...world.owed.keys()];
      world.take(message(hello('C', '9')));
      for (const name of IDS) world.take(message({ type: 'reply', id: name, text: 'OK' }));
      assert.deepEqual([...world.owed.keys()], [], `not answered of ${waiting}`);
      assert.equal(world.agent.outbox.open, 0);
    }),
    { numRuns: 500 },
  );
});
