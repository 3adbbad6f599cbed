import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { Router } from '../../../host/connect/router/router.ts';
import type { RouterEffect } from '../../../host/connect/router/router-effect.ts';
import { MAX_DEADLINE_MS, MAX_FRAME_BYTES } from '../../../shared/protocol/message.ts';
import { V1_TYPE } from '../../../shared/protocol/v1-frame.ts';
import {
  asked,
  errorCodeIn,
  frameOf,
  IDENTITY,
  newRouter,
  reply,
  request,
  toGuests,
  toServices,
  v1FrameOf,
} from './router-world.ts';

const STONITHD = 7;

function routerWithStonith(limits = {}): Router {
  const router = newRouter(limits);
  router.register(STONITHD, 'stonith', 0);
  return router;
}

const ask = (router: Router, guest: string, id: string, text = 'off T', nowMs = 0, deadlineMs = 10_000) =>
  router.fromGuest(guest, frameOf(request(id, 'stonith', text, deadlineMs)), nowMs);

const cancel = (router: Router, guest: string, id: string, nowMs = 1) =>
  router.fromGuest(guest, frameOf({ type: 'cancel', id }), nowMs);

describe('a request', () => {
  test('goes to its service with the guest that it came from, and its answer to that guest', () => {
    const router = routerWithStonith();
    const effects = ask(router, 'guest1', 'a');
    assert.deepEqual(toServices(effects)[0]?.message, {
      type: 'request',
      id: 'a',
      service: 'stonith',
      text: 'off T',
      deadlineMs: 10_000,
      guest: 'guest1',
      protocol: 2,
    });
    const answered = router.fromService(STONITHD, reply('guest1', 'a', { text: 'OK', detail: [1] }), 5);
    assert.deepEqual(toGuests(answered), ['guest1 {"type":"reply","id":"a","text":"OK","detail":[1]}']);
  });

  test('that may take as long as there is, is handed over with no more than that, whenever it comes', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1e9, noNaN: true }), (nowMs) => {
        const [handed] = toServices(ask(routerWithStonith(), 'guest1', 'a', 'off T', nowMs, MAX_DEADLINE_MS));
        assert.equal(handed?.message.type === 'request' && handed.message.deadlineMs, MAX_DEADLINE_MS);
      }),
    );
  });

  test('that claims to be from another guest is from the one whose link it came over', () => {
    const router = routerWithStonith();
    const forged = { ...request('a', 'stonith', 'off T'), guest: 'guest2', protocol: 1 as const };
    assert.deepEqual(asked(router.fromGuest('guest1', frameOf(forged), 0)), ['7 request guest1 a off T']);
    assert.deepEqual(toGuests(router.fromService(STONITHD, reply('guest2', 'a', { text: 'OK' }), 1)), []);
    assert.equal(toGuests(router.fromService(STONITHD, reply('guest1', 'a', { text: 'OK' }), 1)).length, 1);
  });

  test('that is asked again joins; its answer is given once, and again from memory until the deadline', () => {
    const router = routerWithStonith();
    ask(router, 'guest1', 'a');
    assert.deepEqual(ask(router, 'guest1', 'a', 'off T', 100, 9_900), []);
    assert.equal(toGuests(router.fromService(STONITHD, reply('guest1', 'a', { text: 'OK' }), 200)).length, 1);
    assert.deepEqual(toGuests(router.fromService(STONITHD, reply('guest1', 'a', { text: 'NG' }), 201)), []);
    assert.deepEqual(toGuests(ask(router, 'guest1', 'a', 'off T', 300)), [
      'guest1 {"type":"reply","id":"a","text":"OK"}',
    ]);
    const late = ask(router, 'guest1', 'a', 'off T', 10_000);
    assert.equal(errorCodeIn(toGuests(late)[0]), 'id-conflict', 'nobody waits for it any more');
    assert.deepEqual(asked(late), []);
    assert.deepEqual(asked(ask(router, 'guest1', 'a', 'off T', 600_200)), ['7 request guest1 a off T']);
  });

  test('with a later deadline extends the job, and the service is told', () => {
    const router = routerWithStonith();
    ask(router, 'guest1', 'a', 'off T', 0, 1_000);
    assert.deepEqual(asked(ask(router, 'guest1', 'a', 'off T', 500, 5_000)), ['7 request guest1 a off T']);
    const [told] = toServices(ask(router, 'guest1', 'a', 'off T', 500, 7_000));
    assert.ok(told);
    assert.deepEqual(router.notTaken(told, 'full', 500), [], 'the job runs on');
    assert.deepEqual(router.wake(1_000), []);
    assert.equal(router.nextWakeMs(), 7_500);
    assert.equal(errorCodeIn(toGuests(router.wake(7_500))[0]), 'deadline');
  });

  test('with deadlines that each gain little is told of them when they have gained enough', () => {
    const router = routerWithStonith();
    ask(router, 'guest1', 'a', 'off T', 0, 10_000);
    assert.deepEqual(asked(ask(router, 'guest1', 'a', 'off T', 600, 10_000)), []);
    assert.deepEqual(asked(ask(router, 'guest1', 'a', 'off T', 1_200, 10_000)), ['7 request guest1 a off T']);
    assert.deepEqual(asked(ask(router, 'guest1', 'a', 'off T', 1_800, 10_000)), []);
  });

  test('of two guests under one id are two jobs', () => {
    const router = routerWithStonith();
    ask(router, 'guest1', 'a', 'off T1');
    ask(router, 'guest2', 'a', 'off T2');
    assert.deepEqual(toGuests(router.fromService(STONITHD, reply('guest2', 'a', { text: 'two' }), 1)), [
      'guest2 {"type":"reply","id":"a","text":"two"}',
    ]);
    assert.deepEqual(toGuests(router.fromService(STONITHD, reply('guest1', 'a', { text: 'one' }), 1)), [
      'guest1 {"type":"reply","id":"a","text":"one"}',
    ]);
  });

  test('for something else under a taken id is a conflict: running, answered or cancelled', () => {
    const router = routerWithStonith();
    ask(router, 'guest1', 'a');
    assert.equal(errorCodeIn(toGuests(ask(router, 'guest1', 'a', 'on T'))[0]), 'id-conflict');
    router.fromService(STONITHD, reply('guest1', 'a', { text: 'OK' }), 1);
    assert.equal(errorCodeIn(toGuests(ask(router, 'guest1', 'a', 'on T'))[0]), 'id-conflict');
    ask(router, 'guest1', 'b');
    router.fromGuest('guest1', frameOf({ type: 'cancel', id: 'b' }), 2);
    assert.equal(errorCodeIn(toGuests(ask(router, 'guest1', 'b', 'on T'))[0]), 'id-conflict');
    assert.deepEqual(asked(ask(router, 'guest1', 'b')), ['7 request guest1 b off T']);
  });

  test('past its deadline is answered with an error, and the service told', () => {
    const router = routerWithStonith();
    ask(router, 'guest1', 'a', 'off T', 0, 50);
    assert.equal(router.nextWakeMs(), 50);
    assert.deepEqual(router.wake(49), []);
    const effects = router.wake(50);
    assert.deepEqual(asked(effects), ['7 cancel guest1 a']);
    assert.deepEqual(toGuests(effects).map(errorCodeIn), ['deadline']);
    assert.deepEqual(toGuests(ask(router, 'guest1', 'a')).map(errorCodeIn), ['deadline']);
  });

  test('that is cancelled gets no answer, and is cancelled once', () => {
    const router = routerWithStonith();
    ask(router, 'guest1', 'a');
    assert.deepEqual(asked(cancel(router, 'guest2', 'a')), ['7 cancel guest2 a'], 'of its own, if anything');
    const effects = cancel(router, 'guest1', 'a');
    assert.deepEqual(asked(effects), ['7 cancel guest1 a']);
    assert.deepEqual(toGuests(effects), []);
    assert.deepEqual(cancel(router, 'guest1', 'a'), []);
    assert.deepEqual(toGuests(router.fromService(STONITHD, reply('guest1', 'a', { text: 'OK' }), 2)), []);
    assert.equal(router.totals().openRequests, 0);
  });

  test('that a former daemon has asked is cancelled by whoever serves it: each service is told', () => {
    const router = routerWithStonith();
    router.register(8, 'monitor', 0);
    const effects = cancel(router, 'guest1', 'a', 60_000);
    assert.deepEqual(asked(effects).sort(), ['7 cancel guest1 a', '8 cancel guest1 a']);
    assert.deepEqual(toGuests(effects), []);
  });

  test('that a former daemon has asked is cancelled also before its service is back, for 30 s after the start', () => {
    const router = newRouter({}, 1_000);
    const isNone = (effects: readonly RouterEffect[]) => assert.deepEqual(effects, []);
    isNone(cancel(router, 'guest1', 'a', 1_000));
    isNone(cancel(router, 'guest2', 'b', 30_999));
    isNone(cancel(router, 'guest1', 'anew', 1_000));
    router.register(8, 'monitor', 2_000);
    router.fromGuest('guest1', frameOf(request('anew', 'monitor', 'names')), 2_000);
    assert.deepEqual(asked(router.register(7, 'stonith', 30_999)), [
      '7 cancel guest1 a',
      '7 cancel guest2 b',
    ]);
    assert.deepEqual(asked(router.register(9, 'late', 31_000)), []);
    isNone(cancel(newRouter({}, 1_000), 'guest1', 'a', 31_000));
  });

  test('whose service is away, never was, or is the daemon itself, is told so at once', () => {
    const router = newRouter();
    const code = (service: string) =>
      errorCodeIn(toGuests(router.fromGuest('guest1', frameOf(request('a', service, 'x')), 0))[0]);
    assert.equal(code('stonith'), 'service-away');
    assert.equal(code('monitor'), 'service-away');
    assert.equal(code('nothing'), 'unknown-service');
    assert.equal(code('agent'), 'unknown-service');
    assert.equal(code('host'), 'bad-request');
    const pong = router.fromGuest('guest1', frameOf(request('a', 'host', 'ping')), 0);
    assert.deepEqual(toGuests(pong), ['guest1 {"type":"reply","id":"a","text":"pong"}']);
  });

  test('whose service nobody knows may be asked again shortly after the start: the service may be about to come', () => {
    const router = newRouter({}, 1_000);
    const asks = (service: string, nowMs: number) =>
      toGuests(router.fromGuest('guest1', frameOf(request('a', service, 'x')), nowMs))[0] ?? '';
    assert.match(asks('inventory', 30_000), /service-away.*"retry":true/);
    assert.match(asks('agent', 30_000), /unknown-service/);
    assert.match(asks('inventory', 31_000), /unknown-service/);
  });

  test('that is declined for now may be asked again under its id', () => {
    const router = newRouter();
    assert.match(toGuests(ask(router, 'guest1', 'a'))[0] ?? '', /"retry":true/);
    router.register(STONITHD, 'stonith', 1);
    assert.deepEqual(asked(ask(router, 'guest1', 'a', 'off T', 2)), ['7 request guest1 a off T']);
    const retriable = { error: { code: 'no-quorum', message: 'wait', retry: true } };
    router.fromService(STONITHD, reply('guest1', 'a', retriable), 3);
    assert.deepEqual(asked(ask(router, 'guest1', 'a', 'off T', 4)), ['7 request guest1 a off T']);
  });
});

