import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { LINK_LIMITS } from '../../../host/connect/limits.ts';
import { Intake, TokenBucket } from '../../../host/connect/link/intake.ts';

test('a bucket lets its burst through at once, and then its rate', () => {
  const bucket = new TokenBucket({ perSecond: 500, burst: 1_000 }, 0);
  bucket.take(1_000, 0);
  assert.equal(bucket.debtMs, 0);
  bucket.take(5, 0);
  assert.equal(bucket.debtMs, 10);
  bucket.take(0, 10);
  assert.equal(bucket.debtMs, 0);
  bucket.take(1_000, 60_000);
  assert.equal(bucket.debtMs, 0, 'it holds no more than its burst, and that it holds');
  bucket.take(1, 60_000);
  assert.equal(bucket.debtMs, 2);
});

test('who waits out every debt gets no more than burst and rate, however it is cut', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 3_000 }), { minLength: 1, maxLength: 40 }), (takes) => {
      const bucket = new TokenBucket({ perSecond: 500, burst: 1_000 }, 0);
      let nowMs = 0;
      let taken = 0;
      for (const count of takes) {
        nowMs += bucket.debtMs;
        bucket.take(0, nowMs);
        const allowed = 1_000 + nowMs / 2;
        assert.ok(taken <= allowed + 1, `${taken} of ${allowed} at ${nowMs}`);
        bucket.take(count, nowMs);
        taken += count;
      }
    }),
  );
});

const garbage = (garbageBytes: number, garbageRuns = 0) => ({ garbageBytes, garbageRuns });

test('a mebibyte of garbage, or a thousand runs of it, within a minute is too much', () => {
  const intake = new Intake(LINK_LIMITS, 0);
  assert.equal(intake.isTooMuchGarbage(garbage(1024 * 1024, 1_000), 100), false);
  assert.equal(intake.isTooMuchGarbage(garbage(1024 * 1024 + 1, 1_000), 200), true);
  const other = new Intake(LINK_LIMITS, 0);
  assert.equal(other.isTooMuchGarbage(garbage(5, 1_001), 100), true);
});

test('what was before the last minute, or before a penalty, no longer counts', () => {
  const intake = new Intake(LINK_LIMITS, 0);
  assert.equal(intake.isTooMuchGarbage(garbage(1_000_000), 0), false);
  assert.equal(intake.isTooMuchGarbage(garbage(1_900_000), 60_000), false);
  assert.equal(intake.isTooMuchGarbage(garbage(2_100_000), 61_000), true);
  intake.forgive(garbage(2_100_000), 62_000);
  assert.equal(intake.isTooMuchGarbage(garbage(3_000_000), 63_000), false);
});
