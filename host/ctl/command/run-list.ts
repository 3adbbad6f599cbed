/** `resource list`: the guests, where they prefer to be and where they are. */
import { nodesIn } from '../../pacemaker/cib-nodes.ts';
import type { ResourceStatus } from '../../pacemaker/cluster-status.ts';
import { type Guest, guestsIn } from '../cluster/guests.ts';
import { readConfiguration } from '../cluster/read-configuration.ts';
import type { Session } from '../cluster/session.ts';
import { type Catalogue, type Message, message } from '../messages/message.ts';
import { meantGuests } from '../plan/meant-guests.ts';
import { nodeProblem } from '../plan/node-problem.ts';
import { EXIT, type Report } from '../report/report.ts';
import { table } from '../report/table.ts';
import type { Invocation } from './invocation.ts';

interface Row {
  readonly guest: Guest;
  readonly node: string | undefined;
  readonly state: string;
}

export async function runList(
  session: Session,
  { names, options }: Invocation,
  catalogue: Catalogue,
): Promise<Report> {
  const read = await readConfiguration(session, { isBrief: true });
  if (!read.ok) return { exitCode: EXIT.unavailable, problems: read.problems };
  const wantedNode = options.text('node');
  const nodes = nodesIn(read.cib.root).map(({ name }) => name);
  if (wantedNode !== undefined && !nodes.includes(wantedNode)) {
    return { exitCode: EXIT.failed, problems: [nodeProblem(wantedNode, nodes)], data: { guests: [] } };
  }
  const meant =
    names.length === 0 ? { guests: guestsIn(read.cib.root), problems: [] } : meantGuests(names, read);
  const states = new Map(read.status?.resources.map((resource) => [resource.id, resource]));
  const rows = meant.guests
    .map((guest) => rowOf(guest, states.get(guest.resource)))
    .filter(({ node }) => wantedNode === undefined || node === wantedNode);
  const headings = [
    catalogue['column-guest'],
    catalogue['column-resource'],
    catalogue['column-migration'],
    catalogue['column-preferred'],
    catalogue['column-state'],
    catalogue['column-move'],
  ];
  const cells = rows.map(({ guest, node, state }) => [
    guest.domain,
    guest.resource,
    guest.isMigrationAllowed ? 'on' : 'off',
    guest.preference?.node ?? '-',
    node === undefined ? state : state === 'Started' ? node : `${node} (${state})`,
    guest.moveConstraints.length > 0 ? catalogue['yes'] : catalogue['no'],
  ]);
  return {
    exitCode: meant.problems.length > 0 ? EXIT.failed : EXIT.ok,
    problems: meant.problems,
    ...(rows.length === 0 && meant.problems.length === 0
      ? { lines: [nothingListed(meant.guests, wantedNode)] }
      : {}),
    ...(rows.length === 0 ? {} : { text: table(headings, cells) }),
    data: {
      guests: rows.map(({ guest, node, state }) => ({
        domain: guest.domain,
        resource: guest.resource,
        migration: guest.isMigrationAllowed,
        preferredNode: guest.preference?.node ?? null,
        node: node ?? null,
        state,
        targetRole: guest.targetRole ?? null,
        moveConstraints: guest.moveConstraints,
      })),
    },
  };
}

function nothingListed(meant: readonly Guest[], node: string | undefined): Message {
  return node === undefined || meant.length === 0 ? message('no-guests') : message('no-guests-on', { node });
}

function rowOf(guest: Guest, resource: ResourceStatus | undefined): Row {
  const node = resource?.isActive === true ? resource.nodes.join(', ') : undefined;
  const words = [resource?.role ?? 'Stopped'];
  if (resource?.isFailed === true) words.push('failed');
  if (resource?.isBlocked === true) words.push('blocked');
  if (resource?.isManaged === false) words.push('unmanaged');
  return { guest, node, state: words.join(' ') };
}
