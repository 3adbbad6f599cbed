/** Guests of a laboratory: their definition, where they are, and what can happen to them from outside. */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PmError } from '../../shared/errors.ts';
import { type DomainSettings, domainXml, IMAGES_IN_HOST } from './domain-xml.ts';
import { hostOutput, hostRoot, onHost } from './hosts.ts';
import { guestOf, type Lab, specOf } from './lab-handle.ts';
import type { GuestSpec } from './layout.ts';
import { readOrEmpty } from './read-or-empty.ts';
import { waitFor } from './wait-for.ts';

const settingsFile = (lab: Lab) => join(lab.layout.state, 'domain-settings.json');

export function writeDomainSettings(lab: Lab, settings: DomainSettings): void {
  writeFileSync(settingsFile(lab), JSON.stringify(settings));
}

const readDomainSettings = (lab: Lab): DomainSettings => JSON.parse(readFileSync(settingsFile(lab), 'utf8'));

/** Writes the guest's definition to the storage that all hosts see; its path there. */
function writeDomain(lab: Lab, guest: GuestSpec): string {
  writeFileSync(join(lab.layout.images, `${guest.name}.xml`), domainXml(guest, readDomainSettings(lab)));
  return `${IMAGES_IN_HOST}/${guest.name}.xml`;
}

/** Defines guests on a host, or defines them anew; one that runs keeps what it was started with. */
export async function defineGuests(lab: Lab, host: string, guests: readonly GuestSpec[]): Promise<void> {
  if (guests.length === 0) return;
  const commands = guests.map((guest) => `define ${writeDomain(lab, guest)}`);
  await hostOutput(lab, host, ['virsh', '-q', commands.join('; ')]);
}

/** Defined first where it is unknown: Pacemaker's agent makes libvirt forget a guest that it started and stopped. */
export async function startGuest(lab: Lab, guest: string, host = guestOf(lab, guest).home): Promise<void> {
  const known = await onHost(lab, host, ['virsh', '-q', 'dominfo', guest]);
  if (known.kind !== 'exited' || known.exitCode !== 0) await defineGuests(lab, host, [guestOf(lab, guest)]);
  await hostOutput(lab, host, ['virsh', '-q', 'start', guest]);
}

export interface Whereabouts {
  readonly host: string;
  /** As libvirt there sees it: `running`, `paused` … */
  readonly state: string;
  /** The pid of QEMU, as the host counts. */
  readonly pid: number;
}

/**
 * Every host where libvirt has the guest active, those first where it runs: a guest that migrates is also paused at
 * its target. It is read from libvirt's own files, so it is known also when libvirtd or the host is stuck.
 */
export function whereabouts(lab: Lab, guest: string): Whereabouts[] {
  return specOf(lab)
    .hosts.map((host) => whereaboutsOn(lab, guest, host))
    .filter((found) => found !== undefined)
    .sort((one, other) => Number(other.state === 'running') - Number(one.state === 'running'));
}

function whereaboutsOn(lab: Lab, guest: string, host: string): Whereabouts | undefined {
  const root = hostRoot(lab, host);
  if (root === undefined) return undefined;
  const file = join(root, 'run/libvirt/qemu', `${guest}.xml`);
  const status = /<domstatus state='([a-z]+)'[^>]* pid='(\d+)'/.exec(readOrEmpty(file));
  const [, state, pid] = status ?? [];
  return state === undefined ? undefined : { host, state, pid: Number(pid) };
}

/** Where the guest is; undefined when it is off. */
export function hostOf(lab: Lab, guest: string): string | undefined {
  return whereabouts(lab, guest)[0]?.host;
}

function activeGuest(lab: Lab, guest: string): Whereabouts {
  const found = whereabouts(lab, guest)[0];
  if (found !== undefined) return found;
  throw new PmError({
    code: 'unavailable',
    what: `nothing can be done to ${guest}`,
    fault: 'it is off on every host',
    remedy: `start it: virsh start ${guest}`,
  });
}

/** `qemu`: QEMU itself stands still, so libvirt gets no answer from it. `vcpu`: only what runs inside (virsh suspend). */
export type FreezeKind = 'qemu' | 'vcpu';

export async function freezeGuest(lab: Lab, guest: string, kind: FreezeKind): Promise<void> {
  const { host, pid } = activeGuest(lab, guest);
  if (kind === 'vcpu') await hostOutput(lab, host, ['virsh', '-q', 'suspend', guest]);
  else await hostOutput(lab, host, ['kill', '-STOP', String(pid)]);
}

/** Undoes both kinds. */
export async function thawGuest(lab: Lab, guest: string): Promise<void> {
  const { host, pid, state } = activeGuest(lab, guest);
  await hostOutput(lab, host, ['kill', '-CONT', String(pid)]);
  if (state === 'paused') await hostOutput(lab, host, ['virsh', '-q', 'resume', guest]);
}

/** kill -9 of its QEMU; resolves when libvirt knows. */
export async function killGuest(lab: Lab, guest: string): Promise<void> {
  const { host, pid } = activeGuest(lab, guest);
  await onHost(lab, host, ['kill', '-KILL', String(pid)]);
  await waitFor(
    `${host} has seen the end of ${guest}`,
    10_000,
    () => whereaboutsOn(lab, guest, host) === undefined,
  );
}

/** Powers it off, in whatever state it is; fine when it is off. */
export async function destroyGuest(lab: Lab, guest: string): Promise<void> {
  for (const { host } of whereabouts(lab, guest)) await onHost(lab, host, ['virsh', '-q', 'destroy', guest]);
}

/** Powers off what runs on a host and is no guest of the laboratory: a test has made it, and its cluster has let go of it. */
export async function destroyStrangers(lab: Lab, host: string): Promise<void> {
  const root = hostRoot(lab, host);
  const folder = join(root ?? '', 'run/libvirt/qemu');
  if (root === undefined || !existsSync(folder)) return;
  const own = new Set(specOf(lab).guests.map(({ name }) => name));
  for (const file of readdirSync(folder)) {
    const name = /^(.+)\.xml$/.exec(file)?.[1];
    if (name !== undefined && !own.has(name)) await onHost(lab, host, ['virsh', '-q', 'destroy', name]);
  }
}

/** Live migration by libvirt alone, without the cluster. */
export async function migrateGuest(lab: Lab, guest: string, target: string): Promise<void> {
  const { host } = activeGuest(lab, guest);
  const uri = `qemu+tcp://${target}/system`;
  await hostOutput(lab, host, ['virsh', '-q', 'migrate', '--live', '--unsafe', guest, uri]);
}