describe('a service', () => {
  test('keeps its name until its connection is lost; guests are told of both', () => {
    const router = newRouter();
    assert.deepEqual(router.register(1, 'stonith', 0), [{ kind: 'services' }]);
    assert.deepEqual(router.servicesMessage(), { type: 'services', services: ['host', 'stonith'] });
    assert.equal(router.register(2, 'stonith', 0), undefined);
    assert.deepEqual(router.register(1, 'stonith', 0), []);
    assert.deepEqual(router.connectionLost(2), []);
    assert.deepEqual(router.connectionLost(1), [{ kind: 'services' }]);
    assert.deepEqual(router.servicesMessage(), { type: 'services', services: ['host'] });
    assert.deepEqual(router.register(2, 'stonith', 0), [{ kind: 'services' }]);
    for (const name of ['host', 'agent']) assert.equal(router.register(3, name, 0), undefined);
  });

  test('that comes back is asked again what it has not answered, with what is left of the time', () => {
    const router = routerWithStonith();
    ask(router, 'guest1', 'a');
    ask(router, 'guest2', 'b');
    router.fromService(STONITHD, reply('guest2', 'b', { text: 'OK' }), 1);
    router.connectionLost(STONITHD);
    const effects = router.register(8, 'stonith', 4_000);
    assert.deepEqual(asked(effects), ['8 request guest1 a off T']);
    const [again] = toServices(effects);
    assert.equal(again?.message.type === 'request' && again.message.deadlineMs, 6_000);
    assert.deepEqual(toGuests(router.fromService(STONITHD, reply('guest1', 'a', { text: 'OK' }), 5_000)), []);
    assert.equal(toGuests(router.fromService(8, reply('guest1', 'a', { text: 'OK' }), 5_000)).length, 1);
  });

  test('that was away learns what was cancelled and what ran out of time meanwhile', () => {
    const router = routerWithStonith();
    ask(router, 'guest1', 'a');
    ask(router, 'guest1', 'b', 'off T', 0, 100);
    router.connectionLost(STONITHD);
    router.fromGuest('guest1', frameOf({ type: 'cancel', id: 'a' }), 1);
    assert.deepEqual(toGuests(router.wake(100)).map(errorCodeIn), ['deadline']);
    assert.deepEqual(asked(router.register(8, 'stonith', 200)), ['8 cancel guest1 a', '8 cancel guest1 b']);
  });

  test('that does not read is asked when it reads; who waited until the deadline may ask again, as nothing was begun', () => {
    const router = routerWithStonith();
    const [first] = toServices(ask(router, 'guest1', 'a'));
    assert.ok(first);
    assert.deepEqual(router.notTaken(first, 'full', 1), []);
    assert.deepEqual(ask(router, 'guest2', 'b', 'off T', 1, 100), []);
    const late = router.wake(101);
    assert.deepEqual(toGuests(late).map(errorCodeIn), ['service-busy']);
    assert.match(toGuests(late)[0] ?? '', /"retry":true/);
    assert.deepEqual(asked(late), [], 'what it was never asked needs no cancel');
    assert.deepEqual(asked(router.serviceReady(STONITHD, 102)), ['7 request guest1 a off T']);
    assert.deepEqual(asked(ask(router, 'guest2', 'b', 'off T', 103)), ['7 request guest2 b off T']);
  });

  test('is told of what waits in turn: a guest that floods it delays another by one message', () => {
    const router = routerWithStonith();
    const [first] = toServices(ask(router, 'flood', 'first'));
    assert.ok(first);
    router.notTaken(first, 'full', 0);
    for (let round = 0; round < 1_000; round++) {
      for (let number = 0; number < 60; number++) ask(router, 'flood', `${round}-${number}`, 'x'.repeat(900));
      if (round === 500) assert.deepEqual(ask(router, 'guest2', 'b'), []);
      for (let number = 0; number < 60; number++) {
        const cancel = frameOf({ type: 'cancel', id: `${round}-${number}` } as const);
        assert.deepEqual(router.fromGuest('flood', cancel, 0), []);
      }
    }
    assert.deepEqual(asked(router.serviceReady(STONITHD, 1)), [
      '7 request flood first off T',
      '7 request guest2 b off T',
    ]);
  });

  test('that reads slowly has no more waiting of one guest than the guest may have open', () => {
    const router = routerWithStonith();
    let last = toServices(ask(router, 'flood', 'a0'))[0];
    for (let number = 0; number < 1_000; number++) {
      router.fromGuest('flood', frameOf({ type: 'cancel', id: `a${number}` }), 0);
      const effects = ask(router, 'flood', `a${number + 1}`);
      if (last !== undefined) router.notTaken(last, 'full', 0);
      last = toServices(effects)[0] ?? toServices(router.serviceReady(STONITHD, 0))[0];
    }
    assert.ok(asked(router.serviceReady(STONITHD, 0)).length <= 64);
  });

  test('has no more made-up cancels of one guest waiting than that may have requests, however many come', () => {
    const router = newRouter({}, 0);
    for (let number = 0; number < 1_000; number++) cancel(router, 'flood', `a${number}`);
    assert.equal(asked(router.register(STONITHD, 'stonith', 1)).length, 64);
    const [first] = toServices(ask(router, 'guest1', 'a'));
    assert.ok(first);
    router.notTaken(first, 'full', 1);
    for (let number = 0; number < 1_000; number++) cancel(router, 'flood', `b${number}`);
    assert.equal(asked(router.serviceReady(STONITHD, 1)).length, 65);
  });

  test('that answers by itself what it was not asked again yet is not asked again', () => {
    const router = routerWithStonith();
    ask(router, 'guest1', 'a');
    router.connectionLost(STONITHD);
    const [again] = toServices(router.register(8, 'stonith', 1));
    assert.ok(again);
    router.notTaken(again, 'full', 1);
    assert.equal(toGuests(router.fromService(8, reply('guest1', 'a', { text: 'OK' }), 2)).length, 1);
    assert.deepEqual(router.serviceReady(8, 3), []);
  });

  test('is told of a cancel that it had no room for when it has', () => {
    const router = routerWithStonith();
    ask(router, 'guest1', 'a');
    const [cancel] = toServices(router.fromGuest('guest1', frameOf({ type: 'cancel', id: 'a' }), 1));
    assert.ok(cancel);
    assert.deepEqual(router.notTaken(cancel, 'full', 1), []);
    assert.deepEqual(asked(router.serviceReady(STONITHD, 2)), ['7 cancel guest1 a']);
  });

  test('that closes before it is asked leaves the request to be asked again by the guest', () => {
    const router = routerWithStonith();
    const [effect] = toServices(ask(router, 'guest1', 'a'));
    assert.ok(effect);
    assert.deepEqual(toGuests(router.notTaken(effect, 'closed', 1)).map(errorCodeIn), ['service-away']);
  });

  test('can answer only what it was asked', () => {
    const router = routerWithStonith();
    router.register(9, 'monitor', 0);
    ask(router, 'guest1', 'a');
    for (const [connection, guest, id] of [
      [9, 'guest1', 'a'],
      [STONITHD, 'guest1', 'b'],
      [STONITHD, 'guest2', 'a'],
      [99, 'guest1', 'a'],
    ] as const) {
      assert.deepEqual(router.fromService(connection, reply(guest, id, { text: 'OK' }), 1), []);
    }
    assert.equal(router.totals().strayReplies, 4);
    assert.equal(router.totals().openRequests, 1);
  });

  test('with an answer that fits no frame leaves an error, not a silence', () => {
    const router = routerWithStonith();
    ask(router, 'guest1', 'a');
    const effects = router.fromService(
      STONITHD,
      reply('guest1', 'a', { text: 'x'.repeat(MAX_FRAME_BYTES) }),
      1,
    );
    assert.deepEqual(toGuests(effects).map(errorCodeIn), ['refused']);
  });

  test('that comes back to a great many jobs gets them in parts', () => {
    const router = routerWithStonith();
    for (let guest = 0; guest < 40; guest++) ask(router, `guest${guest}`, 'a', 'x'.repeat(60_000));
    router.connectionLost(STONITHD);
    let effects = router.register(8, 'stonith', 1) ?? [];
    let count = toServices(effects).length;
    assert.ok(count > 0 && count < 10, `${count} at once`);
    while (effects.some(({ kind }) => kind === 'more-for-service')) {
      effects = router.serviceReady(8, 2);
      count += toServices(effects).length;
    }
    assert.equal(count, 40);
  });
});

