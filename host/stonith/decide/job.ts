/**
 * One fencing job, as a pure machine: state and event in, state and effects out (docs/fencing.md).
 *
 *   inspecting --+--> marking --> ordering --> waiting --+--> clearing --> done                      off, on
 *    |  |  ^     |                 ^  |  |  ^  |  ^      +--> starting --> clearing --> done         reset
 *    |  |  |     |                 |  |  |  |  |  +--> sealing: proven, and joined                   off
 *    |  |  |     +-- on -----------+  |  |  |  +-- finished elsewhere under our id --> clearing, starting
 *    |  |  +-------- conflict --------+  |  +-- a record with our id: joined
 *    |  |  +-- queued: a record with another id stands there
 *    |  +--> done (impossible, status, finished)
 *    +--------------- rolling-back <-----+
 *                          +--> verifying --> done (failed, unknown)
 *
 * Invariants: `confirmed` is answered from `waiting` and only with proof, or because it was answered before; every path on
 * which an order or a mark may have been written ends in clearing or in rolling-back; `failed` only when every update was
 * answered; one answer a job.
 *
 * A joined job shares its record with a daemon that may have confirmed it already, or may yet take it back. So it never
 * undoes a stop that anybody can have seen, and it confirms only what it has proven *after* the record was gone. Nor does a
 * job undo one that took over the record of an off whose time was over: its host may confirm it yet.
 */
import type { Facts, FinishedJob } from './facts.ts';
import { formerRoleOf } from './forgotten.ts';
import type { Job, JobEffect, JobEvent, Result, Step } from './job-state.ts';
import {
  canTellOfItsEnd,
  doubtfulNodes,
  hasToldOfItsEnd,
  orderable,
  powerState,
  silentNodes,
  started,
  stopped,
} from './proof.ts';
import { CLOCKS_AGREE_MS, type FenceRecord } from './record.ts';

/**
 * When its end after the order was not seen, one look is not enough: two in a row have to agree, this far apart, so that
 * the cluster's coordinator has certainly seen the order too.
 */
const PROOFS_NEEDED_UNSEEN = 2;
const UNSEEN_GAP_MS = 300;
const QUEUE_LOOK_MS = 200;
/** After a look that could not be taken. */
const RETRY_LOOK_MS = 250;
const DONE = { phase: 'done' } as const;

export function advance(job: Job, event: JobEvent): Step {
  switch (event.type) {
    case 'begun':
      return { job, effects: [look(0)] };
    case 'resumed':
      return waitFor(joined({ ...job, lastReason: 'it was taken up again' }, event.record));
    case 'seen':
      return onSeen({ ...job, lastState: powerState(event.facts) }, event.facts, event.wallMs);
    case 'unreadable':
      return onUnreadable({ ...job, proofs: 0, lastState: 'unknown', lastReason: event.fault });
    case 'marked':
      return job.phase === 'marking' ? order(job) : stay(job);
    case 'ordered':
      return onOrdered({ ...job, ranOn: event.ranOn });
    case 'not-done':
      return onNotDone(job, event.fault, event.isCertain);
    case 'unanswered':
      return stay({ ...job, isUncertain: true });
    case 'conflict':
      return onConflict(job);
    case 'cleaned':
      return onCleaned(job);
    case 'give-up':
      return onGiveUp(job, event.reason);
  }
}

const stay = (job: Job): Step => ({ job, effects: [] });
const look = (delayMs: number): JobEffect => ({ do: 'look', delayMs });
const lookAgain = (job: Job, delayMs = 0): Step => ({ job, effects: [look(delayMs)] });
const waitFor = (job: Job): Step => lookAgain({ ...job, phase: 'waiting', proofs: 0 });
const joined = (job: Job, record: FenceRecord): Job => ({
  ...job,
  formerRole: record.formerRole,
  isJoined: true,
});

