/**
 * Moves a guest and waits until it runs there. The constraint that makes it move is taken away in every outcome:
 *
 *   planned -> recorded -> constraint set -> waiting --there--> arrived ---+
 *                                              |                            +--> constraint removed -> forgotten
 *                                              +-- idle elsewhere, time ----+
 *                                                  over, Ctrl-C, TERM
 *
 * Invariant: no constraint is removed while the guest is on its way. Pacemaker would change its mind in the middle of a
 * migration, stop the guest at both ends and start it anew: a Ctrl-C must not reboot a guest. Every operation has its
 * timeout in the cluster, so that ends.
 *
 * Failure: a cluster that can't be told (Pacemaker gone from under us) is told again until REMOVAL_LIMIT_MS; after
 * that the record stays, and the next vm-ctl removes the constraint. See move-constraint.ts for kill -9.
 */

import { moveConstraintId } from '../../pacemaker/cib-constraints.ts';
import { type ClusterStatus, queryStatus } from '../../pacemaker/cluster-status.ts';
import { queryDcState } from '../../pacemaker/dc-state.ts';
import type { PacemakerFailure } from '../../pacemaker/pacemaker-call.ts';
import { simulate } from '../../pacemaker/simulate.ts';
import type { XmlElement } from '../../xml/xml-element.ts';
import { changeConfiguration } from '../change/change-configuration.ts';
import { faultOf } from '../change/history.ts';
import type { Facts } from '../cluster/facts.ts';
import { guestsIn } from '../cluster/guests.ts';
import { pause } from '../cluster/pause.ts';
import type { Session } from '../cluster/session.ts';
import { domainOfResource } from '../definition/guest-ids.ts';
import { type Message, message } from '../messages/message.ts';
import { withConstraints } from '../plan/edit-cib.ts';
import { withPreferences } from '../plan/plan-location.ts';
import {
  banConstraint,
  endOf,
  forgetMove,
  moveConstraints,
  recordMove,
  type Way,
} from './move-constraint.ts';
import { moveProgress } from './move-progress.ts';
import { type MoveSimulations, type MoveWish, withoutConstraints } from './plan-move.ts';

export interface MoveOutcome {
  readonly domain: string;
  readonly kind: 'moved' | 'there' | 'failed' | 'refused' | 'interrupted';
  readonly source: string | undefined;
  readonly target: string | undefined;
  /** Where it is in the end, as far as we know. */
  readonly node: string | undefined;
  readonly elapsedMs: number;
  readonly isConstraintLeft: boolean;
  readonly messages: readonly Message[];
}

const POLL_MS = 200;
const IDLE_LOOKS = 5;
const REMOVAL_LIMIT_MS = 30_000;
/** More than Pacemaker's own operations take. */
const OPERATION_LIMIT_MS = 900_000;
/** After this long past our own deadline the constraint is without effect. */
const EXPIRY_MARGIN_MS = OPERATION_LIMIT_MS + 300_000;

/**
 * What the scheduler would do now, and were all moved together: two simulations, however many they are, and one where
 * each has its target.
 */
export async function simulateMoves(
  { pacemaker }: Session,
  wishes: readonly MoveWish[],
  facts: Facts,
): Promise<({ readonly ok: true } & MoveSimulations) | PacemakerFailure> {
  const { root } = facts.cib;
  const open = wishes.filter(({ node }) => node === undefined);
  const [live, banned] = await Promise.all([
    simulate(pacemaker, root),
    open.length === 0 ? undefined : simulate(pacemaker, withConstraints(root, bansOf(open, facts))),
  ]);
  if (!live.ok) return live;
  const without = banned ?? live;
  return without.ok ? { ok: true, live, without } : without;
}

/** None of them stays where it is. */
function bansOf(wishes: readonly MoveWish[], { status }: Facts): readonly XmlElement[] {
  const nodes = new Map(status?.resources.map(({ id, nodes: [first] }) => [id, first]));
  return wishes.map(({ guest: { resource } }) => banConstraint(resource, nodes.get(resource) ?? '-'));
}

