/** Plans a move: where to, whether it can go there, and whether it would stay there. Pure. */
import { INFINITY_SCORE, scoreOf, scoreText } from '../../pacemaker/attribute-sets.ts';
import { nodesIn } from '../../pacemaker/cib-nodes.ts';
import { resourceDefaultsIn } from '../../pacemaker/cib-resources.ts';
import type { NodeStatus } from '../../pacemaker/cluster-status.ts';
import type { Simulation } from '../../pacemaker/simulate.ts';
import { elementAt, type XmlElement } from '../../xml/xml-element.ts';
import type { Facts } from '../cluster/facts.ts';
import type { Guest } from '../cluster/guests.ts';
import { type Message, message } from '../messages/message.ts';
import { editSection } from '../plan/edit-cib.ts';
import { nodeProblem } from '../plan/node-problem.ts';
import type { Way } from './move-constraint.ts';

export type MovePlan =
  | { readonly kind: 'problems'; readonly problems: readonly Message[] }
  | { readonly kind: 'there'; readonly node: string }
  | ({ readonly kind: 'go' } & Way);

export interface MoveWish {
  readonly guest: Guest;
  /** Undefined: the best other. */
  readonly node: string | undefined;
  /** The target is to become the preferred node as well. */
  readonly isPreferred: boolean;
}

export interface MoveSimulations {
  /** The cluster as it is. */
  readonly live: Simulation;
  /** Were the present node forbidden to all whose target is left open. */
  readonly without: Simulation;
}

export function planMove(wish: MoveWish, facts: Facts, { live, without }: MoveSimulations): MovePlan {
  const { guest, node } = wish;
  const problems: Message[] = [];
  const resource = facts.status?.resources.find(({ id }) => id === guest.resource);
  const source = resource?.isActive === true && resource.nodes.length === 1 ? resource.nodes[0] : undefined;
  if (source === undefined) problems.push(message('guest-not-running', { guest: guest.domain }));
  const isManaged = resource?.isManaged !== false && facts.status?.options.isInMaintenance !== true;
  if (!isManaged) problems.push(message('guest-unmanaged', { guest: guest.domain }));
  if (guest.moveConstraints.length > 0) {
    problems.push(
      message('move-constraint-left', { guest: guest.domain, id: guest.moveConstraints.join(', ') }),
    );
  }
  const names = nodesIn(facts.cib.root).map(({ name }) => name);
  if (node !== undefined && !names.includes(node)) problems.push(nodeProblem(node, names));
  if (source === undefined || problems.length > 0) return { kind: 'problems', problems };
  if (node === source) return { kind: 'there', node };

  const target = node ?? targetOf(guest.resource, source, without);
  if (target === undefined) {
    const scores = scoresOfOthers(guest.resource, source, without);
    return {
      kind: 'problems',
      problems: [message('no-other-node', { guest: guest.domain, source, scores })],
    };
  }
  problems.push(
    ...nodeStateProblems(target, facts),
    ...scoreProblems(guest, target, live),
    ...(wish.isPreferred ? [] : returnProblems(guest, source, target, facts.cib.root, live)),
  );
  if (problems.length > 0) return { kind: 'problems', problems };
  const isBanNeeded = (live.scores.get(guest.resource)?.get(source) ?? 0) >= INFINITY_SCORE;
  return { kind: 'go', source, target, isBanNeeded };
}

/** Where the scheduler puts it when it must not be where it is. */
function targetOf(resource: string, source: string, { actions, scores }: Simulation): string | undefined {
  const action = actions.find(
    (one) => one.resource === resource && one.node !== undefined && one.node !== source,
  );
  if (action?.node !== undefined && action.action !== 'stop') return action.node;
  const [best] = [...(scores.get(resource) ?? [])]
    .filter(([node, score]) => node !== source && score > -INFINITY_SCORE)
    .sort(([, one], [, other]) => other - one);
  return best?.[0];
}

function nodeStateProblems(name: string, { status }: Facts): readonly Message[] {
  const node = status?.nodes.find((one) => one.name === name);
  const state = node === undefined ? 'offline' : faultOf(node);
  return state === undefined ? [] : [message('target-unfit', { node: name, state })];
}

function faultOf(node: NodeStatus): string | undefined {
  if (!node.isOnline) return 'offline';
  if (node.isUnclean) return 'unclean';
  if (node.isPending) return 'pending';
  if (node.isStandby) return 'standby';
  return node.isInMaintenance ? 'maintenance' : undefined;
}

function scoreProblems(guest: Guest, target: string, { scores }: Simulation): readonly Message[] {
  const score = scores.get(guest.resource)?.get(target);
  return score !== undefined && score <= -INFINITY_SCORE
    ? [message('target-forbidden', { guest: guest.domain, node: target })]
    : [];
}

/**
 * The constraint of a move goes when the guest has arrived: then only what it sticks with keeps it there. A guest that
 * would go straight back is not worth two migrations.
 */
function returnProblems(
  guest: Guest,
  source: string,
  target: string,
  cib: XmlElement,
  { scores }: Simulation,
): readonly Message[] {
  const stickiness = stickinessOf(guest, cib);
  if (stickiness >= INFINITY_SCORE) return [];
  const own = scores.get(guest.resource);
  const here = (own?.get(source) ?? 0) - stickiness;
  const there = (own?.get(target) ?? 0) + stickiness;
  if (there >= here) return [];
  const difference = scoreText(here - (there - stickiness));
  return [message('would-return', { guest: guest.domain, source, target, difference, stickiness })];
}

function stickinessOf(guest: Guest, cib: XmlElement): number {
  const name = 'resource-stickiness';
  return scoreOf(guest.primitive.metaAttributes.get(name) ?? resourceDefaultsIn(cib).get(name));
}

/** Not that of the node that was forbidden for the trial. */
const scoresOfOthers = (resource: string, source: string, { scores }: Simulation) =>
  [...(scores.get(resource) ?? [])]
    .filter(([node]) => node !== source)
    .map(([node, score]) => `${node} ${scoreText(score)}`)
    .join(', ') || '-';

/** Without our own constraints, which are those on the guest that end then. */
export const withoutConstraints = (cib: XmlElement, resource: string, end: string): XmlElement =>
  editSection(cib, 'constraints', (all) =>
    all.filter((one) => {
      const date = elementAt(one, 'rule', 'date_expression');
      return one.attributes['rsc'] !== resource || date?.attributes['end'] !== end;
    }),
  );
