/** Who joins whom at the desk: only what asks for the very same thing, and only while it can still be given. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FenceRecord } from '../../../host/stonith/decide/record.ts';
import { type Ask, Desk } from '../../../host/stonith/desk/desk.ts';

const WALL_MS = 1_000_000;

function askFor(change: Partial<Ask> = {}): Ask {
  const id = change.id ?? 'X';
  return {
    guest: 'guest1',
    id,
    jobId: id,
    operation: 'off',
    resource: 'prmA',
    leftMs: 10_000,
    ...change,
  };
}

const recordOfX: FenceRecord = {
  id: 'X',
  operation: 'off',
  requester: 'guest1',
  host: 'hosta',
  formerRole: 'Started',
  untilWallMs: WALL_MS + 10_000,
};

test('an id that a job has for another target, or for something else, is refused, and nothing is done for it', () => {
  for (const other of [{ resource: 'prmB' }, { operation: 'on' }, { operation: 'status' }] as const) {
    const desk = new Desk({ host: 'hosta' });
    desk.resume('prmA', recordOfX, 0, WALL_MS);
    const [refused, ...more] = desk.ask(askFor(other), 0, WALL_MS);
    assert.deepEqual([refused?.do, more.length, desk.works.length], ['refuse', 0, 1]);
  }
});

test('the very same request joins what its id has begun', () => {
  const desk = new Desk({ host: 'hosta' });
  desk.resume('prmA', recordOfX, 0, WALL_MS);
  assert.deepEqual(desk.ask(askFor(), 0, WALL_MS), []);
  const [work] = desk.works;
  assert.deepEqual([desk.works.length, work?.askers.length], [1, 1]);
});

test('the same id from another guest is another job', () => {
  const desk = new Desk({ host: 'hosta' });
  desk.resume('prmA', recordOfX, 0, WALL_MS);
  desk.ask(askFor({ guest: 'guest2', resource: 'prmB' }), 0, WALL_MS);
  assert.equal(desk.works.length, 2);
});
