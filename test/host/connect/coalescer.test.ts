import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Coalescer } from '../../../host/connect/discovery/coalescer.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

test('many reasons are one run, and one more for those that came meanwhile', async () => {
  const clock = new VirtualClock();
  let runs = 0;
  const coalescer: Coalescer = new Coalescer(
    clock,
    { settleMs: 10, onFault: (thrown) => assert.fail(String(thrown)) },
    async () => {
      runs++;
      if (runs === 1) for (let times = 0; times < 5; times++) coalescer.ask();
    },
  );
  for (let times = 0; times < 5; times++) coalescer.ask();
  await clock.advance(10);
  assert.equal(runs, 1);
  await clock.advance(100);
  assert.equal(runs, 2);
});

test('an action that throws is told of and run again, and what is asked after it is done', async () => {
  const clock = new VirtualClock();
  const faults: unknown[] = [];
  let runs = 0;
  const pace = { settleMs: 10, onFault: (thrown: unknown) => void faults.push(thrown) };
  const coalescer = new Coalescer(clock, pace, async () => {
    runs++;
    if (runs <= 2) throw new Error(`run ${runs}`);
  });
  coalescer.ask();
  await clock.advance(3_000);
  assert.deepEqual(faults.map(String), ['Error: run 1', 'Error: run 2']);
  assert.equal(runs, 3);
  coalescer.ask();
  await clock.advance(10);
  assert.equal(runs, 4);
  await coalescer.close();
});
