/**
 * Waits until guests have the role that they were given, and says of each how it went.
 *
 * A guest has failed when the cluster is idle, so nothing more will come, and it is not as wished: seen at two looks,
 * for between a change and the cluster's reaction to it there is a moment of idleness. Until then the only limit is
 * the time that somebody gives it; that being over says nothing of the guest, and is told so.
 */
import { scoreText } from '../../pacemaker/attribute-sets.ts';
import { type ClusterStatus, queryStatus, type ResourceStatus } from '../../pacemaker/cluster-status.ts';
import { queryDcState } from '../../pacemaker/dc-state.ts';
import { simulateLive } from '../../pacemaker/simulate.ts';
import { pause } from '../cluster/pause.ts';
import type { Session } from '../cluster/session.ts';
import { type Message, message } from '../messages/message.ts';
import type { PlannedGuest } from '../plan/plan.ts';
import type { Role } from '../plan/plan-role.ts';

export interface GuestOutcome {
  readonly guest: PlannedGuest;
  readonly result: 'done' | 'failed' | 'unknown';
  readonly node: string | undefined;
  readonly message: Message;
}

const POLL_MS = 250;
/** Looks at an idle cluster before a guest counts as failed. */
const IDLE_LOOKS = 4;

export async function waitForRoles(
  session: Session,
  guests: readonly PlannedGuest[],
  role: Role,
  timeoutMs: number,
): Promise<readonly GuestOutcome[]> {
  const startedMs = session.clock.nowMs();
  let idleLooks = 0;
  let status: ClusterStatus | undefined;
  for (;;) {
    const answer = await queryStatus(session.pacemaker);
    if (answer.ok) status = answer.status;
    const elapsedMs = session.clock.nowMs() - startedMs;
    const left = guests.filter((guest) => !hasRole(resourceOf(guest, status), role));
    const isOver = elapsedMs >= timeoutMs || session.interrupted.aborted;
    if (left.length === 0 || idleLooks >= IDLE_LOOKS || isOver) {
      session.showProgress(undefined);
      const isSettled = idleLooks >= IDLE_LOOKS;
      const reasons = isSettled && left.length > 0 ? await reasonsFor(session, left, role) : new Map();
      return guests.map((guest) => outcomeOf(guest, status, role, isSettled, reasons.get(guest.resource)));
    }
    const seconds = Math.round(elapsedMs / 1000);
    session.showProgress(
      message(role === 'Started' ? 'starting-progress' : 'stopping-progress', {
        done: guests.length - left.length,
        all: guests.length,
        seconds,
      }),
    );
    await pause(session, POLL_MS);
    const dc = await queryDcState(session.pacemaker);
    idleLooks = dc.ok && dc.dcState.isIdle && !isPending(left, status) ? idleLooks + 1 : 0;
  }
}

const resourceOf = ({ resource }: PlannedGuest, status: ClusterStatus | undefined) =>
  status?.resources.find(({ id }) => id === resource);

function hasRole(resource: ResourceStatus | undefined, role: Role): boolean {
  if (resource === undefined) return false;
  return role === 'Started'
    ? resource.role === 'Started' && resource.isActive && !resource.isFailed
    : !resource.isActive && resource.role === 'Stopped';
}

const isPending = (guests: readonly PlannedGuest[], status: ClusterStatus | undefined) =>
  guests.some((guest) => /ing$/.test(resourceOf(guest, status)?.role ?? ''));

function outcomeOf(
  guest: PlannedGuest,
  status: ClusterStatus | undefined,
  role: Role,
  isSettled: boolean,
  reason: string | undefined,
): GuestOutcome {
  const resource = resourceOf(guest, status);
  const node = resource?.isActive === true ? resource.nodes.join(', ') : undefined;
  if (hasRole(resource, role)) {
    const done =
      role === 'Started'
        ? message('guest-started', { guest: guest.domain, node: node ?? '?' })
        : message('guest-stopped', { guest: guest.domain });
    return { guest, result: 'done', node, message: done };
  }
  const state = resource === undefined ? '?' : describe(resource);
  if (!isSettled) {
    return {
      guest,
      result: 'unknown',
      node,
      message: message('guest-not-yet', { guest: guest.domain, state }),
    };
  }
  const failure = message(role === 'Started' ? 'guest-not-started' : 'guest-not-stopped', {
    guest: guest.domain,
    state,
    reason: reason ?? '-',
  });
  return { guest, result: 'failed', node, message: failure };
}

function describe({ role, nodes, isFailed, isBlocked }: ResourceStatus): string {
  const words = [role, ...nodes, ...(isFailed ? ['failed'] : []), ...(isBlocked ? ['blocked'] : [])];
  return words.join(' ');
}

/** Why a guest may run nowhere, in the scheduler's own numbers. */
async function reasonsFor(
  session: Session,
  guests: readonly PlannedGuest[],
  role: Role,
): Promise<ReadonlyMap<string, string>> {
  if (role === 'Stopped') return new Map();
  const simulation = await simulateLive(session.pacemaker);
  if (!simulation.ok) return new Map();
  return new Map(
    guests.flatMap(({ resource }) => {
      const scores = [...(simulation.scores.get(resource) ?? [])];
      if (scores.length === 0) return [];
      return [[resource, scores.map(([node, score]) => `${node} ${scoreText(score)}`).join(', ')] as const];
    }),
  );
}