export async function moveGuest(
  session: Session,
  wish: MoveWish,
  way: Way,
  { command, timeoutMs }: { readonly command: string; readonly timeoutMs: number },
): Promise<MoveOutcome> {
  const { resource, domain } = wish.guest;
  const { source, target } = way;
  const startedMs = session.clock.nowMs();
  const end = endOf(session.clock.wallMs() + timeoutMs + EXPIRY_MARGIN_MS);
  const outcome = (kind: MoveOutcome['kind'], rest: Partial<MoveOutcome>): MoveOutcome => ({
    domain,
    kind,
    source,
    target,
    node: source,
    elapsedMs: session.clock.nowMs() - startedMs,
    isConstraintLeft: false,
    messages: [],
    ...rest,
  });

  const fault = faultOf(() => recordMove(session.stateDirectory, resource, end));
  if (fault !== undefined) {
    const { stateDirectory: directory } = session;
    return outcome('refused', { messages: [message('state-unwritable', { directory, fault })] });
  }
  session.tell(message('move-begins', { guest: domain, source, target }));
  const set = await changeConfiguration(session, {
    command,
    needs: {},
    plan: (facts) => ({
      problems: guestsIn(facts.cib.root).some((guest) => guest.resource === resource)
        ? []
        : [message('guest-not-registered', { guest: domain })],
      warnings: [],
      notes: [],
      after: withConstraints(facts.cib.root, moveConstraints(resource, way, end)),
      guests: [wish.guest],
    }),
    isDryRun: false,
    isRecorded: false,
  });
  if (set.kind !== 'changed') {
    // Also when the answer to the change was lost: it may have been made.
    const left = await removeMoveConstraint(session, { resource, end });
    const messages = 'problems' in set ? set.problems : [];
    return outcome('refused', { isConstraintLeft: left !== undefined, messages });
  }
  const waited = await waitForArrival(session, wish, way, timeoutMs);
  session.showProgress(undefined);
  const isPreferred = wish.isPreferred && waited.isThere;
  const left = await removeMoveConstraint(session, {
    resource,
    end,
    ...(isPreferred ? { preferredNode: target } : {}),
  });
  const node = (await nodeNow(session, resource)) ?? waited.node;
  // It may have come to its end while the removal waited for that.
  const isThere = waited.isThere || node === target;
  const kind = isThere ? 'moved' : session.interrupted.aborted ? 'interrupted' : 'failed';
  return outcome(kind, {
    node,
    isConstraintLeft: left !== undefined,
    messages: [
      ...(waited.reason === undefined ? [] : [waited.reason]),
      left ?? message('constraint-removed', { guest: domain }),
    ],
  });
}

interface Arrival {
  readonly isThere: boolean;
  readonly node: string | undefined;
  readonly reason: Message | undefined;
}

async function waitForArrival(
  session: Session,
  { guest }: MoveWish,
  way: Way,
  timeoutMs: number,
): Promise<Arrival> {
  const startedMs = session.clock.nowMs();
  let idleLooks = 0;
  for (;;) {
    const answer = await queryStatus(session.pacemaker);
    const resource = answer.ok ? answer.status.resources.find(({ id }) => id === guest.resource) : undefined;
    const node = resource?.nodes.length === 1 ? resource.nodes[0] : undefined;
    const isThere = node === way.target && resource?.role === 'Started' && resource.isActive;
    if (isThere) return { isThere, node, reason: undefined };
    const stopped = (reason: Message): Arrival => ({ isThere: false, node, reason });
    const elapsedMs = session.clock.nowMs() - startedMs;
    if (session.interrupted.aborted) return stopped(message('interrupted'));
    if (elapsedMs >= timeoutMs) {
      return stopped(message('move-timeout', { guest: guest.domain, seconds: Math.round(timeoutMs / 1000) }));
    }
    if (idleLooks >= IDLE_LOOKS) {
      return stopped(
        message('move-not-done', {
          guest: guest.domain,
          target: way.target,
          state: answer.ok ? targetState(answer.status, way.target) : answer.fault,
        }),
      );
    }
    session.showProgress(await moveProgress(session, guest.domain, way, elapsedMs));
    await pause(session, POLL_MS);
    const dc = await queryDcState(session.pacemaker);
    const isPending = /ing$/.test(resource?.role ?? '');
    idleLooks = dc.ok && dc.dcState.isIdle && !isPending ? idleLooks + 1 : 0;
  }
}

