import assert from 'node:assert/strict';
import { test } from 'node:test';
import { grownIn, thirds } from './trend.ts';

test('a series is told by the medians of its first and its last third', () => {
  assert.deepEqual(thirds([1, 2, 3, 50, 50, 50, 7, 900, 8]), [2, 8]);
  assert.deepEqual(thirds([5]), [5, 5]);
});

test('memory, open files and times have limits of their own', () => {
  assert.deepEqual(
    grownIn([
      ['x on hosta, MiB', 60, 70],
      ['x on hosta, open files', 20, 23],
      ['off, ms', 200, 1_100],
    ]),
    [],
  );
  assert.equal(
    grownIn([
      ['x on hosta, MiB', 60, 75],
      ['x on hosta, open files', 20, 24],
      ['off, ms', 200, 1_101],
    ]).length,
    3,
  );
});
