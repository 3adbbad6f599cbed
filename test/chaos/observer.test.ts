/** The laws of lives, each broken by processes that are made up, and kept by those that come closest to breaking it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { QemuProcess } from '../lab/qemu-scan.ts';
import { Observer } from './observer.ts';
import { type Law, Violations } from './violations.ts';

const VICTIM = 'chaos-one';
const LIMIT_MS = 50_000;

const qemu = (pid: number, differing: Partial<QemuProcess> = {}): QemuProcess => ({
  domain: VICTIM,
  pid,
  startedTicks: pid,
  isIncoming: false,
  ...differing,
});

interface Watch {
  readonly observer: Observer;
  readonly broken: () => readonly Law[];
}

function watching(): Watch {
  const violations = new Violations();
  const observer = new Observer(violations, LIMIT_MS);
  return { observer, broken: () => violations.all.map(({ law }) => law) };
}

const off = (askedMs: number, atMs: number) => ({ askedMs, atMs });

test('a guest that was confirmed off and lives is a violation', () => {
  const { observer, broken } = watching();
  observer.see([qemu(1)], 0);
  observer.see([qemu(1)], 200);
  observer.confirmedOff(VICTIM, off(100, 200));
  assert.deepEqual(broken(), ['what is confirmed is true']);
});

test('one that was seen to live after its end was confirmed is a violation, although it is dead when that is read', () => {
  const { observer, broken } = watching();
  observer.see([qemu(1)], 0);
  observer.see([qemu(1)], 250);
  observer.see([], 300);
  observer.confirmedOff(VICTIM, off(100, 200));
  assert.deepEqual(broken(), ['what is confirmed is true']);
});

test('one that came by a migration while its end was asked for, and lives, is a violation', () => {
  const { observer, broken } = watching();
  observer.see([qemu(1)], 0);
  observer.see([qemu(1), qemu(2, { isIncoming: true })], 150);
  observer.see([qemu(2, { isIncoming: true })], 200);
  observer.confirmedOff(VICTIM, off(100, 200));
  assert.deepEqual(broken(), ['what is confirmed is true']);
});

test('an end that came before its confirmation is none', () => {
  const { observer, broken } = watching();
  observer.see([qemu(1)], 0);
  observer.see([qemu(1)], 175);
  observer.see([], 200);
  observer.confirmedOff(VICTIM, off(100, 200));
  assert.deepEqual(broken(), []);
});

test('a process with the same pid that was started later is another life', () => {
  const { observer, broken } = watching();
  observer.see([qemu(1)], 0);
  observer.mayStart(VICTIM);
  observer.see([qemu(1, { startedTicks: 7 })], 100);
  observer.confirmedReset(VICTIM, off(50, 100));
  assert.deepEqual(broken(), []);
});

test('who starts after it was confirmed off without being asked is a violation, however late', () => {
  const { observer, broken } = watching();
  observer.see([qemu(1)], 0);
  observer.see([], 100);
  observer.confirmedOff(VICTIM, off(50, 100));
  observer.see([], 80_000);
  observer.see([qemu(2)], 80_100);
  assert.deepEqual(broken(), ['none starts unasked']);
  assert.equal(observer.watchedMs.get(VICTIM), 80_000);
});

test('who is asked to start may, and so may who starts while somebody asks', () => {
  const { observer, broken } = watching();
  observer.see([], 0);
  observer.confirmedOff(VICTIM, off(0, 0));
  observer.see([], 500);
  const release = observer.holdStart(VICTIM);
  observer.see([qemu(1)], 1_000);
  observer.see([qemu(1)], 1_100);
  observer.confirmedOff(VICTIM, off(900, 1_050));
  release();
  assert.deepEqual(broken(), []);
  assert.equal(observer.watchedMs.get(VICTIM), 500);
});

test('a permission that was held while it was asked for covers no former life', () => {
  const { observer, broken } = watching();
  observer.see([qemu(1)], 0);
  observer.holdStart(VICTIM);
  observer.see([qemu(1)], 200);
  observer.confirmedOff(VICTIM, off(100, 200));
  assert.deepEqual(broken(), ['what is confirmed is true']);
});

test('a permission that has ended covers nothing that is asked for later', () => {
  const { observer, broken } = watching();
  observer.see([], 0);
  observer.holdStart(VICTIM)();
  observer.see([], 100);
  observer.confirmedOff(VICTIM, off(50, 100));
  observer.see([qemu(1)], 200);
  assert.deepEqual(broken(), ['none starts unasked']);
});

test('a permission for one is none for another', () => {
  const { observer, broken } = watching();
  observer.see([], 0);
  observer.confirmedOff(VICTIM, off(0, 0));
  observer.holdStart('chaos-two');
  observer.see([qemu(1)], 100);
  assert.deepEqual(broken(), ['none starts unasked']);
});

test('a reset that leaves the former process is a violation, and so is one that it has migrated to', () => {
  for (const left of [qemu(1), qemu(2, { isIncoming: true })]) {
    const { observer, broken } = watching();
    observer.see([qemu(1)], 0);
    observer.see([qemu(1), qemu(2, { isIncoming: true })], 100);
    observer.see([left], 200);
    observer.see([left], 300);
    observer.confirmedReset(VICTIM, off(50, 300));
    assert.deepEqual(broken(), ['what is confirmed is true']);
  }
});

test('a start beside a life that is no migration is a violation at once', () => {
  const { observer, broken } = watching();
  observer.see([qemu(1)], 0);
  observer.see([qemu(1), qemu(2)], 25);
  observer.see([qemu(1), qemu(2)], 50);
  assert.deepEqual(broken(), ['none lives twice']);
});

test('also beside one that has migrated before', () => {
  const { observer, broken } = watching();
  observer.see([qemu(1, { isIncoming: true })], 0);
  observer.see([qemu(1, { isIncoming: true }), qemu(2)], 25);
  assert.deepEqual(broken(), ['none lives twice']);
});

test('a migration may last for its time, and no longer', () => {
  const { observer, broken } = watching();
  const both = [qemu(1), qemu(2, { isIncoming: true })];
  observer.see([qemu(1)], 0);
  observer.see(both, 100);
  observer.see(both, 100 + LIMIT_MS);
  assert.deepEqual(broken(), []);
  observer.see(both, 101 + LIMIT_MS);
  observer.see(both, 200 + LIMIT_MS);
  assert.deepEqual(broken(), ['none lives twice']);
});

test('what is confirmed a second time is judged a second time', () => {
  const { observer, broken } = watching();
  observer.see([qemu(1)], 0);
  observer.see([], 100);
  observer.confirmedOff(VICTIM, off(50, 100));
  assert.deepEqual(broken(), []);
  observer.holdStart(VICTIM)();
  observer.see([qemu(2)], 200);
  observer.confirmedOff(VICTIM, off(150, 200));
  assert.deepEqual(broken(), ['what is confirmed is true']);
});
