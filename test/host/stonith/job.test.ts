import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Facts } from '../../../host/stonith/decide/facts.ts';
import { advance } from '../../../host/stonith/decide/job.ts';
import { type Job, type JobEffect, type JobEvent, newJob } from '../../../host/stonith/decide/job-state.ts';
import { stopped } from '../../../host/stonith/decide/proof.ts';

const WALL_MS = 1_000_000;

const running: Facts = {
  teller: 'the host cluster',
  hasQuorum: true,
  fencesItsNodes: true,
  unsettled: undefined,
  hasMigrated: false,
  ordersAreDone: false,
  requesterIsDoomed: false,
  finished: undefined,
  nodes: [
    { name: 'hosta', isOnline: true, isUnclean: false, isPending: false, tells: 'stopped' },
    { name: 'hostb', isOnline: true, isUnclean: false, isPending: false, tells: 'otherwise' },
  ],
  target: {
    isManaged: true,
    isBlocked: false,
    hasFailed: false,
    activeOn: ['hostb'],
    pending: undefined,
    role: 'Started',
    ownRole: 'Started',
    record: undefined,
    obstacle: undefined,
    savesMemory: false,
    isElsewhere: false,
  },
};

function withTarget(change: Partial<NonNullable<Facts['target']>>, facts: Facts = running): Facts {
  return facts.target === undefined ? facts : { ...facts, target: { ...facts.target, ...change } };
}

const isStopped: Facts = {
  ...withTarget({ activeOn: [], role: 'Stopped' }),
  nodes: running.nodes.map((node) => ({ ...node, tells: 'stopped' })),
};
const stopping = withTarget({ role: 'Stopped' });

function jobFor(operation: Job['operation']): Job {
  const own = { id: 'r-1', resource: 'prmVMCTL_guest2', requester: 'guest1', host: 'hosta' };
  return newJob({ ...own, operation, untilWallMs: WALL_MS + 30_000 });
}

/** Runs the events through the machine and tells what it did, in order. */
function play(job: Job, ...events: JobEvent[]): { job: Job; did: string[]; effects: JobEffect[] } {
  const effects: JobEffect[] = [];
  let present = job;
  for (const event of events) {
    const step = advance(present, event);
    present = step.job;
    effects.push(...step.effects);
  }
  const did = effects.map((effect) => {
    if (effect.do === 'answer') return `${effect.outcome.result} ${effect.outcome.state}`;
    return effect.do === 'order' ? `order ${effect.role}` : effect.do;
  });
  return { job: present, did, effects };
}

const seen = (facts: Facts): JobEvent => ({ type: 'seen', facts, wallMs: WALL_MS });
const begun: JobEvent = { type: 'begun' };
const marked: JobEvent = { type: 'marked' };
const ordered: JobEvent = { type: 'ordered', ranOn: [] };
const cleaned: JobEvent = { type: 'cleaned' };
const deadline: JobEvent = { type: 'give-up', reason: 'the deadline has passed' };

test('off marks, orders, waits for the proof, answers, and clears', () => {
  const { did, job } = play(
    jobFor('off'),
    begun,
    seen(running),
    marked,
    ordered,
    seen(stopping),
    seen(isStopped),
    cleaned,
  );
  assert.deepEqual(did, [
    'look',
    'mark',
    'order Stopped',
    'look',
    'look',
    'confirmed off',
    'publish',
    'clear',
  ]);
  assert.equal(job.phase, 'done');
});

test('one that is on its way to another node is not off, whatever is seen of it: neither while it is waited for, nor asked for', () => {
  const isAway = withTarget({ isElsewhere: true }, isStopped);
  const before = [begun, seen(running), marked, ordered];
  assert.deepEqual(play(jobFor('off'), ...before, seen(isAway), seen(isAway)).did.slice(-2), [
    'look',
    'look',
  ]);
  const { did } = play(jobFor('status'), begun, seen(isAway), seen(isAway));
  assert.ok(!did.some((one) => one.endsWith(' off')), did.join());
});

