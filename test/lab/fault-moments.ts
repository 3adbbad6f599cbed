/** When faults strike: a request, and the step of its job. Together they are all steps that a job of its own can come to. */
import type { Phase } from '../../host/stonith/decide/job-state.ts';

export interface Moment {
  readonly operation: 'off' | 'reset' | 'on';
  readonly step: Phase;
  readonly deadlineMs: number;
  /** Nothing that the cluster orders is done on the victim's host for a while, so that the request has to be taken back. */
  readonly isStuck: boolean;
  /** Also for faults that cost a host its power. */
  readonly isForAll: boolean;
}

const DEADLINE_MS = 8_000;
/** Less than it is stuck for. */
const SHORT_DEADLINE_MS = 2_500;
export const STUCK_MS = 3_000;

const moment = (
  operation: Moment['operation'],
  step: Phase,
  change: Partial<Moment> = { isForAll: operation === 'off' },
): Moment => ({ operation, step, deadlineMs: DEADLINE_MS, isStuck: false, isForAll: true, ...change });

export const MOMENTS: readonly Moment[] = [
  moment('off', 'inspecting'),
  moment('off', 'marking'),
  moment('off', 'ordering'),
  moment('off', 'waiting'),
  moment('off', 'clearing'),
  moment('off', 'rolling-back', { deadlineMs: SHORT_DEADLINE_MS, isStuck: true }),
  moment('reset', 'waiting'),
  moment('reset', 'starting'),
  moment('on', 'waiting'),
];

export const nameOf = ({ operation, step }: Moment): string => `${operation}, ${step}`;
