/** From what was seen to the rows of the screen. Pure. */
import type { GuestStatus } from '../../connect/status/host-status.ts';
import { nodesIn } from '../../pacemaker/cib-nodes.ts';
import type { ClusterStatus, NodeStatus, ResourceStatus } from '../../pacemaker/cluster-status.ts';
import { parseRecord, RECORD_ATTRIBUTE } from '../../stonith/decide/record.ts';
import { type Guest, guestsIn } from '../cluster/guests.ts';
import type { Dependency } from '../config/settings.ts';
import { domainOfResource } from '../definition/guest-ids.ts';
import { type Message, message } from '../messages/message.ts';
import { isBad } from './health.ts';
import type { Seen } from './seen.ts';

export interface HostRow {
  readonly name: string;
  readonly states: readonly string[];
  /** Undefined where the cluster did not say what runs. */
  readonly guests: number | undefined;
  readonly health: readonly Health[];
}

export interface Health {
  readonly attribute: string;
  /** Undefined: not defined, which is bad too. */
  readonly value: string | undefined;
  readonly isBad: boolean;
}

export interface GuestRow {
  readonly domain: string;
  readonly resource: string;
  /** Undefined for a file that holds no status. */
  readonly state: string | undefined;
  readonly nodes: readonly string[];
  readonly preferred: string | undefined;
  readonly link: Link;
  readonly notes: readonly Message[];
  /** Nothing about it needs a look. */
  readonly isQuiet: boolean;
}

export type Link =
  | { readonly kind: 'state'; readonly state: string; readonly version: number; readonly fault: string }
  /** vm-connectd knows no channel of it. */
  | { readonly kind: 'none' }
  /** It does not run here, or nobody could be asked. */
  | { readonly kind: 'elsewhere' | 'unknown' };

export interface FencingRow {
  readonly at: string;
  readonly target: string;
  readonly action: string;
  readonly result: string;
  readonly by: string;
  readonly reason: string;
}

export interface View {
  readonly hosts: readonly HostRow[];
  readonly guests: readonly GuestRow[];
  /** The newest first; those under way before all. */
  readonly fencing: readonly FencingRow[];
}

export function viewOf(seen: Seen): View {
  const { cluster } = seen;
  if (cluster.kind !== 'told') return { hosts: [], guests: [], fencing: fencingRows(seen, undefined) };
  const { cib, status } = cluster.value;
  const resources = new Map(status?.resources.map((resource) => [resource.id, resource]));
  const guests = guestsIn(cib.root).map((guest) => guestRow(guest, resources.get(guest.resource), seen));
  const states = new Map(status?.nodes.map((node) => [node.name, node]));
  const hosts = nodesIn(cib.root).map(({ name, transientAttributes }) => ({
    name,
    states: nodeStates(states.get(name)),
    guests: status === undefined ? undefined : guests.filter(({ nodes }) => nodes.includes(name)).length,
    health:
      states.get(name)?.isOnline === true ? healthOf(seen.settings.dependencies, transientAttributes) : [],
  }));
  return { hosts, guests, fencing: fencingRows(seen, status) };
}

function nodeStates(node: NodeStatus | undefined): readonly string[] {
  if (node === undefined) return [];
  const first = node.isUnclean
    ? 'unclean'
    : node.isPending
      ? 'pending'
      : node.isOnline
        ? 'online'
        : 'offline';
  return [
    first,
    ...(node.isStandby ? ['standby'] : []),
    ...(node.isInMaintenance ? ['maintenance'] : []),
    ...(node.isDc ? ['DC'] : []),
  ];
}

function healthOf(
  dependencies: readonly Dependency[],
  values: ReadonlyMap<string, string>,
): readonly Health[] {
  return dependencies.flatMap(({ attribute, badWhen }) => {
    if (attribute === undefined) return [];
    const value = values.get(attribute);
    return [
      { attribute, value, isBad: value === undefined || (badWhen !== undefined && isBad(value, badWhen)) },
    ];
  });
}

function guestRow(guest: Guest, resource: ResourceStatus | undefined, seen: Seen): GuestRow {
  const { cluster } = seen;
  const isKnown = cluster.kind === 'told' && cluster.value.status !== undefined;
  const nodes = resource?.isActive === true ? resource.nodes : [];
  const link = linkOf(guest, nodes, seen);
  const notes = notesOf(guest, resource, link, seen);
  const state = isKnown ? (resource?.role ?? 'Stopped') : undefined;
  const isAsWanted =
    state === undefined || state === (guest.targetRole === 'Stopped' ? 'Stopped' : 'Started');
  return {
    domain: guest.domain,
    resource: guest.resource,
    state,
    nodes,
    preferred: guest.preference?.node,
    link,
    notes,
    isQuiet: isAsWanted && notes.length === 0,
  };
}

