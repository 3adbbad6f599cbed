/** Who joins whom at the desk: only what asks for the very same thing, and only while it can still be given. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Facts } from '../../../host/stonith/decide/facts.ts';
import type { JobEvent } from '../../../host/stonith/decide/job-state.ts';
import type { FenceRecord } from '../../../host/stonith/decide/record.ts';
import { type Ask, Desk, type DeskEffect, type Work } from '../../../host/stonith/desk/desk.ts';

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

const isDead: Facts = {
  teller: 'the host cluster',
  hasQuorum: true,
  fencesItsNodes: true,
  unsettled: undefined,
  hasMigrated: false,
  ordersAreDone: true,
  requesterIsDoomed: false,
  finished: undefined,
  nodes: [{ name: 'hosta', isOnline: true, isUnclean: false, isPending: false, tells: 'stopped' }],
  target: {
    isManaged: true,
    isBlocked: false,
    hasFailed: false,
    activeOn: [],
    pending: undefined,
    role: 'Stopped',
    ownRole: 'Stopped',
    record: undefined,
    obstacle: undefined,
    savesMemory: false,
    isElsewhere: false,
  },
};
const seen: JobEvent = { type: 'seen', facts: isDead, wallMs: WALL_MS };

const isAlive: Facts = {
  ...isDead,
  nodes: [{ name: 'hosta', isOnline: true, isUnclean: false, isPending: false, tells: 'otherwise' }],
  target: isDead.target && { ...isDead.target, activeOn: ['hosta'], role: 'Started', ownRole: 'Started' },
};
const seenRunning: JobEvent = { type: 'seen', facts: isAlive, wallMs: WALL_MS };
const notDone = (isCertain: boolean): JobEvent => ({ type: 'not-done', fault: 'the deadline', isCertain });

/** What one job was told, one after the other, in whichever phase it then was. */
function tell(desk: Desk, work: Work | undefined, ...events: JobEvent[]): DeskEffect[] {
  assert.ok(work !== undefined);
  return events.flatMap((event) => desk.happened(work, work.job.phase, event, 0));
}

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

test('an order that is never answered, and was overtaken by a give-up, may land yet: what looks as it was is unknown', () => {
  const answers = {
    ok: { type: 'ordered', ranOn: ['hosta'] },
    refused: notDone(true),
    lost: notDone(false),
  } as const;
  for (const [how, answer] of Object.entries(answers)) {
    const desk = new Desk({ host: 'hosta' });
    desk.ask(askFor(), 0, WALL_MS);
    const [work] = desk.works;
    tell(desk, work, seenRunning, { type: 'marked' });
    assert.equal(work?.job.phase, 'ordering');
    desk.cancel('guest1', 'X', 0);
    assert.ok(work !== undefined);
    desk.happened(work, 'ordering', answer, 0);
    const told = tell(desk, work, { type: 'cleaned' }, seenRunning);
    const results = told.flatMap((effect) => (effect.do === 'reply' ? [effect.outcome.result] : []));
    assert.deepEqual(results, [how === 'lost' ? 'unknown' : 'failed'], how);
  }
});

test('a reset whose guest has died already is joined by its own id alone: another one has it stopped anew', () => {
  const desk = new Desk({ host: 'hosta' });
  desk.ask(askFor({ operation: 'reset' }), 0, WALL_MS);
  const [work] = desk.works;
  tell(desk, work, seen, { type: 'ordered', ranOn: [] });
  desk.ask(askFor({ operation: 'reset', id: 'before' }), 0, WALL_MS);
  assert.equal(desk.works.length, 1);
  tell(desk, work, seen);
  assert.equal(work?.job.phase, 'starting');
  desk.ask(askFor({ operation: 'reset', id: 'after' }), 0, WALL_MS);
  assert.equal(desk.works.length, 2);
  const told = tell(desk, work, { type: 'ordered', ranOn: [] });
  const answered = told.flatMap((effect) => (effect.do === 'reply' ? [effect.ask.id] : []));
  assert.deepEqual(answered, ['X', 'before']);
});