test('reset starts it again once the stop is proven, and answers when that is accepted', () => {
  const { did } = play(
    jobFor('reset'),
    begun,
    seen(running),
    marked,
    ordered,
    seen(stopping),
    seen(isStopped),
    ordered,
  );
  assert.deepEqual(did.slice(-5), ['publish', 'start', 'confirmed off', 'publish', 'clear']);
});

test('a reset whose start fails is still confirmed, because the guest is dead', () => {
  const failed: JobEvent = { type: 'not-done', fault: 'the CIB is read-only', isCertain: true };
  const { effects } = play(
    jobFor('reset'),
    begun,
    seen(running),
    marked,
    ordered,
    seen(stopping),
    seen(isStopped),
    failed,
  );
  const [answer] = effects.filter((effect) => effect.do === 'answer');
  assert.ok(answer?.do === 'answer');
  assert.equal(answer.outcome.result, 'confirmed');
  assert.match(answer.outcome.reason, /starting it again failed: the CIB is read-only/);
});

test('what was never seen active after the order is believed only after two looks at a settled cluster', () => {
  const before = [begun, seen(isStopped), ordered];
  assert.deepEqual(play(jobFor('off'), ...before, seen(isStopped)).did.at(-1), 'look');
  assert.deepEqual(
    play(jobFor('off'), ...before, seen(isStopped), seen(isStopped)).did.at(-3),
    'confirmed off',
  );
  const busy = { ...isStopped, unsettled: 'busy' };
  assert.equal(
    play(jobFor('off'), ...before, seen(isStopped), seen(busy), seen(isStopped)).did.at(-1),
    'look',
  );
});

test('what is known to have run when the order was accepted is believed at one look, if the node itself tells of its end', () => {
  const before = [begun, seen(running), marked, { type: 'ordered', ranOn: ['hostb'] } as const];
  const busy = { ...isStopped, unsettled: 'busy' };
  assert.equal(play(jobFor('off'), ...before, seen(busy)).did.at(-3), 'confirmed off');
  const lost = {
    ...isStopped,
    nodes: isStopped.nodes.map((node) => ({ ...node, isOnline: node.name !== 'hostb' })),
  };
  assert.equal(play(jobFor('off'), ...before, seen({ ...lost, unsettled: 'busy' })).did.at(-1), 'look');
  const once = play(jobFor('off'), ...before, seen(lost));
  assert.deepEqual([once.did.at(-1), once.job.mustSettle], ['look', true]);
  assert.equal(play(jobFor('off'), ...before, seen(lost), seen(lost)).did.at(-3), 'confirmed off');
});

test('of what has migrated since, only a settled cluster proves the end, at two looks', () => {
  const before = [begun, seen(running), marked, { type: 'ordered', ranOn: ['hostb'] } as const];
  const moved = { ...isStopped, hasMigrated: true };
  const busy = play(jobFor('off'), ...before, seen({ ...moved, unsettled: 'busy' }));
  assert.deepEqual([busy.did.at(-1), busy.job.mustSettle], ['look', true]);
  assert.equal(play(jobFor('off'), ...before, seen(moved)).did.at(-1), 'look');
  assert.equal(play(jobFor('off'), ...before, seen(moved), seen(moved)).did.at(-3), 'confirmed off');
});

test('where an accepted order has been carried out already, one look is enough', () => {
  const done = { ...isStopped, ordersAreDone: true };
  assert.equal(play(jobFor('off'), begun, seen(done), ordered, seen(done)).did.at(-3), 'confirmed off');
});

test('a guest that is being fenced itself fences nobody, and may still be asked for', () => {
  const doomed = { ...running, requesterIsDoomed: true };
  for (const operation of ['off', 'reset'] as const)
    assert.deepEqual(play(jobFor(operation), begun, seen(doomed)).did, ['look', 'failed on']);
  assert.equal(play(jobFor('on'), begun, seen(doomed)).did.at(-1), 'order Started');
});