function linkOf(guest: Guest, nodes: readonly string[], { links, node }: Seen): Link {
  if (links.kind !== 'told') return { kind: 'unknown' };
  if (node === undefined || !nodes.includes(node)) return { kind: 'elsewhere' };
  const own: GuestStatus | undefined = links.value.guests.find(({ name }) => name === guest.domain);
  if (own === undefined) return { kind: 'none' };
  return { kind: 'state', state: own.state, version: own.version, fault: own.fault };
}

function notesOf(
  guest: Guest,
  resource: ResourceStatus | undefined,
  link: Link,
  { jobs, worker, atWallMs, isIdle }: Seen,
): readonly Message[] {
  const notes: Message[] = [];
  const job = jobs.get(guest.domain);
  if (job?.kind === 'running') {
    const { remainingBytes, totalBytes, bytesPerSecond } = job.memory;
    const rate = bytesPerSecond === undefined ? '?' : mebibytes(bytesPerSecond);
    const memory = { left: mebibytes(remainingBytes), all: mebibytes(totalBytes), rate };
    notes.push(message('status-migrating', memory));
  }
  const record = parseRecord(guest.primitive.metaAttributes.get(RECORD_ATTRIBUTE) ?? '');
  if (record !== undefined) {
    const seconds = Math.max(0, Math.ceil((record.untilWallMs - atWallMs) / 1000));
    const { operation, requester } = record;
    notes.push(message('status-being-fenced', { operation, requester, seconds }));
  }
  if (guest.moveConstraints.length > 0) {
    notes.push(
      worker === undefined
        ? message('status-move-left', { guest: guest.domain })
        : message('status-being-moved'),
    );
  }
  if (resource?.isFailed === true) notes.push(message('status-failed'));
  if (resource?.isBlocked === true) notes.push(message('status-blocked'));
  if (resource?.isManaged === false) notes.push(message('status-unmanaged'));
  if (resource !== undefined && resource.nodes.length > 1 && resource.role === 'Started') {
    // On its way it is shown at both ends for a moment.
    const nodes = resource.nodes.join(', ');
    notes.push(
      isIdle === true ? message('status-on-many', { nodes }) : message('status-on-its-way', { nodes }),
    );
  }
  const isWanted = guest.targetRole !== 'Stopped';
  if (isWanted && resource?.role === 'Stopped') notes.push(message('status-cannot-run'));
  if (link.kind === 'none') notes.push(message('status-no-channel', { guest: guest.domain }));
  if (link.kind === 'state' && link.fault !== '') notes.push(message('plain', { text: link.fault }));
  return notes;
}

const mebibytes = (bytes: number) => Math.round(bytes / 1024 / 1024);

/** Hosts that Pacemaker fenced and guests that vm-stonithd was asked for, by time. */
function fencingRows({ audit }: Seen, status: ClusterStatus | undefined): readonly FencingRow[] {
  const hosts = (status?.fenceHistory ?? []).map((event) => ({
    at: event.completedAt === undefined ? '' : isoOf(event.completedAt),
    target: event.target,
    action: event.action,
    result: event.status,
    by: [event.client, event.origin].filter((word) => word !== undefined).join(' '),
    reason: event.reason ?? '',
  }));
  const guests = (audit.kind === 'told' ? audit.value : [])
    .filter(({ operation }) => ['off', 'on', 'reset'].includes(operation))
    .map(({ time, target, operation, result, requester, reason }) => ({
      at: time,
      target: target === null ? '?' : (domainOfResource(target) ?? target),
      action: operation,
      result,
      by: requester,
      reason: result === 'confirmed' ? '' : reason,
    }));
  return [...hosts, ...guests].sort((one, other) => (rankOf(one) < rankOf(other) ? 1 : -1));
}

/** What is under way has no end yet, and is the newest of all. */
const rankOf = ({ at }: FencingRow) => (at === '' ? '~' : at);

/** Pacemaker writes `2026-11-21 03:49:53Z`, or with a zone. */
function isoOf(text: string): string {
  const ms = Date.parse(text.replace(' ', 'T').replace(/ (?=[-+])/, ''));
  return Number.isNaN(ms) ? text : new Date(ms).toISOString();
}
