import assert from 'node:assert/strict';
import { test } from 'node:test';
import { thirds } from './trend.ts';

test('a series is told by the medians of its first and its last third', () => {
  assert.deepEqual(thirds([1, 2, 3, 50, 50, 50, 7, 900, 8]), [2, 8]);
  assert.deepEqual(thirds([5]), [5, 5]);
});
