/** One request, one outcome: what contradicts itself is found, what is told twice is not. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Audited, auditedIn } from './audit-watch.ts';
import { joinOutcomes, type Told } from './outcomes.ts';

const line = (result: string, readMs = 0): Audited => ({
  host: 'hosta',
  requester: 'asker',
  target: 'prmVMCTL_chaos-one',
  operation: 'off',
  result,
  reason: '',
  id: 'one',
  durationMs: 5,
  timeMs: 0,
  readMs,
});
const told = (result: string | undefined): Told => ({
  id: 'one',
  asker: 'asker',
  action: 'off',
  result,
  askedMs: 0,
  atMs: 1,
});
const never = () => false;
const found = (lines: readonly Audited[], answers: readonly Told[] = []) =>
  joinOutcomes(lines, answers, never).contradictions.length;

test('failed behind confirmed is a contradiction, and denied beside anything', () => {
  assert.equal(found([line('confirmed', 1), line('failed', 2)]), 1);
  assert.equal(found([line('denied', 1)]), 1);
});

test('an answer that was lost, asked for again, and given once more is none', () => {
  assert.equal(found([line('unknown', 1), line('confirmed', 2)], [told('confirmed')]), 0);
  assert.equal(found([line('failed', 1), line('confirmed', 2)], [told('confirmed')]), 0);
  assert.equal(found([line('confirmed', 1), line('confirmed', 2)], [told('confirmed')]), 0);
  assert.equal(found([line('confirmed', 1), line('unknown', 2)], [told('unknown')]), 0);
});

test('a guest that is told failed of what is confirmed is one, and so is the other way round', () => {
  assert.equal(found([line('confirmed')], [told('failed')]), 1);
  assert.equal(found([line('unknown')], [told('confirmed')]), 1);
});

test('a guest that is told denied is one, whatever the lines say, and so is a line of another operation', () => {
  assert.equal(found([line('confirmed')], [told('denied')]), 1);
  assert.equal(found([], [told('denied')]), 1);
  assert.equal(found([{ ...line('confirmed'), operation: 'status' }], [told('confirmed')]), 1);
  const reset = { ...line('confirmed'), operation: 'reset' };
  assert.equal(found([reset], [{ ...told('confirmed'), action: 'reboot' }]), 0);
});

test('the same id of another guest is another request', () => {
  assert.equal(found([{ ...line('confirmed'), requester: 'other' }], [told('failed')]), 0);
});

test('who was told nothing, and whose line is lost, contradicts nothing; how many were joined is told', () => {
  const joined = joinOutcomes(
    [line('confirmed')],
    [told(undefined), told('confirmed'), { ...told('failed'), id: 'two' }],
    never,
  );
  assert.deepEqual(
    { ...joined, contradictions: joined.contradictions.length },
    { joined: 1, answers: 2, contradictions: 0 },
  );
});

test('a confirmed without a line is one, unless the line may have been lost', () => {
  const lost = { ...told('confirmed'), id: 'two' };
  assert.equal(found([line('confirmed')], [lost]), 1);
  assert.deepEqual(joinOutcomes([], [lost], (one) => one.id === 'two').contradictions, []);
});

test('a line of the audit log is read, and half a line is none', () => {
  const text = JSON.stringify({
    time: '2024-01-01T00:00:00.000Z',
    requester: 'asker',
    target: 'prmVMCTL_chaos-one',
    operation: 'off',
    result: 'confirmed',
    state: 'off',
    reason: '',
    durationMs: 5,
    id: 'one',
  });
  assert.equal(auditedIn(text, 'hosta', 7)?.timeMs, Date.parse('2024-01-01'));
  assert.equal(auditedIn(text.slice(0, -9), 'hosta', 7), undefined);
});
