/** Allowances are made for what has struck, where it has, and for a while after it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { StrikeLedger } from './strike-ledger.ts';

const entry = {
  kind: 'x',
  host: 'hosta',
  isHeavy: false,
  ends: undefined,
  movesClocks: false,
  fromMs: 1_000,
} as const;

test('a clock is true where none was moved, and again a while after it was put back', () => {
  const ledger = new StrikeLedger();
  const open = ledger.open({ ...entry, movesClocks: true });
  assert.equal(ledger.hasTrueClock('hosta', 50_000), false);
  assert.equal(ledger.hasTrueClock('hostb', 50_000), true);
  open.untilMs = 50_000;
  assert.equal(ledger.hasTrueClock('hosta', 51_000), false);
  assert.equal(ledger.hasTrueClock('hosta', 60_000), true);
});

test('a heavy fault is heavy until its host may be back, a light one never', () => {
  const ledger = new StrikeLedger();
  ledger.open(entry).untilMs = 1_000;
  assert.equal(ledger.isHeavy(1_000), false);
  ledger.open({ ...entry, isHeavy: true }).untilMs = 2_000;
  assert.equal(ledger.isHeavy(20_000), true);
  assert.equal(ledger.isHeavy(60_000), false);
  assert.equal(ledger.touched([], 500, 900), false);
  assert.equal(ledger.touched(['x'], 500, 1_500), true);
});
