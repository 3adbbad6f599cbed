/**
 * What a look at the cluster proves (docs/fencing.md, "The promise").
 *
 * Invariant: `proven` only when every condition holds in this one look. What is missing or odd is `not-yet`, never proof.
 * Whether one look is enough, or two have to agree, is job.ts's to say; whether the coordinator was asked, job-runner.ts's.
 */
import type { Facts, HostNode, Target } from './facts.ts';

export type Verdict =
  | { readonly kind: 'proven' }
  | { readonly kind: 'not-yet'; readonly reason: string }
  /** Waiting won't help. */
  | { readonly kind: 'impossible'; readonly reason: string };

export type PowerState = 'on' | 'off' | 'unknown';

const notYet = (reason: string): Verdict => ({ kind: 'not-yet', reason });
const SENT_AWAY = 'it was sent to another host, and may run there';
const impossible = (reason: string): Verdict => ({ kind: 'impossible', reason });

/** May an order be given at all? `proven`: yes. */
export function orderable(facts: Facts): Verdict {
  if (facts.target === undefined) return impossible(`${facts.teller} knows no such virtual machine`);
  if (!facts.hasQuorum) return impossible('the host cluster has no quorum');
  if (facts.target.obstacle !== undefined) return impossible(facts.target.obstacle);
  if (facts.target.isElsewhere) return impossible(SENT_AWAY);
  if (!facts.target.isManaged)
    return impossible('the host cluster does not manage it (unmanaged or maintenance)');
  if (facts.target.isBlocked) return impossible('the host cluster has given up on it: a stop failed');
  return { kind: 'proven' };
}

export interface Seen {
  /** Where it was seen to run when the order was accepted, or later. */
  readonly ranOn: readonly string[];
  /** Where it may have run: such a node has to tell of its stop, unless it is off itself. */
  readonly markedNodes: readonly string[];
}

/** Is it stopped, and stays so? */
export function stopped(facts: Facts, { ranOn, markedNodes }: Seen): Verdict {
  const { target } = facts;
  if (target === undefined) return notYet(`${facts.teller} does not know it any more`);
  const where = whereabouts(facts, target);
  if (where.kind !== 'proven') return where;
  if (target.role !== 'Stopped') return notYet('its role is not Stopped');
  if (target.savesMemory && ranOn.length === 0)
    return notYet(
      'its memory may have been saved when it was stopped (parameter snapshot): it would go on from there',
    );
  const silent = silentNodes(facts).filter(
    (node) => facts.unsettled !== undefined || markedNodes.includes(node),
  );
  if (silent.length > 0) return notYet(`node ${silent.join(', ')} has not told yet whether it runs there`);
  if (!hasToldOfItsEnd(facts, ranOn) && facts.unsettled !== undefined) return notYet(facts.unsettled);
  return { kind: 'proven' };
}

/**
 * Every node where it ran when the order was accepted, or later, tells that it is stopped there. The coordinator learns of
 * that stop after the order, and nothing decided before the order can start it again. Otherwise the cluster has to be
 * settled: of a node that was fenced the coordinator may know before the order reaches it, of a guest that was on
 * its way the node that it left can tell of a stop before the one that it came to tells of anything, and what a node tells
 * from memory may be the stop before the start that is under way.
 */
export function hasToldOfItsEnd({ nodes, hasMigrated }: Facts, ranOn: readonly string[]): boolean {
  if (hasMigrated) return false;
  const tells = (name: string) =>
    nodes.some((node) => node.name === name && isHealthy(node) && node.tells === 'stopped');
  return ranOn.length > 0 && ranOn.every(tells);
}

/** It was seen to run, has stayed there, and where it ran is not lost, nor tells what it remembers of before. */
export function canTellOfItsEnd({ nodes, hasMigrated }: Facts, ranOn: readonly string[]): boolean {
  return (
    !hasMigrated &&
    ranOn.length > 0 &&
    ranOn.every((name) =>
      nodes.some((node) => node.name === name && isHealthy(node) && node.tells !== 'remembers-stop'),
    )
  );
}