test('the deadline rolls back, and only what is known to run is called failed', () => {
  const before = [begun, seen(running), marked, ordered, seen(stopping)];
  const onTime = play(jobFor('off'), ...before, deadline, cleaned, seen(running));
  assert.deepEqual(onTime.did.slice(-3), ['roll-back', 'look', 'failed on']);
  const blind: JobEvent = { type: 'unreadable', fault: 'Pacemaker does not answer' };
  const unknown = play(jobFor('off'), ...before, deadline, cleaned, blind);
  assert.deepEqual(unknown.did.slice(-3), ['roll-back', 'look', 'unknown unknown']);
  const inBetween = play(jobFor('off'), ...before, deadline, cleaned, seen(isStopped));
  assert.deepEqual(inBetween.did.slice(-1), ['unknown off']);
});

test('a rollback that fails is unknown', () => {
  const failed: JobEvent = { type: 'not-done', fault: 'no answer', isCertain: false };
  const { did } = play(jobFor('off'), begun, seen(running), marked, ordered, deadline, failed);
  assert.equal(did.at(-1), 'unknown unknown');
});

test('the former role is put back, also when it was none', () => {
  for (const role of [undefined, 'Started', 'Stopped']) {
    const { effects } = play(
      jobFor('off'),
      begun,
      seen(withTarget({ ownRole: role })),
      marked,
      ordered,
      deadline,
    );
    assert.deepEqual(effects.at(-1), { do: 'roll-back', formerRole: role, unlessEnded: false });
  }
});

test('a job that already has its record in the cluster joins and orders nothing', () => {
  const record = { id: 'r-1', operation: 'off', requester: 'guest1', host: 'hostb' } as const;
  const there = withTarget({
    role: 'Stopped',
    record: { ...record, untilWallMs: WALL_MS + 9_000, formerRole: 'Started' },
  });
  const { did, job } = play(jobFor('off'), begun, seen(there));
  assert.deepEqual(did, ['look', 'look']);
  assert.equal(job.phase, 'waiting');
  assert.equal(job.formerRole, 'Started');
});

test('what was finished under this id, on whichever host, is answered and not done again', () => {
  const finished = { state: 'off', untilWallMs: WALL_MS + 9_000 } as const;
  assert.deepEqual(play(jobFor('reset'), begun, seen({ ...running, finished })).did, [
    'look',
    'confirmed off',
  ]);
});

test('an off that was confirmed is answered again only while it is true, and to nobody who comes too late', () => {
  const finished = { state: 'off', untilWallMs: WALL_MS + 9_000 } as const;
  const again = (facts: Facts) => play(jobFor('off'), begun, seen({ ...facts, finished }));
  assert.deepEqual(again({ ...isStopped, unsettled: undefined }).did, ['look', 'confirmed off']);
  assert.deepEqual(again(running).did, ['look', 'unknown on']);
  const busy = again({ ...isStopped, unsettled: 'busy' });
  assert.deepEqual([busy.did.at(-1), busy.job.mustSettle], ['look', true], 'it looks whether it still holds');
  for (const operation of ['off', 'reset', 'on'] as const) {
    const late = { state: 'off', untilWallMs: WALL_MS - 10_001 } as const;
    const asked = play(jobFor(operation), begun, seen({ ...isStopped, finished: late }));
    assert.deepEqual(asked.did, ['look', 'unknown off']);
  }
});

test('of two resources that start the same machine none is ordered anything, and its state is not known', () => {
  const twin = withTarget({ obstacle: 'resource prmOther starts the same virtual machine' });
  assert.deepEqual(play(jobFor('off'), begun, seen(twin)).did, ['look', 'failed unknown']);
  assert.deepEqual(play(jobFor('status'), begun, seen(twin)).did, ['look', 'unknown unknown']);
});