/** What looks as it was may die yet, while an update was sent and not answered. */
function answer(job: Job, due: Result, reason: string, state = job.lastState): Step {
  const result = due === 'failed' && job.isUncertain ? 'unknown' : due;
  return { job: { ...job, ...DONE }, effects: [{ do: 'answer', outcome: { result, state, reason } }] };
}

function onSeen(job: Job, facts: Facts, wallMs: number): Step {
  switch (job.phase) {
    case 'inspecting':
    case 'queued':
      return inspect(job, facts, wallMs);
    case 'waiting':
      if (job.isJoined && facts.finished !== undefined && isStillOrdered(job, facts))
        return repeat(job, facts.finished);
      return job.operation === 'on' ? awaitStart(job, facts) : awaitStop(job, facts);
    case 'verifying':
      return answer(job, isTakenBack(job, facts) ? 'failed' : 'unknown', job.giveUp ?? '');
    default:
      return stay(job);
  }
}

function inspect(job: Job, facts: Facts, wallMs: number): Step {
  const verdict = orderable(facts);
  if (job.operation === 'status') {
    if (facts.target === undefined && verdict.kind !== 'proven') return answer(job, 'failed', verdict.reason);
    if (job.lastState === 'unknown') return answer(job, 'unknown', `${facts.teller} can not tell`);
    return answer(job, 'confirmed', `it is ${job.lastState}`);
  }
  const record = facts.target?.record;
  const isOwn =
    record?.id === job.id && record.operation === job.operation && record.requester === job.requester;
  if (facts.finished !== undefined && isOwn && isStillOrdered(job, facts))
    return repeat(joined(job, record), facts.finished);
  if (facts.finished !== undefined && !isOwn) return askedAgain(job, facts.finished, wallMs);
  if (verdict.kind !== 'proven') return refuse(job, verdict.reason);
  if (isOwn) return waitFor(joined(job, record));
  if (facts.requesterIsDoomed && job.operation !== 'on') {
    return refuse(job, 'the guest that asks is itself being fenced, or stopped');
  }
  const doubtful = job.operation === 'on' ? [] : doubtfulNodes(facts);
  if (doubtful.length > 0) return doubt(job, facts, doubtful);
  if (record !== undefined && record.untilWallMs + CLOCKS_AGREE_MS > wallMs) {
    const queued = { ...job, phase: 'queued', lastReason: 'another request for it is being served' } as const;
    return lookAgain(queued, QUEUE_LOOK_MS);
  }
  const formerRole = formerRoleOf(facts);
  const tookOverOff = record?.operation === 'off' && job.operation !== 'on' && formerRole !== 'Stopped';
  const ready = { ...job, formerRole, tookOverOff };
  const nodes = nodesToMark(facts);
  if (job.operation === 'on' || nodes.length === 0) return order(ready);
  return { job: { ...ready, phase: 'marking', markedNodes: nodes }, effects: [{ do: 'mark', nodes }] };
}

/** Nothing is ended whose end could not be proven. A cluster that is busy may hear more of these nodes yet. */
function doubt(job: Job, { unsettled }: Facts, nodes: readonly string[]): Step {
  const reason = `node ${nodes.join(', ')} does not tell whether it runs there, so its end could not be proven; see that all is installed there, and make it look (crm_resource --refresh)`;
  if (unsettled === undefined) return refuse(job, reason);
  return lookAgain({ ...job, mustSettle: true, lastReason: reason }, job.mustSettle ? RETRY_LOOK_MS : 0);
}

/** Before anything was ordered; after a conflict there may be marks to take back. */
function refuse(job: Job, reason: string): Step {
  return job.markedNodes.length === 0 ? answer(job, 'failed', reason) : rollBack(job, reason);
}

/** What was answered before, with what its daemon had no time for. */
function repeat(job: Job, { state }: FinishedJob): Step {
  if (job.operation === 'reset') return startAgain(job);
  return confirm(job, ASKED_BEFORE, state);
}

