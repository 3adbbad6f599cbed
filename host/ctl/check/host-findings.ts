/** What is wrong between hosts: each by itself, and compared with the others. Pure. */
import type { Guest } from '../cluster/guests.ts';
import { type Message, message } from '../messages/message.ts';
import type { AskedHost } from './ask-hosts.ts';
import type { HostFacts, Told } from './host-facts.ts';

export interface SeenHosts {
  readonly guests: readonly Guest[];
  readonly hosts: readonly AskedHost[];
  /** Online nodes, which are to have the daemons. */
  readonly online: readonly string[];
  /** By node: the fingerprint of the keys that its vm-stonithd obeys; or why nobody knows. */
  readonly keys: ReadonlyMap<string, string> | { readonly fault: string };
}

/** Whether all hosts have told of a processor, and it is the same. */
export function haveSameCpu(hosts: readonly AskedHost[]): boolean {
  const values = hosts.map((host) => (host.ok ? host.facts.cpu.value : undefined));
  return values.every((value) => value !== undefined && value === values[0]);
}

export function hostFindings({ guests, hosts, online, keys }: SeenHosts): readonly Message[] {
  const facts = hosts.flatMap((host) => (host.ok ? [host.facts] : []));
  return [
    ...hosts.flatMap((host) =>
      host.ok ? [] : [message('host-unchecked', { node: host.node, fault: host.fault })],
    ),
    ...hosts.flatMap(clockFindings),
    ...facts.flatMap(daemonFindings),
    ...guests.flatMap((guest) => guestFindings(guest, facts)),
    ...keyFindings(online, keys),
  ];
}

/** Fencing writes moments into the cluster's configuration, which all hosts go by. */
const MOST_CLOCK_OFF_MS = 2_000;

function clockFindings(host: AskedHost): readonly Message[] {
  if (!host.ok || Math.abs(host.clockOffMs) <= MOST_CLOCK_OFF_MS) return [];
  return [message('clock-differs', { node: host.node, seconds: Math.round(host.clockOffMs / 1_000) })];
}

function daemonFindings({ node, connectd, stonithd }: HostFacts): readonly Message[] {
  return [
    ...(connectd.fault === undefined ? [] : [message('connectd-down', { node, fault: connectd.fault })]),
    ...(stonithd.fault === undefined ? [] : [message('stonithd-down', { node, fault: stonithd.fault })]),
  ];
}

function guestFindings(
  { domain, resource, primitive }: Guest,
  facts: readonly HostFacts[],
): readonly Message[] {
  const path = primitive.instanceAttributes.get('config') ?? '-';
  const findings: Message[] = [];
  const own = facts.flatMap(({ node, guests }) => {
    const guest = guests.get(resource);
    // Registered while they were asked, or not yet known there.
    if (guest === undefined) findings.push(message('guest-unchecked', { guest: domain, node }));
    return guest === undefined ? [] : [{ node, guest }];
  });
  for (const { node, guest } of own) {
    if (guest.xml.fault !== undefined) {
      findings.push(
        message('domain-file-unusable-on', { guest: domain, path, node, fault: guest.xml.fault }),
      );
    }
    for (const [disk, { fault }] of guest.disks) {
      if (fault !== undefined)
        findings.push(message('disk-unusable-on', { guest: domain, disk, node, fault }));
    }
    if (guest.cpu.fault !== undefined) {
      findings.push(message('cpu-unchecked', { guest: domain, node, fault: guest.cpu.fault }));
    } else if (guest.cpu.value === 'unfit') findings.push(message('cpu-unfit', { guest: domain, node }));
    if (guest.autostart.fault !== undefined) {
      findings.push(message('autostart-unchecked', { guest: domain, node, fault: guest.autostart.fault }));
    } else if (guest.autostart.value === 'yes')
      findings.push(message('autostart-on', { guest: domain, node }));
    if (guest.savedMemory.fault !== undefined) {
      findings.push(
        message('saved-memory-unchecked', { guest: domain, node, fault: guest.savedMemory.fault }),
      );
    } else if (guest.savedMemory.value === 'yes')
      findings.push(message('saved-memory', { guest: domain, node }));
    if (guest.link?.fault !== undefined) {
      findings.push(message('link-down', { guest: domain, node, fault: guest.link.fault }));
    }
  }
  const others = differing(own.map(({ node, guest }) => [node, guest.xml]));
  if (others !== undefined) findings.push(message('xml-differs', { guest: domain, path, ...others }));
  const disks = new Set(own.flatMap(({ guest }) => [...guest.disks.keys()]));
  for (const disk of disks) {
    const seen = own.flatMap(({ node, guest }): (readonly [string, Told])[] => {
      const found = guest.disks.get(disk);
      return found === undefined ? [] : [[node, found]];
    });
    const apart = differing(seen);
    if (apart !== undefined) findings.push(message('disk-not-shared', { guest: domain, disk, ...apart }));
  }
  return findings;
}

/** The first two hosts that tell different things. */
function differing(all: readonly (readonly [string, Told])[]) {
  const known = all.filter(([, { value }]) => value !== undefined);
  const [first] = known;
  const other = known.find(([, { value }]) => value !== first?.[1].value);
  return first === undefined || other === undefined ? undefined : { node: first[0], other: other[0] };
}

function keyFindings(online: readonly string[], keys: SeenHosts['keys']): readonly Message[] {
  if ('fault' in keys) return [message('keys-unchecked', { fault: keys.fault })];
  const silent = online.filter((node) => !keys.has(node)).map((node) => message('keys-unknown', { node }));
  const [first, ...rest] = online.filter((node) => keys.has(node));
  const other = rest.find((node) => first !== undefined && keys.get(node) !== keys.get(first));
  return first === undefined || other === undefined
    ? silent
    : [...silent, message('keys-differ', { node: first, other })];
}