test('an order that somebody was quicker than is planned anew, and its marks are taken back if it is refused', () => {
  const conflict: JobEvent = { type: 'conflict' };
  const before = [begun, seen(running), marked, conflict];
  const { did, job } = play(jobFor('off'), ...before);
  assert.deepEqual([did.at(-1), job.phase], ['look', 'inspecting']);
  const refused = play(jobFor('off'), ...before, seen(withTarget({ isManaged: false })));
  assert.deepEqual(refused.did.slice(-1), ['roll-back']);
});

test('another job for the same guest is waited for; a forgotten one is taken over with its former role', () => {
  const record = {
    id: 'r-0',
    operation: 'off',
    requester: 'guest1',
    host: 'hostb',
    formerRole: undefined,
  } as const;
  const living = withTarget({ record: { ...record, untilWallMs: WALL_MS + 1 } });
  assert.equal(play(jobFor('off'), begun, seen(living)).job.phase, 'queued');
  const untold = withTarget({ record: { ...record, untilWallMs: WALL_MS - 9_999 } });
  assert.equal(play(jobFor('off'), begun, seen(untold)).job.phase, 'queued', 'clocks may differ by so much');
  const past = { role: 'Stopped', ownRole: 'Stopped', record: { ...record, untilWallMs: WALL_MS - 10_000 } };
  const taken = play(jobFor('off'), begun, seen(withTarget(past)));
  assert.equal(taken.job.phase, 'marking');
  assert.equal(taken.job.formerRole, undefined);
  const { effects } = play(jobFor('off'), begun, seen(withTarget(past)), marked, ordered, deadline);
  const isGuarded = { do: 'roll-back', formerRole: undefined, unlessEnded: true };
  assert.deepEqual(effects.at(-1), isGuarded, 'the forgotten off may have been confirmed meanwhile');
  const changed = play(jobFor('off'), begun, seen(withTarget({ ...past, ownRole: 'Started' })));
  assert.equal(changed.job.formerRole, 'Started');
});

test('of a forgotten off that may have been confirmed the role stays: giving up the next one starts nothing', () => {
  const record = {
    id: 'r-0',
    operation: 'off',
    requester: 'guest1',
    host: 'hostb',
    formerRole: 'Started',
    untilWallMs: WALL_MS - 10_000,
  } as const;
  for (const facts of [isStopped, withNode({ isUnclean: true })]) {
    const past = seen(withTarget({ ownRole: 'Stopped', record }, facts));
    const { effects } = play(jobFor('off'), begun, past, ordered, deadline);
    assert.deepEqual(effects.at(-1), { do: 'roll-back', formerRole: 'Stopped', unlessEnded: false });
  }
});

const ownRecord = {
  id: 'r-1',
  operation: 'off',
  requester: 'guest1',
  host: 'hosta',
  formerRole: 'Started',
  untilWallMs: WALL_MS + 9_000,
} as const;
const resumedOff: JobEvent = { type: 'resumed', record: ownRecord };
const resumedReset: JobEvent = { type: 'resumed', record: { ...ownRecord, operation: 'reset' } };

test('a resumed off removes the record first, and confirms only what it proves after that', () => {
  const proof = [seen(isStopped), seen(isStopped)];
  const sealing = play(jobFor('off'), resumedOff, ...proof);
  assert.deepEqual([sealing.did.at(-1), sealing.job.phase], ['clear', 'sealing']);
  const sealed = play(jobFor('off'), resumedOff, ...proof, cleaned, ...proof);
  assert.deepEqual(sealed.did.slice(-3), ['confirmed off', 'publish', 'clear']);
  const takenBack = play(jobFor('off'), resumedOff, ...proof, cleaned, seen(running), deadline);
  assert.ok(!takenBack.did.includes('confirmed off'));
  const refused: JobEvent = { type: 'not-done', fault: 'no answer', isCertain: false };
  assert.equal(play(jobFor('off'), resumedOff, ...proof, refused).job.phase, 'waiting');
});

