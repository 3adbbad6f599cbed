/**
 * What becomes of a record whose time has passed and that nobody serves any more. Pure.
 *
 * Its daemon may have confirmed it and died before it could say so to the other hosts. So what took effect stays, what
 * certainly did not is taken back, and what can't be told is left as it is until it can.
 */
import type { Facts, Role } from './facts.ts';
import { powerState, started } from './proof.ts';
import type { FenceRecord, RecordedOperation } from './record.ts';

export type Fate = 'clear' | 'start' | 'roll-back' | 'leave';

/**
 * The look has to have been taken for the record's own job: of that is the end which was published. `isOverdue`: its own
 * daemon lives, has taken the job back without having confirmed it, and finds the order to have come after that; what it has
 * done is undone, also a stop. Another host's daemon that has joined the job confirms nothing before it has removed the record.
 */
export function fateOf({ operation }: FenceRecord, facts: Facts, isOverdue = false): Fate {
  if (facts.target === undefined) return 'leave';
  if (facts.finished !== undefined) return operation === 'reset' ? 'start' : 'clear';
  // Somebody else has changed it since, and that stays.
  if (facts.target.ownRole !== orderedBy(operation)) return 'clear';
  if (operation === 'reset' || isOverdue) return 'roll-back';
  const state = powerState(facts);
  if (state === 'unknown') return 'leave';
  return state === operation ? 'clear' : 'roll-back';
}

/** The role that a new job would have to put back: a forgotten record knows it only while its order has had no effect. */
export function formerRoleOf(facts: Facts): string | undefined {
  const { target } = facts;
  const record = target?.record;
  if (record === undefined || target?.ownRole !== orderedBy(record.operation)) return target?.ownRole;
  const mayBeConfirmed = record.operation === 'off' && started(facts).kind !== 'proven';
  return mayBeConfirmed ? target.ownRole : record.formerRole;
}

const orderedBy = (operation: RecordedOperation): Role => (operation === 'on' ? 'Started' : 'Stopped');
