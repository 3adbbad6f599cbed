import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Clock, systemClock } from '../../shared/clock.ts';
import { VirtualClock } from '../support/virtual-clock.ts';

const DAY_MS = 86_400_000;

/** What every clock must do; `pass` lets time go by. */
function laws(name: string, clock: Clock, pass: (ms: number) => Promise<void>): void {
  test(`${name}: time goes on, by its own measure and by the wall`, async () => {
    const [nowMs, wallMs] = [clock.nowMs(), clock.wallMs()];
    await pass(20);
    assert.ok(clock.nowMs() - nowMs >= 19 && clock.wallMs() >= wallMs);
  });

  test(`${name}: an action comes once, after its delay, in the order of the delays`, async () => {
    const seen: string[] = [];
    clock.after(30, () => seen.push('late'));
    clock.after(10, () => seen.push('early'));
    clock.after(0, () => seen.push('now'));
    assert.deepEqual(seen, []);
    await pass(100);
    assert.deepEqual(seen, ['now', 'early', 'late']);
  });

  test(`${name}: a cancelled action never comes, and cancelling twice or late hurts nobody`, async () => {
    let count = 0;
    const cancelled = clock.after(10, () => count++);
    cancelled.cancel();
    cancelled.cancel();
    const done = clock.after(10, () => count++);
    await pass(50);
    done.cancel();
    assert.equal(count, 1);
  });

  test(`${name}: a delay longer than any timer holds does not come at once`, async () => {
    const timer = clock.after(100 * DAY_MS, () => assert.fail('too early'));
    await pass(20);
    timer.cancel();
  });

  test(`${name}: a sleep ends after its time`, async () => {
    let isOver = false;
    const sleeping = (async () => {
      await clock.sleep(20);
      isOver = true;
    })();
    assert.equal(isOver, false);
    await pass(60);
    await sleeping;
    assert.equal(isOver, true);
  });

  test(`${name}: an abort ends any number of sleeps with its reason, and nobody is warned of leaks`, async () => {
    const warnings: Error[] = [];
    const onWarning = (warning: Error) => warnings.push(warning);
    process.on('warning', onWarning);
    const stop = new AbortController();
    const reason = new Error('we stop');
    const sleeps = Array.from({ length: 100 }, () => clock.sleep(DAY_MS, stop.signal));
    const results = Promise.allSettled(sleeps);
    stop.abort(reason);
    for (const result of await results) assert.deepEqual(result, { status: 'rejected', reason });
    await assert.rejects(clock.sleep(DAY_MS, stop.signal), reason);
    await pass(1);
    process.off('warning', onWarning);
    assert.deepEqual(warnings, []);
  });

  test(`${name}: an abort after the end of a sleep changes nothing`, async () => {
    const stop = new AbortController();
    const sleeping = clock.sleep(5, stop.signal);
    await pass(50);
    await sleeping;
    stop.abort();
  });
}

const virtual = new VirtualClock();
laws('virtual', virtual, (ms) => virtual.advance(ms));
laws('system', systemClock, (ms) => new Promise((resolve) => setTimeout(resolve, ms)));

test('virtual: whatever the delays, timers come by time and then by the order of their making', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat(20)), fc.array(fc.nat(10)), async (delays, steps) => {
      const clock = new VirtualClock();
      const seen: { readonly delayMs: number; readonly index: number }[] = [];
      for (const [index, delayMs] of delays.entries()) {
        clock.after(delayMs, () => {
          assert.equal(clock.nowMs(), delayMs);
          seen.push({ delayMs, index });
        });
      }
      for (const step of steps) await clock.advance(step);
      await clock.advance(20);
      const expected = delays.map((delayMs, index) => ({ delayMs, index }));
      assert.deepEqual(
        seen,
        expected.sort((a, b) => a.delayMs - b.delayMs || a.index - b.index),
      );
      assert.equal(clock.pendingTimers, 0);
    }),
  );
});

test('virtual: what an action sets up falls due in the same advance', async () => {
  const clock = new VirtualClock();
  const seen: number[] = [];
  const tick = () => {
    seen.push(clock.nowMs());
    clock.after(10, tick);
  };
  clock.after(10, tick);
  await clock.advance(35);
  assert.deepEqual([seen, clock.nowMs()], [[10, 20, 30], 35]);
});

test('virtual: between two timers everyone who waited has had a turn', async () => {
  const clock = new VirtualClock();
  const seen: string[] = [];
  void (async () => {
    await clock.sleep(10);
    for (let i = 0; i < 10; i++) await Promise.resolve();
    seen.push(`first at ${clock.nowMs()}`);
    await clock.sleep(5);
    seen.push(`third at ${clock.nowMs()}`);
  })();
  clock.after(12, () => seen.push(`second at ${clock.nowMs()}`));
  await clock.advance(1000);
  assert.deepEqual(seen, ['first at 10', 'second at 12', 'third at 15']);
});

test('virtual: the wall clock starts where it is told to and goes on with the other', async () => {
  const clock = new VirtualClock(5000);
  await clock.advance(250);
  assert.deepEqual([clock.nowMs(), clock.wallMs()], [250, 5250]);
});

test('virtual: time never goes back, and a delay that is no number is a defect', async () => {
  const clock = new VirtualClock();
  await assert.rejects(clock.advance(-1), RangeError);
  await assert.rejects(clock.advance(Number.NaN), RangeError);
  assert.throws(() => clock.after(Number.NaN, () => undefined), RangeError);
});