test('a resumed job is never failed, and takes an off back only where nobody can have seen its end', () => {
  const { effects, did } = play(jobFor('off'), resumedOff, deadline, cleaned, seen(running));
  assert.deepEqual(
    effects.find((effect) => effect.do === 'roll-back'),
    {
      do: 'roll-back',
      formerRole: 'Started',
      unlessEnded: true,
    },
  );
  assert.equal(did.at(-1), 'unknown on');
});

test('what has failed to start is not on, although the cluster calls it active', () => {
  const { did } = play(jobFor('on'), begun, seen(isStopped), ordered, seen(withTarget({ hasFailed: true })));
  assert.equal(did.at(-1), 'look');
  const status = play(jobFor('status'), begun, seen(withTarget({ hasFailed: true })));
  assert.equal(status.did.at(-1), 'unknown unknown');
});

test('a resumed on leaves the role as it was ordered, for it may have been confirmed', () => {
  const record = { ...ownRecord, operation: 'on', formerRole: 'Stopped' } as const;
  const { effects, did } = play(
    jobFor('on'),
    { type: 'resumed', record },
    deadline,
    cleaned,
    seen(isStopped),
  );
  assert.deepEqual(
    effects.find((effect) => effect.do === 'roll-back'),
    { do: 'roll-back', formerRole: 'Started', unlessEnded: false },
  );
  assert.equal(did.at(-1), 'unknown off');
});

test('a resumed job that was answered before is tidied: off is cleared, reset is started', () => {
  const finished = { state: 'off', untilWallMs: WALL_MS + 9_000 } as const;
  const isOrdered = withTarget({ ownRole: 'Stopped' }, isStopped);
  const off = play(jobFor('off'), resumedOff, seen({ ...isOrdered, finished }), cleaned);
  assert.deepEqual(off.did, ['look', 'confirmed off', 'publish', 'clear']);
  assert.equal(off.job.phase, 'done');
  const changed = withTarget({ ownRole: 'Started' }, running);
  const asked = play(jobFor('off'), resumedOff, seen({ ...changed, finished }));
  assert.ok(!asked.did.includes('confirmed off'), 'somebody has started it since');
  const reset = play(jobFor('reset'), resumedReset, seen({ ...isStopped, finished }), ordered, cleaned);
  assert.deepEqual(reset.did, ['look', 'publish', 'start', 'confirmed off', 'publish', 'clear']);
});

test('a guest that has moved to an unmarked node is marked there too', () => {
  const moved = withTarget({ role: 'Stopped', activeOn: ['hosta'] });
  const { effects } = play(jobFor('off'), begun, seen(running), marked, ordered, seen(moved));
  assert.deepEqual(effects.at(-2), { do: 'mark', nodes: ['hosta'] });
});

const SEEN = { ranOn: ['hostb'], markedNodes: ['hosta'] };

const unprovable: Readonly<Record<string, Facts>> = {
  'no quorum': { ...isStopped, hasQuorum: false },
  'an unclean node': withNode({ isUnclean: true }),
  'a pending node': withNode({ isPending: true }),
  'a lost node in a cluster without stonith': { ...withNode({ isOnline: false }), fencesItsNodes: false },
  'a node that remembers something else': withNode({ tells: 'otherwise' }),
  'a node where it may have run and that remembers nothing': withNode({ tells: 'nothing' }),
  'a node that remembers nothing in a busy cluster': {
    ...isStopped,
    unsettled: 'busy',
    nodes: isStopped.nodes.map((node) => ({ ...node, tells: 'nothing' })),
  },
  'a stop that a node tells from memory in a busy cluster': {
    ...isStopped,
    unsettled: 'busy',
    nodes: isStopped.nodes.map((node) => ({ ...node, tells: 'remembers-stop' })),
  },
  'an operation under way': withTarget({ pending: 'Starting' }, isStopped),
  'an instance': withTarget({ activeOn: ['hosta'] }, isStopped),
  'a failed instance': withTarget({ hasFailed: true }, isStopped),
  'a role that is not Stopped': withTarget({ role: 'Started' }, isStopped),
  'an unmanaged resource': withTarget({ isManaged: false }, isStopped),
  'a blocked resource': withTarget({ isBlocked: true }, isStopped),
  'a resource that is gone': { ...isStopped, target: undefined },
};

