/** Looks at this host for `check`: domain files, disks, processor, daemons. */
import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { messageOf, PmError } from '../../../shared/errors.ts';
import { paths } from '../../../shared/paths.ts';
import { askHostStatus } from '../../connect/status/ask-host-status.ts';
import type { HostStatus } from '../../connect/status/host-status.ts';
import { readDomainFile } from '../../libvirt/domain-file.ts';
import { listAutostarted, listSaved, type NamesResult } from '../../libvirt/domain-list.ts';
import type { Domain } from '../../libvirt/domain-xml.ts';
import { compareCpu, queryHostCpu } from '../../libvirt/host-cpu.ts';
import type { Virsh } from '../../libvirt/virsh.ts';
import type { ClusterStatus } from '../../pacemaker/cluster-status.ts';
import type { XmlElement } from '../../xml/xml-element.ts';
import { lockHolder } from '../change/lock.ts';
import type { Guest } from '../cluster/guests.ts';
import type { Session } from '../cluster/session.ts';
import { askStonith } from '../status/stonith-status.ts';
import { type GuestFacts, type HostFacts, NOTHING, type Told, told, untold } from './host-facts.ts';

export async function gatherHostFacts(
  session: Session,
  node: string,
  guests: readonly Guest[],
  status: ClusterStatus | undefined,
): Promise<HostFacts> {
  const [links, stonith, cpu, worker, autostarted, saved] = await Promise.all([
    askHostStatus(paths.connectSocket).catch(faultOf),
    askStonith(paths.stonithSocket),
    queryHostCpu(session.virsh),
    lockHolder(session.lockName),
    listAutostarted(session.virsh),
    listSaved(session.virsh),
  ]);
  const running = new Set(
    status?.resources.flatMap(({ id, isActive, nodes }) => (isActive && nodes.includes(node) ? [id] : [])),
  );
  const found = new Map<string, GuestFacts>();
  for (const guest of guests) {
    const link = running.has(guest.resource) ? linkOf(guest.domain, links) : undefined;
    const autostart = isAmong(guest.domain, autostarted);
    const savedMemory = isAmong(guest.domain, saved);
    found.set(guest.resource, { ...(await fileFacts(session.virsh, guest)), autostart, savedMemory, link });
  }
  return {
    node,
    wallMs: Date.now(),
    guests: found,
    cpu: cpu.ok ? told(digestOf(cpu.cpu)) : untold(cpu.fault),
    connectd: typeof links === 'string' ? untold(links) : told('up'),
    stonithd:
      stonith.kind !== 'told'
        ? untold(`nobody answers on ${paths.stonithSocket}`)
        : stonith.value.service === 'registered'
          ? told('registered')
          : untold(`it is ${stonith.value.service}, and not registered with vm-connectd`),
    worker,
  };
}

const faultOf = (thrown: unknown) => (thrown instanceof PmError ? thrown.fault : messageOf(thrown));

function linkOf(domain: string, links: HostStatus | string): Told {
  if (typeof links === 'string') return NOTHING; // told once, of the daemon
  const own = links.guests.find(({ name }) => name === domain);
  if (own === undefined) return untold('vm-connectd knows no channel of it');
  return own.state === 'up'
    ? told('up')
    : untold(own.fault === '' ? own.state : `${own.state}: ${own.fault}`);
}

function isAmong(domain: string, listed: NamesResult): Told {
  if (!listed.ok) return untold(listed.fault);
  return told(listed.names.has(domain) ? 'yes' : 'no');
}

async function fileFacts(
  virsh: Virsh,
  guest: Guest,
): Promise<Omit<GuestFacts, 'autostart' | 'savedMemory' | 'link'>> {
  const path = guest.primitive.instanceAttributes.get('config');
  const file = path === undefined ? undefined : await readDomainFile(path);
  if (path === undefined || file === undefined || !file.ok) {
    const fault = file?.ok === false ? file.fault : 'no config parameter';
    return { xml: untold(fault), disks: new Map(), cpu: NOTHING };
  }
  const { domain } = file;
  const disks = domain.disks.flatMap(({ device, type, source }) =>
    device === 'disk' && (type === 'file' || type === 'block') && source !== undefined ? [source] : [],
  );
  return {
    xml: told(digestOf(domain.root)),
    disks: new Map(await Promise.all(disks.map(async (disk) => [disk, await diskIdentity(disk)] as const))),
    cpu: await cpuFit(virsh, domain, path),
  };
}

async function cpuFit(virsh: Virsh, { cpu, type }: Domain, path: string): Promise<Told> {
  if (cpu.mode !== 'custom' && cpu.model === undefined) return NOTHING;
  const compared = await compareCpu(virsh, path, type);
  if (!compared.ok) return untold(compared.fault);
  return told(compared.isFit ? 'fit' : 'unfit');
}

/**
 * Hosts that share a file system see one inode; a file that was merely copied to the same path has another. A block
 * device is told by what names it in the kernel, or at least by its size.
 */
async function diskIdentity(path: string): Promise<Told> {
  try {
    const found = await stat(path, { bigint: true });
    if (!found.isBlockDevice()) return told(`inode ${found.ino}`);
    const number = `${found.rdev >> 8n}:${found.rdev & 0xffn}`;
    const directory = `/sys/dev/block/${number}`;
    for (const name of ['dm/uuid', 'wwid', 'device/wwid', 'size']) {
      const text = await readFile(`${directory}/${name}`, 'utf8').catch(() => '');
      if (text.trim() !== '') return told(`${basename(name)} ${text.trim()}`);
    }
    return untold(`nothing in ${directory} names it`);
  } catch (thrown) {
    return untold(messageOf(thrown));
  }
}

function digestOf(root: XmlElement): string {
  return createHash('sha256')
    .update(JSON.stringify(canonical(root)))
    .digest('hex')
    .slice(0, 32);
}

type Canonical = readonly [string, readonly (readonly [string, string])[], string, readonly Canonical[]];

const canonical = ({ name, attributes, text, children }: XmlElement): Canonical => [
  name,
  Object.entries(attributes).sort(([one], [other]) => (one < other ? -1 : 1)),
  text.trim(),
  children.map(canonical),
];
