import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { OneAtATime } from '../../../host/stonith/service/one-at-a-time.ts';

test('one after the other for each key, whatever becomes of those before, and nothing is kept', async () => {
  const runs = new OneAtATime();
  const running = new Map<string, number>();
  const order: string[] = [];
  let most = 0;
  const job = (key: string, name: string) => async () => {
    running.set(key, (running.get(key) ?? 0) + 1);
    most = Math.max(most, ...running.values());
    await turn();
    running.set(key, (running.get(key) ?? 0) - 1);
    order.push(`${key}${name}`);
    if (name === '2') throw new Error('this one');
    return name;
  };
  const started = ['1', '2', '3'].map((name) => runs.run('a', job('a', name)));
  started.push(runs.run('b', job('b', '1')));
  const ended = await Promise.allSettled(started);
  assert.equal(most, 1);
  assert.deepEqual(order, ['a1', 'b1', 'a2', 'a3']);
  assert.deepEqual(
    ended.map((one) => (one.status === 'fulfilled' ? one.value : String(one.reason))),
    ['1', 'Error: this one', '3', '1'],
  );
  assert.equal(runs.size, 0);
});