function withNode(change: Partial<Facts['nodes'][number]>): Facts {
  const [first, ...others] = isStopped.nodes;
  return first === undefined ? isStopped : { ...isStopped, nodes: [{ ...first, ...change }, ...others] };
}

for (const [name, facts] of Object.entries(unprovable)) {
  test(`${name} is never proof`, () => assert.notEqual(stopped(facts, SEEN).kind, 'proven'));
}

test('a node where it never ran need not remember it, once the cluster is settled', () => {
  const elsewhere = withNode({ tells: 'nothing' });
  assert.equal(stopped(elsewhere, { ranOn: ['hostb'], markedNodes: ['hostb'] }).kind, 'proven');
});

test('a node whose daemons have come back proves nothing until they have looked', () => {
  const forgotten = {
    ...isStopped,
    nodes: isStopped.nodes.map((node) => ({ ...node, tells: 'nothing' as const })),
  };
  const before = [begun, seen(running), marked, ordered, seen(stopping)];
  assert.deepEqual(play(jobFor('off'), ...before, seen(forgotten), seen(forgotten)).did.at(-1), 'look');
  assert.equal(play(jobFor('off'), ...before, seen(forgotten), seen(isStopped)).did.at(-3), 'confirmed off');
});

test('a stop that is told from memory, and may be an older one, is proof only in a settled cluster, seen twice', () => {
  const remembered: Facts = {
    ...isStopped,
    unsettled: 'busy',
    nodes: isStopped.nodes.map((node) => ({ ...node, tells: 'remembers-stop' as const })),
  };
  const settled = { ...remembered, unsettled: undefined };
  const before = [begun, seen(running), marked, ordered, seen(stopping), seen(remembered)];
  assert.equal(play(jobFor('off'), ...before).job.mustSettle, true);
  assert.equal(play(jobFor('off'), ...before, seen(settled)).did.at(-1), 'look');
  assert.ok(play(jobFor('off'), ...before, seen(settled), seen(settled)).did.includes('confirmed off'));
});

const arbitraryFacts = fc.constantFrom(running, stopping, isStopped, ...Object.values(unprovable));
const arbitraryEvent: fc.Arbitrary<JobEvent> = fc.oneof(
  { weight: 6, arbitrary: arbitraryFacts.map(seen) },
  { weight: 4, arbitrary: fc.constantFrom(marked, ordered, cleaned) },
  fc.constantFrom<JobEvent>(
    deadline,
    { type: 'conflict' },
    { type: 'unanswered' },
    { type: 'unreadable', fault: 'no answer' },
  ),
  fc.boolean().map((isCertain): JobEvent => ({ type: 'not-done', fault: 'refused', isCertain })),
);

/** What is sent in these may change the guest when its answer is long given up. */
const OWN_UPDATES: readonly Job['phase'][] = ['marking', 'ordering', 'waiting', 'rolling-back'];

