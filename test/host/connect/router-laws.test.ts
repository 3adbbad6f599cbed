/**
 * The laws of the router under any interleaving of guests, services, losses and time. The world beside the router
 * is a model of its own: services answer with whom and what they were asked, so that an answer shows its way.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { RouterLimits } from '../../../host/connect/limits.ts';
import type { Router } from '../../../host/connect/router/router.ts';
import type { RouterEffect, ToGuest, ToService } from '../../../host/connect/router/router-effect.ts';
import { V1_TYPE } from '../../../shared/protocol/v1-frame.ts';
import { frameOf, newRouter, reply, request, v1FrameOf } from './router-world.ts';

const GUESTS = ['guest1', 'guest2', 'guest3'];
const IDS = ['a', 'b', 'c', 'd', 'e'];
const TEXTS = ['off T', 'on T', 'x'.repeat(700)];
const SERVICES = ['stonith', 'monitor'];

const LIMITS: RouterLimits = {
  openRequests: 3,
  openBytes: 2_500,
  answers: 4,
  answerBytes: 3_000,
  answerMs: 60_000,
  totalBytes: 6_000,
  reservedBytes: 600,
};

interface Job {
  readonly guest: string;
  readonly id: string;
  readonly text: string;
}

const way = ({ guest, id, text }: Job) => `${guest}|${id}|${text}`;

class World {
  readonly router: Router = newRouter(LIMITS);
  nowMs = 0;
  #connections = 0;
  readonly #holders = new Map<string, number>();
  readonly #full = new Set<number>();
  readonly #inboxes = new Map<number, Map<string, Job>>();
  /** `guest id version` of who waits for an answer, and to what. */
  readonly waiting = new Map<string, string>();
  readonly #asks = new Map<string, number>();
  readonly #replies = new Map<string, number>();
  readonly #everAsked = new Set<string>();
  readonly #more = new Set<number>();

  ask(guest: string, id: string, service: string, text: string, version: 1 | 2): void {
    const key = `${guest} ${id} v${version}`;
    const former = this.waiting.get(key);
    const question = `${service} ${text}`;
    this.waiting.set(key, question);
    this.#asks.set(key, (this.#asks.get(key) ?? 0) + 1);
    this.#everAsked.add(way({ guest, id, text }));
    const type = service === 'stonith' ? V1_TYPE.stonith : V1_TYPE.monitor;
    const frame =
      version === 2 ? frameOf(request(id, service, text)) : v1FrameOf({ type, id, client: 1, text });
    this.run(this.router.fromGuest(guest, frame, this.nowMs));
    // A conflict is answered at once, and what was asked before still runs.
    if (former !== undefined && former !== question && !this.waiting.has(key)) this.waiting.set(key, former);
  }

  cancel(guest: string, id: string): void {
    for (const version of [1, 2]) this.waiting.delete(`${guest} ${id} v${version}`);
    this.run(this.router.fromGuest(guest, frameOf({ type: 'cancel', id }), this.nowMs));
  }

  register(service: string, isFull: boolean): void {
    const connection = ++this.#connections;
    const effects = this.router.register(connection, service, this.nowMs);
    assert.equal(effects === undefined, this.#holders.has(service), 'a name has one holder');
    if (effects === undefined) return;
    this.#holders.set(service, connection);
    this.#inboxes.set(connection, new Map());
    if (isFull) this.#full.add(connection);
    this.run(effects);
  }

  lose(service: string): void {
    const connection = this.#holders.get(service);
    if (connection === undefined) return;
    this.#holders.delete(service);
    this.#inboxes.delete(connection);
    this.#full.delete(connection);
    this.run(this.router.connectionLost(connection));
  }

  setFull(service: string, isFull: boolean): void {
    const connection = this.#holders.get(service);
    if (connection === undefined) return;
    if (isFull) this.#full.add(connection);
    else if (this.#full.delete(connection)) this.run(this.router.serviceReady(connection, this.nowMs));
  }

  answer(service: string, retriable: boolean): void {
    const connection = this.#holders.get(service) ?? -1;
    const inbox = this.#inboxes.get(connection);
    for (const [key, job] of inbox ?? []) {
      inbox?.delete(key);
      const answer = retriable
        ? { error: { code: 'later', message: way(job), retry: true } }
        : { text: way(job) };
      this.run(this.router.fromService(connection, reply(job.guest, job.id, answer), this.nowMs));
      return;
    }
  }

  /** From a connection that holds nothing. */
  forge(guest: string, id: string): void {
    const effects = this.router.fromService(999_999, reply(guest, id, { text: 'forged' }), this.nowMs);
    assert.deepEqual(effects, []);
  }

  advance(byMs: number): void {
    this.nowMs += byMs;
    this.run(this.router.wake(this.nowMs));
    const nextMs = this.router.nextWakeMs();
    assert.ok(nextMs === undefined || nextMs > this.nowMs, 'nothing is due any more');
  }

  settle(): void {
    for (const service of SERVICES) {
      this.setFull(service, false);
      this.lose(service);
      this.register(service, false);
    }
    while (this.#more.size > 0) {
      const some = [...this.#more];
      this.#more.clear();
      for (const connection of some) this.run(this.router.serviceReady(connection, this.nowMs));
    }
    for (const connection of this.#holders.values()) {
      while ((this.#inboxes.get(connection)?.size ?? 0) > 0)
        for (const service of SERVICES) this.answer(service, false);
    }
  }

  run(effects: readonly RouterEffect[]): void {
    for (const effect of effects) {
      if (effect.kind === 'to-guest') this.#toGuest(effect);
      else if (effect.kind === 'to-service') this.#toService(effect);
      else if (effect.kind === 'more-for-service') this.#more.add(effect.connection);
    }
    this.#checkBounds();
  }

  #toGuest({ guest, frame }: ToGuest): void {
    const isV1 = frame.kind === 'v1';
    if (!isV1 && frame.message.type !== 'reply') return;
    const id = isV1 ? frame.frame.id : frame.message.type === 'reply' ? frame.message.id : '';
    const key = `${guest} ${id} v${isV1 ? 1 : 2}`;
    const replies = (this.#replies.get(key) ?? 0) + 1;
    this.#replies.set(key, replies);
    assert.ok(replies <= (this.#asks.get(key) ?? 0), `${key} is answered more often than it asked`);
    this.waiting.delete(key);
    const text = isV1
      ? frame.frame.text
      : frame.message.type === 'reply' && 'text' in frame.message
        ? frame.message.text
        : '';
    if (!text.includes('|')) return;
    assert.ok(text.startsWith(`${guest}|${id}|`), `${guest} got ${text.slice(0, 40)}`);
    assert.ok(this.#everAsked.has(text), 'an answer is to a question');
  }

  #toService(effect: ToService): void {
    const { connection, service, message } = effect;
    assert.equal(this.#holders.get(service), connection, 'only the holder is asked');
    const { guest = '', id } = message;
    if (this.#full.has(connection)) {
      this.run(this.router.notTaken(effect, 'full', this.nowMs));
    } else if (message.type === 'cancel') {
      this.#inboxes.get(connection)?.delete(`${guest} ${id}`);
    } else {
      assert.ok(this.#everAsked.has(way({ guest, id, text: message.text })), 'a question is of a guest');
      assert.ok(message.deadlineMs >= 1);
      const isAwaited = [1, 2].some((version) => this.waiting.has(`${guest} ${id} v${version}`));
      assert.ok(isAwaited, 'nothing is asked that nobody waits for');
      this.#inboxes.get(connection)?.set(`${guest} ${id}`, { guest, id, text: message.text });
    }
  }

  #checkBounds(): void {
    const { openBytes, answerBytes } = this.router.totals();
    const reserved = GUESTS.length * LIMITS.reservedBytes;
    assert.ok(
      openBytes + answerBytes <= LIMITS.totalBytes + reserved,
      `${openBytes} and ${answerBytes} bytes`,
    );
    for (const guest of GUESTS) assert.ok(this.router.openRequestsOf(guest) <= LIMITS.openRequests);
  }
}

type Act = (world: World) => void;

const guest = fc.constantFrom(...GUESTS);
const id = fc.constantFrom(...IDS);
const service = fc.constantFrom(...SERVICES);
const version = fc.constantFrom<1 | 2>(2, 2, 1);

const act: fc.Arbitrary<Act> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.tuple(guest, id, service, fc.constantFrom(...TEXTS), version).map(
      ([g, i, s, text, v]): Act =>
        (world) =>
          world.ask(g, i, s, text, v),
    ),
  },
  {
    weight: 2,
    arbitrary: fc.tuple(guest, id).map(
      ([g, i]): Act =>
        (world) =>
          world.cancel(g, i),
    ),
  },
  {
    weight: 3,
    arbitrary: fc.tuple(service, fc.integer({ min: 0, max: 3 })).map(
      ([s, chance]): Act =>
        (world) =>
          world.register(s, chance === 0),
    ),
  },
  {
    weight: 1,
    arbitrary: service.map(
      (s): Act =>
        (world) =>
          world.lose(s),
    ),
  },
  {
    weight: 1,
    arbitrary: fc.tuple(service, fc.boolean()).map(
      ([s, full]): Act =>
        (world) =>
          world.setFull(s, full),
    ),
  },
  {
    weight: 6,
    arbitrary: fc.tuple(service, fc.integer({ min: 0, max: 9 })).map(
      ([s, chance]): Act =>
        (world) =>
          world.answer(s, chance === 0),
    ),
  },
  {
    weight: 1,
    arbitrary: fc.tuple(guest, id).map(
      ([g, i]): Act =>
        (world) =>
          world.forge(g, i),
    ),
  },
  {
    weight: 2,
    arbitrary: fc.integer({ min: 0, max: 4_000 }).map(
      (ms): Act =>
        (world) =>
          world.advance(ms),
    ),
  },
);

test('whatever happens, answers go to who asked, no more often than asked, within the limits, and all come in the end', () => {
  fc.assert(
    fc.property(fc.array(act, { maxLength: 200, size: 'max' }), (acts) => {
      const world = new World();
      for (const step of acts) step(world);
      world.settle();
      assert.deepEqual([...world.waiting], [], 'nobody waits any more');
      assert.equal(world.router.totals().openRequests, 0);
      world.advance(LIMITS.answerMs);
      assert.deepEqual(world.router.nextWakeMs(), undefined);
      const { strayReplies: _strayReplies, ...totals } = world.router.totals();
      assert.deepEqual(totals, { openRequests: 0, openBytes: 0, answers: 0, answerBytes: 0 });
    }),
    { numRuns: 1_000 },
  );
});