describe('limits', () => {
  test('of a guest: 64 open requests, and 256 KiB in all', () => {
    const router = routerWithStonith();
    for (let id = 0; id < 64; id++) assert.equal(asked(ask(router, 'guest1', `a${id}`)).length, 1);
    assert.deepEqual(toGuests(ask(router, 'guest1', 'one-more')).map(errorCodeIn), ['too-many']);
    assert.equal(asked(ask(router, 'guest2', 'other')).length, 1);
    for (let id = 0; id < 4; id++) ask(router, 'guest3', `b${id}`, 'x'.repeat(64_000));
    assert.deepEqual(toGuests(ask(router, 'guest3', 'b4', 'x'.repeat(64_000))).map(errorCodeIn), [
      'too-many',
    ]);
  });

  test('of all: old answers give way to requests, and a small request of an idle guest always finds room', () => {
    const router = routerWithStonith({ totalBytes: 200_000 });
    for (let guest = 0; guest < 3; guest++) {
      ask(router, `old${guest}`, 'a');
      router.fromService(STONITHD, reply(`old${guest}`, 'a', { text: 'y'.repeat(40_000) }), guest);
    }
    assert.equal(router.totals().answers, 3);
    ask(router, 'guest1', 'a', 'x'.repeat(60_000));
    ask(router, 'guest2', 'a', 'x'.repeat(60_000));
    assert.equal(router.totals().answers, 1);
    ask(router, 'guest3', 'a', 'x'.repeat(60_000));
    assert.equal(router.totals().answers, 0);
    assert.deepEqual(toGuests(ask(router, 'guest4', 'a', 'x'.repeat(60_000))).map(errorCodeIn), ['too-many']);
    assert.equal(asked(ask(router, 'guest4', 'b')).length, 1);
  });

  test('of all hold for answers that are larger than their requests', () => {
    const router = routerWithStonith({ totalBytes: 100_000 });
    for (let guest = 0; guest < 5; guest++) ask(router, `guest${guest}`, 'a');
    for (let guest = 0; guest < 5; guest++) {
      router.fromService(STONITHD, reply(`guest${guest}`, 'a', { text: 'y'.repeat(40_000) }), guest);
      const { openBytes, answerBytes } = router.totals();
      assert.ok(openBytes + answerBytes <= 100_000);
    }
    assert.equal(router.totals().answers, 2);
  });

  test('a detail whose JSON grows beyond a frame is refused', () => {
    const router = routerWithStonith();
    const detail = Array.from({ length: 4_000 }, () => 1e20);
    const frame = frameOf({ ...request('a', 'stonith', 'x'), detail });
    assert.deepEqual(toGuests(router.fromGuest('guest1', frame, 0)).map(errorCodeIn), ['bad-request']);
    assert.equal(router.totals().openRequests, 0);
  });

  test('answers are forgotten after ten minutes, and nothing is left to wake up for', () => {
    const router = routerWithStonith();
    ask(router, 'guest1', 'a');
    router.fromService(STONITHD, reply('guest1', 'a', { text: 'OK' }), 1_000);
    assert.equal(router.nextWakeMs(), 601_000);
    router.wake(601_000);
    assert.equal(router.nextWakeMs(), undefined);
    assert.deepEqual(router.totals(), {
      openRequests: 0,
      openBytes: 0,
      answers: 0,
      answerBytes: 0,
      strayReplies: 0,
    });
  });
});

