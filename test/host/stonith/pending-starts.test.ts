/** What libvirt was asked to start and has not answered may come up at any time: nothing may be called off meanwhile. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { StartResult } from '../../../host/libvirt/domain-control.ts';
import { PendingStarts } from '../../../host/stonith/libvirt/pending-starts.ts';

const NOW = Promise.resolve();
const NEVER = new Promise<never>(() => {});
const started: StartResult = { ok: true, outcome: 'started' };
const failed = (kind: 'deadline' | 'unavailable' | 'refused', fault: string): StartResult => ({
  ok: false,
  kind,
  fault,
});

test('a start that is not waited for any longer stays pending until its answer, and no other domain with it', async () => {
  const starts = new PendingStarts();
  let answer = (_result: StartResult) => {};
  const begun = starts.begin('vm1', () => new Promise((resolve) => (answer = resolve)), NOW);
  assert.equal(await begun, undefined);
  assert.deepEqual([starts.has('vm1'), starts.has('vm2')], [true, false]);
  answer(started);
  await new Promise(setImmediate);
  assert.equal(starts.has('vm1'), false);
});

test('what libvirt has said ends a start; a virsh that was killed and a connection that broke do not', async () => {
  const outcomes: [StartResult, boolean][] = [
    [started, false],
    [failed('refused', 'out of memory'), false],
    [failed('unavailable', 'failed to connect to the hypervisor'), false],
    [failed('unavailable', 'End of file while reading data'), true],
    [failed('deadline', 'virsh took longer than 600 s'), true],
  ];
  for (const [outcome, isPending] of outcomes) {
    const starts = new PendingStarts();
    assert.equal(await starts.begin('vm1', async () => outcome, NEVER), outcome);
    assert.equal(starts.has('vm1'), isPending, JSON.stringify(outcome));
  }
});

test('the answer to a later start ends those before it, and not those after it', async () => {
  const starts = new PendingStarts();
  await starts.begin('vm1', () => NEVER, NOW);
  let answer = (_result: StartResult) => {};
  const second = starts.begin('vm1', () => new Promise((resolve) => (answer = resolve)), NEVER);
  await starts.begin('vm1', () => NEVER, NOW);
  answer(started);
  await second;
  assert.equal(starts.has('vm1'), true);
  await starts.begin('vm1', async () => started, NEVER);
  assert.equal(starts.has('vm1'), false);
});