/** Nobody has changed the role since it was confirmed. */
const isStillOrdered = ({ operation }: Job, { target }: Facts): boolean =>
  operation === 'reset' || target?.ownRole === (operation === 'on' ? 'Started' : 'Stopped');

/** The answer is given again to whoever may still wait for it, and only while it is true; a reset was true once. */
function askedAgain(job: Job, { state, untilWallMs }: FinishedJob, wallMs: number): Step {
  if (wallMs > untilWallMs + CLOCKS_AGREE_MS)
    return answer(job, 'unknown', 'a request that is over had this id; ask under another');
  if (job.operation === 'reset' || job.lastState === state)
    return answer(job, 'confirmed', ASKED_BEFORE, state);
  if (job.lastState !== 'unknown')
    return answer(job, 'unknown', `it was asked before, and was ${state} then; it is ${job.lastState} now`);
  const asked = {
    ...job,
    mustSettle: true,
    lastReason: 'whether what was asked before still holds can not be told',
  };
  return lookAgain(asked, job.mustSettle ? RETRY_LOOK_MS : 0);
}

const ASKED_BEFORE = 'it was asked before, and this was the answer';

/** While it is on the move it may be stopped on any node. */
function nodesToMark({ target, nodes }: Facts): readonly string[] {
  if (target?.pending === undefined) return target?.activeOn ?? [];
  return nodes.filter((node) => node.isOnline).map((node) => node.name);
}

function order(job: Job): Step {
  if (job.operation === 'status') return stay(job);
  const { id, operation, untilWallMs, requester, host, formerRole } = job;
  const record = { id, operation, untilWallMs, requester, host, formerRole };
  const role = operation === 'on' ? 'Started' : 'Stopped';
  return { job: { ...job, phase: 'ordering' }, effects: [{ do: 'order', role, record }] };
}

function onOrdered(job: Job): Step {
  switch (job.phase) {
    case 'ordering':
      return waitFor(job);
    case 'starting':
      return confirm(job, 'it was stopped and is being started', 'off');
    default:
      return stay(job);
  }
}

function awaitStop(job: Job, facts: Facts): Step {
  const activeOn = facts.target?.activeOn ?? [];
  const ranOn = [...new Set([...job.ranOn, ...activeOn])];
  const mustSettle = silentNodes(facts).length > 0 || !canTellOfItsEnd(facts, ranOn);
  const seen = { ...job, ranOn, mustSettle };
  const unmarked = activeOn.filter((node) => !job.markedNodes.includes(node));
  if (unmarked.length > 0) {
    // It has moved since; the look that follows tells how it went on.
    const markedNodes = [...job.markedNodes, ...unmarked];
    return { job: { ...seen, markedNodes }, effects: [{ do: 'mark', nodes: unmarked }, look(0)] };
  }
  const verdict = stopped(facts, seen);
  if (verdict.kind === 'impossible') return rollBack(seen, verdict.reason);
  if (verdict.kind === 'not-yet') return lookAgain({ ...seen, proofs: 0, lastReason: verdict.reason });
  const proofs = seen.proofs + 1;
  if (!hasToldOfItsEnd(facts, ranOn) && !facts.ordersAreDone && proofs < PROOFS_NEEDED_UNSEEN)
    return lookAgain({ ...seen, proofs }, UNSEEN_GAP_MS);
  if (job.operation === 'reset') return startAgain(seen);
  if (job.isJoined && !job.isSealed)
    return { job: { ...seen, phase: 'sealing' }, effects: [{ do: 'clear' }] };
  return confirm(seen, 'it is stopped', 'off');
}

function startAgain(job: Job): Step {
  // Whoever asks again from now on must not have it stopped a second time.
  const starting = { ...job, phase: 'starting', lastState: 'off' } as const;
  return {
    job: starting,
    effects: [{ do: 'publish', ended: { state: 'off', untilWallMs: job.untilWallMs } }, { do: 'start' }],
  };
}