describe('a guest', () => {
  test('is told the name of the host that the cluster has for it, once that is known', () => {
    const router = newRouter();
    const hello = frameOf({ type: 'hello', version: 2, agent: 'a', session: 's' });
    router.isOnHost('node-7');
    assert.match(toGuests(router.fromGuest('guest1', hello, 0))[0] ?? '', /"host":"node-7"/);
  });

  test('that says hello is greeted with who we are and what there is', () => {
    const router = routerWithStonith();
    const hello = { type: 'hello', version: 3, agent: 'x', session: 's', name: 'another name' } as const;
    const [line = ''] = toGuests(router.fromGuest('guest1', frameOf(hello), 0));
    assert.deepEqual(JSON.parse(line.slice('guest1 '.length)), {
      type: 'hello',
      version: 2,
      ...IDENTITY,
      guest: 'guest1',
      services: ['host', 'stonith'],
      limits: { frameBytes: 65_536, openRequests: 64, openBytes: 262_144 },
    });
  });

  test('that pings hears pong; what only hosts say is counted and not answered', () => {
    const router = routerWithStonith();
    const pong = router.fromGuest('guest1', frameOf({ type: 'ping', nonce: 5 }), 0);
    assert.deepEqual(toGuests(pong), ['guest1 {"type":"pong","nonce":5}']);
    for (const message of [
      { type: 'register', service: 'stonith' },
      { type: 'services', services: [] },
      { type: 'reply', id: 'a', text: 'OK', guest: 'guest2' },
    ] as const) {
      assert.deepEqual(router.fromGuest('guest1', frameOf(message), 0), []);
    }
    assert.deepEqual(router.fromGuest('guest1', { kind: 'unknown-type', name: 'x' }, 0), []);
    assert.equal(router.counts.of('guest1').unexpected, 4);
  });

  test('that sends a wrong member is told which, under its id where there is one', () => {
    const router = routerWithStonith();
    const bad = router.fromGuest('guest1', { kind: 'bad-message', fault: 'text is missing', id: 'a' }, 0);
    assert.match(toGuests(bad)[0] ?? '', /"type":"reply","id":"a".*bad-request.*text is missing/);
    const worse = router.fromGuest('guest1', { kind: 'bad-message', fault: 'id is missing' }, 0);
    assert.match(toGuests(worse)[0] ?? '', /"type":"error","code":"bad-request"/);
  });

  test('that is another one under the same name gets nothing of the former', () => {
    const router = routerWithStonith();
    ask(router, 'guest1', 'open');
    ask(router, 'guest1', 'answered');
    router.fromService(STONITHD, reply('guest1', 'answered', { text: 'secret' }), 1);
    assert.deepEqual(asked(router.forgetGuest('guest1')), ['7 cancel guest1 open']);
    assert.deepEqual(toGuests(router.fromService(STONITHD, reply('guest1', 'open', { text: 'OK' }), 2)), []);
    assert.deepEqual(asked(ask(router, 'guest1', 'answered')), ['7 request guest1 answered off T']);
  });

  test('is told to the service as the domain that it is, and the guest itself has no say in that', () => {
    let uuid: string | undefined = 'uuid-1';
    const router = new Router({ identity: IDENTITY, newId: () => 'x', uuidOf: () => uuid });
    router.register(STONITHD, 'stonith', 0);
    const askedAs = (id: string) => {
      const forged = { ...request(id, 'stonith', 'off T'), guest: 'guest2', uuid: 'forged' };
      return toServices(router.fromGuest('guest1', frameOf(forged), 0)).map(({ message }) => message);
    };
    const asWhom = { ...request('a', 'stonith', 'off T'), guest: 'guest1', protocol: 2 };
    assert.deepEqual(askedAs('a'), [{ ...asWhom, uuid: 'uuid-1' }]);
    uuid = undefined;
    assert.deepEqual(askedAs('b'), [{ ...asWhom, id: 'b' }]);
  });

  test('that missed an answer for want of room gets it when there is some', () => {
    const router = routerWithStonith();
    ask(router, 'guest1', 'a');
    router.fromService(STONITHD, reply('guest1', 'a', { text: 'OK' }), 1);
    assert.deepEqual(toGuests(router.repeat('guest1', 'a', 2)), [
      'guest1 {"type":"reply","id":"a","text":"OK"}',
    ]);
    assert.deepEqual(router.repeat('guest1', 'b', 2), []);
    assert.deepEqual(router.repeat('guest2', 'a', 2), []);
  });
});

