import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { backOffDelays } from '../../shared/back-off.ts';

test('delays double from the first to the ceiling and never end', () => {
  const delays = backOffDelays({ firstMs: 100, ceilingMs: 1000 }, () => 0.999_999_999);
  const seen = Array.from({ length: 7 }, () => Math.round(delays.next().value));
  assert.deepEqual(seen, [100, 200, 400, 800, 1000, 1000, 1000]);
});

test('whatever chance says, a delay is between half of its nominal value and all of it', () => {
  fc.assert(
    fc.property(
      fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
      fc.integer({ min: 1, max: 1e6 }),
      fc.integer({ min: 1, max: 1e6 }),
      (chance, firstMs, ceilingMs) => {
        const delays = backOffDelays({ firstMs, ceilingMs }, () => chance);
        let nominalMs = Math.min(firstMs, ceilingMs);
        for (let i = 0; i < 20; i++) {
          const delayMs = delays.next().value;
          assert.ok(delayMs >= nominalMs / 2 && delayMs <= nominalMs, `${delayMs} of ${nominalMs}`);
          nominalMs = Math.min(nominalMs * 2, ceilingMs);
        }
      },
    ),
  );
});