function awaitStart(job: Job, facts: Facts): Step {
  const verdict = started(facts);
  if (verdict.kind === 'proven') return confirm(job, 'it is running', 'on');
  return lookAgain({ ...job, lastReason: verdict.reason });
}

/** The answer first; the housekeeping need not be waited for. */
function confirm(job: Job, reason: string, state: FinishedJob['state']): Step {
  const outcome = { result: 'confirmed', state, reason } as const;
  const cleared = { ...job, phase: 'clearing' } as const;
  return {
    job: cleared,
    effects: [
      { do: 'answer', outcome },
      { do: 'publish', ended: { state, untilWallMs: job.untilWallMs } },
      { do: 'clear' },
    ],
  };
}

/** What somebody else may have confirmed stays: a joined `on` loses its record only. */
function rollBack(job: Job, reason: string): Step {
  const isJoinedOn = job.isJoined && job.operation === 'on';
  return {
    job: { ...job, phase: 'rolling-back', giveUp: reason },
    effects: [
      {
        do: 'roll-back',
        formerRole: isJoinedOn ? 'Started' : job.formerRole,
        unlessEnded: job.tookOverOff || (job.isJoined && job.operation === 'off'),
      },
    ],
  };
}

function onUnreadable(job: Job): Step {
  switch (job.phase) {
    case 'inspecting':
    case 'queued':
    case 'waiting':
      return lookAgain(job, RETRY_LOOK_MS);
    case 'verifying':
      return answer(job, 'unknown', job.giveUp ?? job.lastReason);
    default:
      return stay(job);
  }
}

function onNotDone(job: Job, fault: string, isCertain: boolean): Step {
  const noted = { ...job, isUncertain: job.isUncertain || !isCertain };
  switch (job.phase) {
    case 'marking':
    case 'ordering':
      return rollBack(noted, fault);
    case 'waiting':
      return stay(noted);
    case 'sealing':
      return lookAgain({ ...job, phase: 'waiting', proofs: 0, lastReason: fault }, RETRY_LOOK_MS);
    case 'starting':
      return confirm(job, `it is stopped; starting it again failed: ${fault}`, 'off');
    case 'rolling-back':
      return answer(job, 'unknown', `${job.giveUp ?? fault}; taking it back failed too: ${fault}`, 'unknown');
    case 'clearing':
      return { job: { ...job, ...DONE }, effects: [] };
    default:
      return stay(job);
  }
}

function onCleaned(job: Job): Step {
  switch (job.phase) {
    case 'sealing':
      return waitFor({ ...job, isSealed: true });
    case 'clearing':
      return { job: { ...job, ...DONE }, effects: [] };
    case 'rolling-back':
      return lookAgain({ ...job, phase: 'verifying' });
    default:
      return stay(job);
  }
}

/** Somebody else was quicker: what stands there now decides. */
const onConflict = (job: Job): Step =>
  job.phase === 'ordering' ? lookAgain({ ...job, phase: 'inspecting' }) : stay(job);

/** Seen to be what it was before the request, of which a joined job knows nothing. */
function isTakenBack({ operation, lastState, isJoined }: Job, { unsettled }: Facts): boolean {
  const former = operation === 'on' ? 'off' : 'on';
  return !isJoined && unsettled === undefined && lastState === former;
}

function onGiveUp(job: Job, reason: string): Step {
  const why = `${reason}: ${job.lastReason}`;
  switch (job.phase) {
    case 'inspecting':
    case 'queued':
      if (job.markedNodes.length > 0) return rollBack(job, why);
      return answer(job, job.lastState === 'unknown' ? 'unknown' : 'failed', why);
    case 'marking':
    case 'ordering':
    case 'waiting':
    case 'sealing':
      return rollBack(job, why);
    case 'starting':
    case 'clearing':
    case 'rolling-back':
    case 'done':
      return stay(job);
    case 'verifying':
      return answer(job, 'unknown', job.giveUp ?? why, 'unknown');
  }
}
