/** Laws of schedules: a seed draws the same again, and what fails is made as small as it can be. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { CATALOGUE } from './catalogue.ts';
import { drawSchedule, loadSchedule, saveSchedule, shrink } from './schedule.ts';

const HOSTS = ['hosta', 'hostb'];

test('a seed draws the same schedule again, and another one another', () => {
  assert.deepEqual(drawSchedule(7, 600_000, HOSTS), drawSchedule(7, 600_000, HOSTS));
  assert.notDeepEqual(drawSchedule(7, 600_000, HOSTS), drawSchedule(8, 600_000, HOSTS));
});

test('every kind comes up, none longer than it may last, and none that is heavy soon after another', () => {
  const { strikes } = drawSchedule(1, 3_600_000, HOSTS);
  assert.deepEqual(new Set(strikes.map(({ kind }) => kind)), new Set(Object.keys(CATALOGUE)));
  for (const { kind, lengthMs } of strikes) {
    const [least, most] = CATALOGUE[kind].lastsMs;
    assert.ok(lengthMs >= least && lengthMs <= most);
  }
  const heavy = strikes.filter(({ kind }) => CATALOGUE[kind].isHeavy).map(({ atMs }) => atMs);
  assert.ok(heavy.slice(1).every((atMs, index) => atMs - (heavy[index] ?? 0) >= 30_000));
});

test('an hour holds more than five hundred faults', () => {
  for (const seed of [1, 2, 3]) assert.ok(drawSchedule(seed, 3_600_000, HOSTS).strikes.length >= 500);
});

test('a schedule that was kept is read back as it was', () => {
  const folder = mkdtempSync(join(tmpdir(), 'pm-kvm-tools-schedule-'));
  try {
    const schedule = drawSchedule(3, 60_000, HOSTS);
    saveSchedule(join(folder, 'one.json'), schedule);
    assert.deepEqual(loadSchedule(join(folder, 'one.json')), schedule);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('shrinking leaves exactly what it takes to fail', async () => {
  const culprits = fc.uniqueArray(fc.nat({ max: 40 }), { minLength: 1, maxLength: 4 });
  await fc.assert(
    fc.asyncProperty(culprits, async (needed) => {
      const all = Array.from({ length: 41 }, (_, index) => index);
      const left = await shrink(all, async (some) => needed.every((one) => some.includes(one)));
      assert.deepEqual(
        [...left],
        needed.toSorted((one, other) => one - other),
      );
    }),
  );
});