function targetState({ nodes }: ClusterStatus, target: string): string {
  const node = nodes.find(({ name }) => name === target);
  return node?.isOnline === true ? 'online' : 'offline';
}

async function nodeNow(session: Session, resource: string): Promise<string | undefined> {
  const answer = await queryStatus(session.pacemaker);
  if (!answer.ok) return undefined;
  const found = answer.status.resources.find(({ id }) => id === resource);
  if (found?.isActive !== true) return undefined;
  // What was begun, Pacemaker brings to its end.
  const isOnItsWay = /ing$/.test(found.role);
  return `${found.nodes.join(', ')}${isOnItsWay ? ` (${found.role})` : ''}`;
}

/** Two looks: between the change and the operation that it causes there is a moment. */
async function waitForOperation(session: Session, resource: string): Promise<void> {
  const startedMs = session.clock.nowMs();
  let looksAtRest = 0;
  let isTold = false;
  while (looksAtRest < 2 && session.clock.nowMs() - startedMs < OPERATION_LIMIT_MS) {
    const answer = await queryStatus(session.pacemaker);
    if (!answer.ok) return; // who removes it will say so
    const role = answer.status.resources.find(({ id }) => id === resource)?.role ?? '';
    const isOnItsWay = /ing$/.test(role);
    looksAtRest = isOnItsWay ? 0 : looksAtRest + 1;
    if (isOnItsWay && !isTold) {
      const guest = domainOfResource(resource) ?? resource;
      session.tell(message('waiting-for-operation', { guest, role }));
      isTold = true;
    }
    if (looksAtRest < 2) await session.clock.sleep(POLL_MS);
  }
}

export interface Removal {
  readonly resource: string;
  /** Only constraints that end then are ours. */
  readonly end: string;
  /** Becomes the preferred node in the same change. */
  readonly preferredNode?: string;
}

/** Undefined when it is gone; else what to tell. */
export async function removeMoveConstraint(
  session: Session,
  { resource, end, preferredNode }: Removal,
): Promise<Message | undefined> {
  const id = moveConstraintId(resource);
  await waitForOperation(session, resource);
  const startedMs = session.clock.nowMs();
  for (;;) {
    const removed = await changeConfiguration(session, {
      command: `remove ${id}`,
      needs: {},
      plan: ({ cib, settings }) => {
        const guest = guestsIn(cib.root).find((one) => one.resource === resource);
        const freed = withoutConstraints(cib.root, resource, end);
        const after =
          guest === undefined || preferredNode === undefined || guest.preference?.node === preferredNode
            ? freed
            : withPreferences(freed, [{ guest, node: preferredNode }], settings.preferenceScore);
        return { problems: [], warnings: [], notes: [], after, guests: [] };
      },
      isDryRun: false,
      isRecorded: false,
      isUrgent: true,
    });
    if (removed.kind === 'changed' || removed.kind === 'nothing') {
      forgetMove(session.stateDirectory, resource);
      return undefined;
    }
    if (session.clock.nowMs() - startedMs >= REMOVAL_LIMIT_MS) {
      const fault = removed.kind === 'planned' ? undefined : removed.problems[0]?.values['fault'];
      return message('constraint-not-removed', { id, resource, fault: fault ?? '?' });
    }
    await session.clock.sleep(1_000);
  }
}