test('whatever happens: one answer at most, confirmed only on proof, and nothing ordered is left behind', () => {
  fc.assert(
    fc.property(
      fc.constantFrom('off' as const, 'reset' as const),
      fc.boolean(),
      fc.array(arbitraryEvent, { maxLength: 40 }),
      (operation, isResumed, events) => {
        const first: JobEvent = isResumed ? { type: 'resumed', record: { ...ownRecord, operation } } : begun;
        let job = advance(jobFor(operation), first).job;
        let answers = 0;
        let hasOrdered = isResumed;
        let hasTidied = false;
        let hadProof = false;
        let mayComeYet = false;
        for (const event of events) {
          if (event.type === 'seen' && job.phase === 'waiting') {
            hadProof = stopped(event.facts, job).kind === 'proven';
          }
          // What was refused was not written.
          if (event.type === 'conflict' && job.phase === 'ordering') hasOrdered = job.markedNodes.length > 0;
          const isLost = event.type === 'unanswered' || (event.type === 'not-done' && !event.isCertain);
          if (isLost && OWN_UPDATES.includes(job.phase)) mayComeYet = true;
          const step = advance(job, event);
          job = step.job;
          for (const effect of step.effects) {
            if (effect.do === 'roll-back') {
              assert.equal(effect.unlessEnded, isResumed && operation === 'off');
              assert.equal(answers, 0, 'taken back after the answer');
            }
            if (effect.do === 'order' || effect.do === 'mark') hasOrdered = true;
            if (effect.do === 'clear' || effect.do === 'roll-back') hasTidied = true;
            if (effect.do !== 'answer') continue;
            answers++;
            assert.ok(effect.outcome.result !== 'failed' || !mayComeYet, 'failed, and may die yet');
            if (effect.outcome.result !== 'confirmed') continue;
            assert.ok(hadProof, 'confirmed without proof');
          }
        }
        assert.ok(answers <= 1);
        if (job.phase === 'done') assert.equal(hasTidied || !hasOrdered, true, 'left behind');
      },
    ),
    { numRuns: 5_000 },
  );
});

test('nothing is ended while a node’s word would stand in the way of the proof', () => {
  const unclear: Facts = {
    ...running,
    nodes: running.nodes.map((node) => ({ ...node, tells: 'otherwise' })),
  };
  for (const operation of ['off', 'reset'] as const) {
    const { did, effects } = play(jobFor(operation), begun, seen(unclear));
    assert.deepEqual(did, ['look', 'failed on']);
    const [answer] = effects.filter((effect) => effect.do === 'answer');
    assert.match(answer?.do === 'answer' ? answer.outcome.reason : '', /^node hosta does not tell/);
  }
  assert.equal(
    play(jobFor('on'), begun, seen(withTarget({ activeOn: [] }, unclear))).did.at(-1),
    'order Started',
  );
  const busy = { ...unclear, unsettled: 'busy' };
  const waiting = play(jobFor('off'), begun, seen(busy), seen(busy));
  assert.deepEqual([waiting.did, waiting.job.mustSettle], [['look', 'look', 'look'], true]);
  assert.equal(play(jobFor('off'), begun, seen(busy), seen(running)).did.at(-1), 'mark');
});

test('the record of another guest’s request is not one’s own, whatever its id', () => {
  const record = {
    id: 'r-1',
    operation: 'off',
    untilWallMs: WALL_MS + 30_000,
    requester: 'guest3',
    host: 'hostb',
    formerRole: 'Started',
  } as const;
  const { job, did } = play(jobFor('off'), begun, seen(withTarget({ record })));
  assert.deepEqual([job.phase, job.isJoined, did.at(-1)], ['queued', false, 'look']);
});

test('of one whose memory may have been saved before it was fenced nothing is confirmed', () => {
  const saved = withTarget({ savesMemory: true }, isStopped);
  const before = [begun, seen(saved), ordered];
  assert.equal(play(jobFor('off'), ...before, seen(saved), seen(saved)).did.at(-1), 'look');
  const ranOn = [
    begun,
    seen(withTarget({ savesMemory: true })),
    marked,
    { type: 'ordered', ranOn: ['hostb'] } as const,
  ];
  assert.equal(
    play(jobFor('off'), ...ranOn, seen(saved)).did.at(-3),
    'confirmed off',
    'it was ended by its mark',
  );
});
