import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RequestCounter } from '../../../host/connect/router/request-counts.ts';

test('who only looks at the counts of a guest leaves nothing behind', () => {
  const counter = new RequestCounter();
  assert.equal(counter.view('looked-at').requests, 0);
  counter.of('counted').requests++;
  assert.equal(counter.view('counted').requests, 1);
  const kept: string[] = [];
  counter.retain((guest) => kept.push(guest) > 0);
  assert.deepEqual(kept, ['counted']);
});