const isHealthy = ({ isOnline, isUnclean, isPending }: HostNode) => isOnline && !isUnclean && !isPending;

/** Online, and without a memory of it: nothing has run there, or nothing is known yet. */
export const silentNodes = ({ nodes }: Facts): readonly string[] =>
  nodes.filter((node) => node.isOnline && node.tells === 'nothing').map(({ name }) => name);

/**
 * Online nodes of which the last word is neither that it is stopped there nor that it runs there, such as a probe that
 * failed: while they say no more, no end of it can be proven.
 */
export function doubtfulNodes({ nodes, target }: Facts): readonly string[] {
  if (target?.pending !== undefined) return [];
  return nodes
    .filter(
      (node) => node.isOnline && node.tells === 'otherwise' && target?.activeOn.includes(node.name) === false,
    )
    .map(({ name }) => name);
}

/** That it is active nowhere, seen from a cluster that can know. */
function whereabouts(facts: Facts, target: Target): Verdict {
  const clouded = cloud(facts);
  if (clouded !== undefined) return notYet(clouded);
  if (!target.isManaged) return impossible('the host cluster does not manage it (unmanaged or maintenance)');
  if (target.isBlocked) return impossible('the host cluster has given up on it: a stop failed');
  if (target.isElsewhere) return notYet(SENT_AWAY);
  if (target.pending !== undefined) return notYet(`an operation is under way (${target.pending})`);
  if (target.activeOn.length > 0) return notYet(`it is active on ${target.activeOn.join(', ')}`);
  // Of what runs on a node that has left in peace, because it was not managed then, Pacemaker sees to it itself: as soon as
  // it is managed again that node is unclean.
  const doubtful = facts.nodes.filter((node) => node.isOnline && node.tells === 'otherwise');
  if (doubtful.length > 0) return notYet(`node ${namesOf(doubtful)} does not tell that it is stopped there`);
  if (target.hasFailed) return notYet('it has failed and is not known to be stopped');
  return { kind: 'proven' };
}

export function started(facts: Facts): Verdict {
  const { target } = facts;
  if (target === undefined) return notYet(`${facts.teller} does not know it any more`);
  if (target.pending !== undefined) return notYet(`an operation is under way (${target.pending})`);
  const [node, ...others] = target.activeOn;
  if (node === undefined) return notYet('it is active on no node');
  if (others.length > 0) return notYet(`it is active on ${target.activeOn.join(', ')}`);
  // Pacemaker calls it active as well when its start has failed.
  if (target.hasFailed) return notYet('it has failed');
  const clouded = cloud(facts);
  return clouded === undefined ? { kind: 'proven' } : notYet(clouded);
}

/** For `status`: what can be said without having ordered anything. */
export function powerState(facts: Facts): PowerState {
  if (facts.target === undefined || facts.target.obstacle !== undefined) return 'unknown';
  if (started(facts).kind === 'proven') return 'on';
  const isOff = whereabouts(facts, facts.target).kind === 'proven' && facts.unsettled === undefined;
  return isOff ? 'off' : 'unknown';
}

/** Why this cluster can't know what runs on its nodes; undefined: it can. */
function cloud({ hasQuorum, fencesItsNodes, nodes }: Facts): string | undefined {
  if (!hasQuorum) return 'the host cluster has no quorum';
  const unclean = nodes.filter((node) => node.isUnclean);
  if (unclean.length > 0) return `node ${namesOf(unclean)} is unclean; the host cluster must fence it first`;
  const pending = nodes.filter((node) => node.isPending);
  if (pending.length > 0) return `node ${namesOf(pending)} has not joined the host cluster yet`;
  const offline = nodes.filter((node) => !node.isOnline);
  if (offline.length > 0 && !fencesItsNodes) {
    return `node ${namesOf(offline)} is offline and stonith is off in the host cluster, so nothing is proven about it`;
  }
  return undefined;
}

const namesOf = (nodes: readonly HostNode[]) => nodes.map((node) => node.name).join(', ');
