/**
 * What is wrong with the guests of a cluster, or will be when they are needed. Pure: what was read in, findings out,
 * each with its remedy.
 *
 * Invariant: what could not be read is a finding, never passed over as good.
 */
import type { Domain } from '../../libvirt/domain-xml.ts';
import { isMisreadName } from '../../libvirt/misread-name.ts';
import { isTrue } from '../../pacemaker/attribute-sets.ts';
import { type Constraint, constraintsIn, isMoveConstraint } from '../../pacemaker/cib-constraints.ts';
import { clusterPropertiesIn, isFencingEnabled, nodesIn } from '../../pacemaker/cib-nodes.ts';
import { clonesIn, primitivesIn } from '../../pacemaker/cib-resources.ts';
import type { ClusterStatus } from '../../pacemaker/cluster-status.ts';
import { elementAt, type XmlElement } from '../../xml/xml-element.ts';
import { type Guest, guestsIn } from '../cluster/guests.ts';
import type { Settings } from '../config/settings.ts';
import { domainOfResource } from '../definition/guest-ids.ts';
import { type Message, message } from '../messages/message.ts';
import type { Worker } from './host-facts.ts';
import { proofFindings } from './proof-findings.ts';

export interface Seen {
  readonly settings: Settings;
  readonly cib: XmlElement;
  /** Undefined without a cluster. */
  readonly status: ClusterStatus | undefined;
  /** By resource: the guest's domain file as it is on this host. */
  readonly files: ReadonlyMap<string, SeenFile>;
  readonly portName: string;
  /** All hosts have one processor, so that what depends on it migrates; undefined: nobody was asked. */
  readonly isCpuShared: boolean | undefined;
  /** Every vm-ctl that changes something now. */
  readonly workers: readonly WorkerOnNode[];
}

export interface WorkerOnNode extends Worker {
  readonly node: string;
}

export type SeenFile =
  | { readonly ok: true; readonly domain: Domain }
  | { readonly ok: false; readonly fault: string };

export function findingsOf(seen: Seen): readonly Message[] {
  const guests = guestsIn(seen.cib);
  return [
    ...clusterFindings(seen),
    ...constraintFindings(seen),
    ...attributeFindings(seen, guests),
    ...discoveryFindings(seen, guests),
    ...guests.flatMap((guest) => guestFindings(guest, seen)),
    ...sharedChannelFindings(guests, seen),
    ...sharedDefinitionFindings(seen),
    ...proofFindings(seen),
  ];
}

function clusterFindings({ cib, status, settings }: Seen): readonly Message[] {
  const findings: Message[] = [];
  const properties = clusterPropertiesIn(cib);
  if (!isFencingEnabled(properties)) findings.push(message('fencing-is-off'));
  for (const option of ['enable-startup-probes', 'startup-fencing']) {
    const value = properties.get(option);
    if (value !== undefined && !isTrue(value)) findings.push(message('probes-off', { option }));
  }
  const clones = new Set(clonesIn(cib).map(({ id }) => id));
  for (const { clone, setting } of settings.dependencies) {
    if (!clones.has(clone)) findings.push(message('clone-missing', { clone, setting }));
  }
  if (status === undefined) return findings;
  if (status.options.isInMaintenance) findings.push(message('cluster-in-maintenance'));
  if (!status.hasQuorum) findings.push(message('no-quorum'));
  for (const { name, isOnline, isUnclean, isStandby, isInMaintenance } of status.nodes) {
    const state = isUnclean ? 'unclean' : !isOnline ? 'offline' : isInMaintenance ? 'maintenance' : undefined;
    if (state !== undefined) findings.push(message('node-state', { node: name, state }));
    else if (isStandby) findings.push(message('node-state', { node: name, state: 'standby' }));
  }
  for (const { id, isFailed, isBlocked, nodes } of status.resources) {
    if (!isFailed && !isBlocked) continue;
    const state = isBlocked ? 'blocked' : 'failed';
    findings.push(message('resource-state', { resource: id, state, nodes: nodes.join(', ') || '-' }));
  }
  return findings;
}

/** Also those on resources that vm-ctl has not made. */
function constraintFindings(seen: Seen): readonly Message[] {
  return constraintsIn(seen.cib)
    .filter((one) => isMoveConstraint(one) && !isOfMoveNow(one, seen))
    .map(({ id, element }) => {
      const resource = element.attributes['rsc'] ?? '?';
      return message('move-constraint-found', { id, resource });
    });
}

/** A node where nobody looks tells nothing of a guest that was started there by hand. */
function discoveryFindings({ cib }: Seen, guests: readonly Guest[]): readonly Message[] {
  return constraintsIn(cib).flatMap(({ id, element }) => {
    const { rsc, 'resource-discovery': value } = element.attributes;
    const guest = guests.find(({ resource }) => resource === rsc);
    return guest === undefined || value === undefined || value === 'always'
      ? []
      : [message('discovery-off', { guest: guest.domain, id, value })];
  });
}

