import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { percentile, statsOf } from './statistics.ts';

test('a percentile is one of the values, and at least that share of them is not above it', () => {
  const values = fc.array(fc.double({ noNaN: true, min: 0, max: 1e9 }), { minLength: 1, maxLength: 50 });
  fc.assert(
    fc.property(values, fc.double({ min: 0, max: 1, noNaN: true }), (all, share) => {
      const sorted = all.toSorted((one, other) => one - other);
      const found = percentile(sorted, share);
      assert.ok(sorted.includes(found));
      assert.ok(sorted.filter((value) => value <= found).length >= Math.floor(share * sorted.length));
    }),
  );
});

test('what is told of a hundred measurements is what they are, in whatever order they came', () => {
  const values = Array.from({ length: 100 }, (_, index) => ((index * 37) % 100) + 1);
  assert.deepEqual(statsOf(values), {
    count: 100,
    least: 1,
    lowerQuartile: 25,
    median: 50,
    upperQuartile: 75,
    p99: 99,
    most: 100,
  });
});

test('nothing is told of no measurement, or of one that is no number', () => {
  assert.throws(() => statsOf([]), /nothing to tell/);
  assert.throws(() => statsOf([1, Number.NaN]), /nothing to tell/);
});