describe('version 1', () => {
  const stonith = (id: string, client: number, text: string) =>
    v1FrameOf({ type: V1_TYPE.stonith, id, client, text });

  test('a request is answered with its type, id and client', () => {
    const router = routerWithStonith();
    const effects = router.fromGuest('guest1', stonith('uuid-1', 12, 'off TOKEN'), 0);
    assert.deepEqual(toServices(effects)[0]?.message, {
      type: 'request',
      id: 'uuid-1',
      service: 'stonith',
      text: 'off TOKEN',
      deadlineMs: 120_000,
      guest: 'guest1',
      protocol: 1,
    });
    const answered = router.fromService(STONITHD, reply('guest1', 'uuid-1', { text: 'OK' }), 1);
    assert.deepEqual(toGuests(answered), ['guest1 v1 1 uuid-1 12 OK']);
  });

  test('a service that is away, busy or over a limit is type 3; a final error of stonith is NG', () => {
    const router = newRouter();
    assert.deepEqual(toGuests(router.fromGuest('guest1', stonith('a', 3, 'off T'), 0)), ['guest1 v1 3 a 3 ']);
    router.register(STONITHD, 'stonith', 0);
    router.fromGuest('guest1', stonith('a', 3, 'off T'), 0);
    const error = { error: { code: 'refused', message: 'no', retry: false } };
    assert.deepEqual(toGuests(router.fromService(STONITHD, reply('guest1', 'a', error), 1)), [
      'guest1 v1 1 a 3 NG',
    ]);
  });

  test('the deadline of two minutes ends in NG', () => {
    const router = routerWithStonith();
    router.fromGuest('guest1', stonith('a', 3, 'off T'), 0);
    assert.deepEqual(toGuests(router.wake(120_000)), ['guest1 v1 1 a 3 NG']);
  });

  test('timeout cancels the same id and has no reply', () => {
    const router = routerWithStonith();
    router.fromGuest('guest1', stonith('a', 3, 'off T'), 0);
    const effects = router.fromGuest('guest1', stonith('a', 4, 'timeout'), 1);
    assert.deepEqual(asked(effects), ['7 cancel guest1 a']);
    assert.deepEqual(toGuests(effects), []);
    const next = router.fromGuest('guest1', stonith('a', 5, 'off OTHER'), 2);
    assert.deepEqual(asked(next), ['7 request guest1 a off OTHER']);
  });

  test('a request that is asked again answers the client that asked last', () => {
    const router = routerWithStonith();
    router.fromGuest('guest1', stonith('a', 3, 'off T'), 0);
    assert.deepEqual(router.fromGuest('guest1', stonith('a', 4, 'off T'), 1), []);
    const answered = router.fromService(STONITHD, reply('guest1', 'a', { text: 'OK' }), 2);
    assert.deepEqual(toGuests(answered), ['guest1 v1 1 a 4 OK']);
    const again = router.fromGuest('guest1', stonith('a', 5, 'off T'), 3);
    assert.deepEqual(asked(again), ['7 request guest1 a off T'], 'an answer of before is not given again');
  });

  test('a request that is asked again gains no time, and its service is not asked twice for it', () => {
    const router = routerWithStonith();
    router.fromGuest('guest1', stonith('a', 3, 'reset T'), 0);
    assert.deepEqual(router.fromGuest('guest1', stonith('a', 4, 'reset T'), 100_000), []);
    assert.deepEqual(toGuests(router.wake(120_000)), ['guest1 v1 1 a 4 NG']);
  });

  test('the status of several targets is asked under one id, one after the other', () => {
    const router = routerWithStonith();
    for (const target of ['one', 'two', 'three']) {
      const effects = router.fromGuest('guest1', stonith('a', 3, `status ${target}`), 0);
      assert.deepEqual(asked(effects), [`7 request guest1 a status ${target}`]);
      assert.equal(router.totals().answers, 0, 'what is asked anew is no longer remembered');
      const answered = router.fromService(STONITHD, reply('guest1', 'a', { text: target }), 1);
      assert.deepEqual(toGuests(answered), [`guest1 v1 1 a 3 ${target}`]);
    }
  });

  test('without an id each request is a job of its own; an id that version 2 does not allow is one all the same', () => {
    const router = newRouter();
    router.register(STONITHD, 'monitor', 0);
    const monitor = (id: string) => v1FrameOf({ type: V1_TYPE.monitor, id, client: 1, text: 'attr' });
    const ids = ['', '', 'no good/id', 'no good/id'].flatMap((id) =>
      toServices(router.fromGuest('guest1', monitor(id), 0)).map(({ message }) => message.id),
    );
    assert.equal(new Set(ids).size, 3);
    for (const id of ids) assert.match(id, /^v1:[A-Za-z0-9._:-]{1,60}$/);
    const effects = ids.flatMap((id) =>
      router.fromService(STONITHD, reply('guest1', id, { text: 'x=1' }), 1),
    );
    assert.deepEqual(toGuests(effects), [
      'guest1 v1 0  1 x=1',
      'guest1 v1 0  1 x=1',
      'guest1 v1 0 no good/id 1 x=1',
    ]);
  });

  test('what only hosts send is ignored', () => {
    const router = routerWithStonith();
    for (const type of [V1_TYPE.migrated, V1_TYPE.serviceAway]) {
      const frame = v1FrameOf({ type, id: '', client: 0, text: '' });
      assert.deepEqual(router.fromGuest('guest1', frame, 0), []);
    }
    assert.equal(router.counts.of('guest1').unexpected, 2);
  });
});