/** No findings: the constraints that a vm-ctl at work will take away itself; to clear them would undo its move. */
export function movesGoingOn(seen: Seen): readonly Message[] {
  const [mover] = moversIn(seen);
  const constraints = constraintsIn(seen.cib).filter((one) => isOfMoveNow(one, seen));
  const resources = new Set(constraints.map(({ element }) => element.attributes['rsc'] ?? '?'));
  return mover === undefined
    ? []
    : [...resources].map((resource) =>
        message('move-going-on', { resource, pid: mover.pid, node: mover.node }),
      );
}

/** Those that vm-ctl makes have an end. */
const isOfMoveNow = (constraint: Constraint, seen: Seen): boolean =>
  isMoveConstraint(constraint) &&
  elementAt(constraint.element, 'rule', 'date_expression')?.attributes['end'] !== undefined &&
  moversIn(seen).length > 0;

const moversIn = ({ workers }: Seen) =>
  workers.filter(({ command }) => /\b(?:move|evacuate)\b/.test(command));

/** A fencing that was cut off leaves `force_stop`, and the guest would be destroyed at its next stop. */
function attributeFindings({ cib, status }: Seen, guests: readonly Guest[]): readonly Message[] {
  const known = new Set(primitivesIn(cib).map(({ id }) => id));
  const isAtRest = (resource: string) => {
    const role = status?.resources.find(({ id }) => id === resource)?.role ?? 'Stopped';
    const guest = guests.find((one) => one.resource === resource);
    return !/ing$/.test(role) && !(guest?.targetRole === 'Stopped' && role !== 'Stopped');
  };
  return nodesIn(cib).flatMap(({ name: node, transientAttributes }) =>
    [...transientAttributes.keys()].flatMap((attribute) => {
      const [, resource] = /^force_stop-(.+)$/.exec(attribute) ?? [];
      const isStale = resource !== undefined && (!known.has(resource) || isAtRest(resource));
      return isStale ? [message('stale-attribute', { attribute, node })] : [];
    }),
  );
}

function guestFindings(guest: Guest, { files, portName, isCpuShared }: Seen): readonly Message[] {
  const { domain, resource, isMigrationAllowed } = guest;
  const path = guest.primitive.instanceAttributes.get('config') ?? '-';
  const file = files.get(resource);
  const name = file?.ok === true ? file.domain.name : domain;
  const findings: Message[] = isMisreadName(name) ? [message('name-misread', { guest: name })] : [];
  if (file === undefined || !file.ok) {
    const fault = file === undefined ? 'no config parameter' : file.fault;
    return [...findings, message('domain-file-unusable', { guest: domain, path, fault })];
  }
  if (file.domain.name !== (domainOfResource(resource) ?? domain)) {
    findings.push(message('domain-file-of-other', { guest: domain, path, name: file.domain.name }));
  }
  if (!file.domain.channels.some(({ targetName }) => targetName === portName)) {
    findings.push(message('channel-missing', { guest: domain, path, port: portName }));
  }
  if (!isMigrationAllowed) return findings;
  const { mode } = file.domain.cpu;
  const isOfHost = mode === 'host-passthrough' || mode === 'host-model' || mode === 'maximum';
  if (mode !== undefined && isOfHost && isCpuShared !== true) {
    findings.push(message('cpu-of-one-host', { guest: domain, mode }));
  }
  for (const { device, target, cache, isReadOnly, type } of file.domain.disks) {
    const isSafe = cache === 'none' || cache === 'directsync' || isReadOnly || type === 'network';
    if (device === 'disk' && !isSafe) {
      findings.push(
        message('disk-cache', { guest: domain, disk: target ?? '?', cache: cache ?? 'writeback' }),
      );
    }
  }
  return findings;
}

/** Also of resources that vm-ctl has not made: what is stopped as one of them runs as the other. */
function sharedDefinitionFindings({ cib }: Seen): readonly Message[] {
  const users = new Map<string, string[]>();
  for (const { id, type, instanceAttributes } of primitivesIn(cib)) {
    const path = instanceAttributes.get('config');
    if (type === 'VirtualDomain' && path !== undefined) users.set(path, [...(users.get(path) ?? []), id]);
  }
  return [...users]
    .filter(([, resources]) => resources.length > 1)
    .map(([path, resources]) => message('definition-shared', { path, resources: resources.join(', ') }));
}

function sharedChannelFindings(guests: readonly Guest[], { files, portName }: Seen): readonly Message[] {
  const users = new Map<string, string[]>();
  for (const { domain, resource } of guests) {
    const file = files.get(resource);
    if (file?.ok !== true) continue;
    for (const { targetName, source } of file.domain.channels) {
      if (targetName !== portName || source.mode === 'none') continue;
      users.set(source.path, [...(users.get(source.path) ?? []), domain]);
    }
  }
  return [...users]
    .filter(([, domains]) => domains.length > 1)
    .map(([path, domains]) => message('channel-shared', { path, guests: domains.join(', ') }));
}
