/** What a fencing job is, what can happen to it, and what it wants done; decide/job.ts says which follows which. */
import type { Operation } from '../token/grant.ts';
import type { Facts, FinishedJob, Role } from './facts.ts';
import type { PowerState } from './proof.ts';
import type { FenceRecord } from './record.ts';

export type Result = 'confirmed' | 'failed' | 'unknown';

export interface Outcome {
  readonly result: Result;
  readonly state: PowerState;
  readonly reason: string;
}

export type Phase =
  | 'inspecting'
  | 'queued'
  | 'marking'
  | 'ordering'
  | 'waiting'
  | 'sealing'
  | 'starting'
  | 'clearing'
  | 'rolling-back'
  | 'verifying'
  | 'done';

export interface Job {
  readonly id: string;
  readonly operation: Operation;
  readonly resource: string;
  readonly requester: string;
  readonly host: string;
  readonly untilWallMs: number;
  readonly phase: Phase;
  readonly formerRole: string | undefined;
  /** The record of an off that nobody serves any more stood there; it may have been confirmed. */
  readonly tookOverOff: boolean;
  readonly markedNodes: readonly string[];
  /** The order was given by another daemon, or by this one before it was restarted. */
  readonly isJoined: boolean;
  /** Nobody can take the order back any more: its record is gone. */
  readonly isSealed: boolean;
  /** Where it was seen to run when the order was accepted, or later. */
  readonly ranOn: readonly string[];
  /** What was seen leaves a doubt that only a settled cluster takes away. */
  readonly mustSettle: boolean;
  /** How many looks in a row have proven it; see PROOFS_NEEDED_UNSEEN. */
  readonly proofs: number;
  readonly lastState: PowerState;
  readonly lastReason: string;
  /** An update was sent and not answered: it may be made yet. */
  readonly isUncertain: boolean;
  /** Why it is being rolled back. */
  readonly giveUp: string | undefined;
}

export type JobEvent =
  | { readonly type: 'begun' }
  /** Taken up again by a daemon that found its own record at its start. */
  | { readonly type: 'resumed'; readonly record: FenceRecord }
  | { readonly type: 'seen'; readonly facts: Facts; readonly wallMs: number }
  /** The cluster could not be read or did not answer. */
  | { readonly type: 'unreadable'; readonly fault: string }
  | { readonly type: 'marked' }
  | {
      readonly type: 'ordered';
      /** Where it certainly ran in that moment. */
      readonly ranOn: readonly string[];
    }
  /** The update was refused or failed; it may have been made all the same when `isCertain` is false. */
  | { readonly type: 'not-done'; readonly fault: string; readonly isCertain: boolean }
  /** An update that a give-up has overtaken was sent and not answered. */
  | { readonly type: 'unanswered' }
  /** Nothing was written, because what was to be changed had been changed by somebody else. */
  | { readonly type: 'conflict' }
  | { readonly type: 'cleaned' }
  | { readonly type: 'give-up'; readonly reason: string };

export type JobEffect =
  | { readonly do: 'look'; readonly delayMs: number }
  | { readonly do: 'mark'; readonly nodes: readonly string[] }
  /** Writes role and record in one update. */
  | { readonly do: 'order'; readonly role: Role; readonly record: FenceRecord }
  /** Tells all hosts that it was confirmed, for whoever asks again under this id. */
  | { readonly do: 'publish'; readonly ended: FinishedJob }
  /** Writes the role and removes the record, if it is still ours. */
  | { readonly do: 'start' }
  /** Removes mark and record, if they are still ours. */
  | { readonly do: 'clear' }
  /** Puts back the former role and removes mark and record, if they are still ours. */
  | {
      readonly do: 'roll-back';
      readonly formerRole: string | undefined;
      /** Only while no end of it can have been seen by anybody. */
      readonly unlessEnded: boolean;
    }
  | { readonly do: 'answer'; readonly outcome: Outcome };

export interface Step {
  readonly job: Job;
  readonly effects: readonly JobEffect[];
}

export function newJob(
  facts: Pick<Job, 'id' | 'operation' | 'resource' | 'requester' | 'host' | 'untilWallMs'>,
): Job {
  return {
    ...facts,
    phase: 'inspecting',
    formerRole: undefined,
    tookOverOff: false,
    markedNodes: [],
    isJoined: false,
    isSealed: false,
    isUncertain: false,
    ranOn: [],
    mustSettle: false,
    proofs: 0,
    lastState: 'unknown',
    lastReason: 'nothing is known of it yet',
    giveUp: undefined,
  };
}
