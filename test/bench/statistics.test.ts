import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { percentile, statsOf } from './statistics.ts';

test('a percentile parts the values by its share, and lies between its neighbours', () => {
  const values = fc.array(fc.double({ noNaN: true, min: 0, max: 1e9 }), { minLength: 1, maxLength: 50 });
  fc.assert(
    fc.property(values, fc.double({ min: 0, max: 1, noNaN: true }), (all, share) => {
      const sorted = all.toSorted((one, other) => one - other);
      const found = percentile(sorted, share);
      const [below, above] = [Math.floor, Math.ceil].map(
        (round) => sorted[round((sorted.length - 1) * share)],
      );
      assert.ok(found >= Number(below) && found <= Number(above));
    }),
  );
});

test('the median of an even number of values lies between the middle two', () => {
  assert.equal(percentile([1, 2], 0.5), 1.5);
  assert.equal(percentile([1, 2, 4, 9], 0.5), 3);
});

test('what is told of a hundred and one measurements is what they are, in whatever order they came', () => {
  const values = Array.from({ length: 101 }, (_, index) => ((index * 37) % 101) + 1);
  assert.deepEqual(statsOf(values), {
    count: 101,
    least: 1,
    lowerQuartile: 26,
    median: 51,
    upperQuartile: 76,
    p99: 100,
    most: 101,
  });
});

test('nothing is told of no measurement, or of one that is no number', () => {
  assert.throws(() => statsOf([]), /nothing to tell/);
  assert.throws(() => statsOf([1, Number.NaN]), /nothing to tell/);
});
