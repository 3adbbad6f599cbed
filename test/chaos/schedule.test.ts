/** Laws of schedules: a seed draws the same again, and what fails is made as small as it can be. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { CATALOGUE } from './catalogue.ts';
import { drawSchedule, endedAt, kindOf, loadSchedule, saveSchedule } from './schedule.ts';
import { shrink } from './shrink.ts';

const HOSTS = ['hosta', 'hostb'];

test('a seed draws the same schedule again, and another one another', () => {
  assert.deepEqual(drawSchedule(7, 600_000, HOSTS), drawSchedule(7, 600_000, HOSTS));
  assert.notDeepEqual(drawSchedule(7, 600_000, HOSTS), drawSchedule(8, 600_000, HOSTS));
});

test('every kind comes up in twenty minutes, whatever the seed', () => {
  for (const seed of [1, 2, 3, 101, 202, 303]) {
    const { strikes } = drawSchedule(seed, 1_200_000, HOSTS);
    assert.deepEqual(new Set(strikes.map(({ kind }) => kind)), new Set(Object.keys(CATALOGUE)));
  }
});

test('none lasts longer than it may, and none that is heavy comes soon after another', () => {
  const { strikes } = drawSchedule(1, 3_600_000, HOSTS);
  for (const { kind, lengthMs } of strikes) {
    const [least, most] = kindOf(kind).lastsMs;
    assert.ok(lengthMs >= least && lengthMs <= most);
  }
  const heavy = strikes.filter(({ kind }) => kindOf(kind).isHeavy === true).map(({ atMs }) => atMs);
  assert.ok(heavy.slice(1).every((atMs, index) => atMs - (heavy[index] ?? 0) >= 30_000));
});

test('an hour holds more than five hundred faults', () => {
  for (const seed of [1, 2, 3]) assert.ok(drawSchedule(seed, 3_600_000, HOSTS).strikes.length >= 500);
});

test('only what strikes a host has one', () => {
  for (const { kind, host } of drawSchedule(1, 3_600_000, HOSTS).strikes)
    assert.equal(host !== undefined, kindOf(kind).scope === 'host', kind);
});

test('a schedule that was kept is read back as it was, and what is none is refused', () => {
  const folder = mkdtempSync(join(tmpdir(), 'pm-kvm-tools-schedule-'));
  const file = join(folder, 'one.json');
  try {
    const schedule = drawSchedule(3, 60_000, HOSTS);
    saveSchedule(file, schedule);
    assert.deepEqual(loadSchedule(file, HOSTS), schedule);
    const strike = { atMs: 1, kind: 'host killed', host: 'hosta', lengthMs: 0 };
    for (const text of [
      'no JSON',
      '[]',
      JSON.stringify({ ...schedule, seed: '3' }),
      JSON.stringify({ ...schedule, strikes: {} }),
      JSON.stringify({ ...schedule, strikes: [{ ...strike, kind: 'toString' }] }),
      JSON.stringify({ ...schedule, strikes: [{ ...strike, host: 'hostz' }] }),
      JSON.stringify({ ...schedule, strikes: [{ ...strike, atMs: -1 }] }),
    ]) {
      writeFileSync(file, text);
      assert.throws(() => loadSchedule(file, HOSTS), /cannot play the schedule/);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('what comes after a violation is cut off, and what came before it is kept', () => {
  const schedule = drawSchedule(3, 60_000, HOSTS);
  const cut = endedAt(schedule, 30_000);
  assert.deepEqual(
    cut.strikes,
    schedule.strikes.filter(({ atMs }) => atMs <= 30_000),
  );
  assert.ok(cut.forMs > 30_000 && cut.forMs < 60_000);
  assert.deepEqual(endedAt(schedule, 90_000), schedule);
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
