/**
 * Names, paths and addresses of one laboratory. Nothing here touches the machine.
 *
 * A laboratory is all that lies below one state directory and runs in one control group, both named after it, so
 * that several stand side by side: their networks may use the same addresses because each has a network of its own.
 */
import { createHash } from 'node:crypto';
import { basename, join, resolve } from 'node:path';
import { PmError } from '../../shared/errors.ts';

export const CHECKOUT = resolve(import.meta.dirname, '../..');
/** Images are the same for every laboratory, and the only thing that outlives one. */
export const IMAGE_CACHE = process.env['LAB_CACHE'] ?? '/var/cache/pm-kvm-tools-lab';
export const STATE_ROOT = '/run/pm-kvm-tools-lab';

/** How the file of a guest's virtio port comes to be: QEMU listens, QEMU connects, or libvirt makes a path up. */
export type ChannelKind = 'bind' | 'connect' | 'unset';

export interface GuestSpec {
  readonly name: string;
  /** The host that it is started on. */
  readonly home: string;
  readonly memoryMiB: number;
  /** Whether corosync and Pacemaker start inside. */
  readonly cluster: boolean;
  readonly channel: ChannelKind;
  /** Seconds after which QEMU connects anew, for a channel of kind `connect`. */
  readonly reconnectS?: number;
  /** A second serial port, ttyS1 inside, over a socket of the same kind at the channel's path with `-serial` behind. */
  readonly serialPort: boolean;
}

export interface LabSpec {
  readonly hosts: readonly string[];
  readonly guests: readonly GuestSpec[];
  /** systemd is process 1 in hosts and guests, and none of our programs is there: they come as packages. */
  readonly init?: 'systemd';
}

const CLUSTER_GUEST_MIB = 640;
const PLAIN_GUEST_MIB = 256;

export function labSpec(hostCount: number, guestCount: number): LabSpec {
  assertCount('hosts', hostCount, 1, 26);
  assertCount('guests', guestCount, 0, 99);
  const hosts = Array.from({ length: hostCount }, (_, index) => `host${letter(index)}`);
  const guests = Array.from({ length: guestCount }, (_, index) =>
    guestSpec(`guest${index + 1}`, hosts[index % hostCount] ?? 'hosta'),
  );
  return { hosts, guests };
}

export function guestSpec(name: string, home: string, differing: Partial<GuestSpec> = {}): GuestSpec {
  const cluster = differing.cluster ?? true;
  return {
    name,
    home,
    cluster,
    memoryMiB: cluster ? CLUSTER_GUEST_MIB : PLAIN_GUEST_MIB,
    channel: 'bind',
    serialPort: false,
    ...differing,
  };
}

function assertCount(what: string, count: number, least: number, most: number): void {
  if (Number.isInteger(count) && count >= least && count <= most) return;
  throw wrongSpec(`${count} is no number of ${what} from ${least} to ${most}`, `ask for ${least} to ${most}`);
}

/** Before anything is made of it. */
export function assertSpec({ hosts, guests }: LabSpec): void {
  assertCount('hosts', hosts.length, 1, 26);
  const names = [...hosts, ...guests.map(({ name }) => name)];
  for (const name of names) numberOf(name);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw wrongSpec(`${twice} is there twice`, 'name each once');
  const misplaced = [
    ...hosts.filter((name) => !name.startsWith('host')),
    ...guests.map(({ name }) => name).filter((name) => !name.startsWith('guest')),
  ][0];
  if (misplaced !== undefined) throw wrongSpec(`${misplaced} is in the wrong list`, 'put it into the other');
  const homeless = guests.find(({ home }) => !hosts.includes(home));
  if (homeless === undefined) return;
  throw wrongSpec(`the home of ${homeless.name}, ${homeless.home}, is none of the hosts`, 'name one of them');
}

const wrongSpec = (fault: string, remedy: string) =>
  new PmError({ code: 'usage', what: 'there can be no such laboratory', fault, remedy });

const letter = (index: number) => String.fromCharCode('a'.charCodeAt(0) + index);

/** 1 for hosta and guest1, and so on: the last part of its address, and its node id in its cluster. */
export function numberOf(name: string): number {
  const guest = /^guest([1-9][0-9]?)$/.exec(name)?.[1];
  if (guest !== undefined) return Number(guest);
  const host = /^host([a-z])$/.exec(name)?.[1];
  if (host !== undefined) return host.charCodeAt(0) - 'a'.charCodeAt(0) + 1;
  throw new PmError({
    code: 'usage',
    what: `no host or guest of a laboratory can be called ${name}`,
    fault: 'hosts are hosta to hostz, guests guest1 to guest99',
    remedy: 'use such a name',
  });
}

export const hostAddress = (host: string) => `10.77.0.${numberOf(host)}`;
export const guestAddress = (guest: string) => `10.78.0.${numberOf(guest)}`;
export const guestMac = (guest: string) => `52:54:00:00:00:${numberOf(guest).toString(16).padStart(2, '0')}`;

export interface LabLayout {
  readonly name: string;
  /** A tmpfs while the laboratory stands. */
  readonly state: string;
  /** With which hosts and guests it was brought up. */
  readonly specFile: string;
  /** The guests that there are now, when they are others. */
  readonly guestsFile: string;
  /** The storage that all hosts see as /var/lib/libvirt/images. */
  readonly images: string;
  /** Holds the power switch's socket; /run/lab-power in the hosts. */
  readonly power: string;
  readonly cutsFile: string;
  hostDirectory(host: string): string;
  /** What a guest unpacks over its root when it boots. */
  bootArchive(guest: string): string;
  /** What is on its way into a guest. */
  parcel(guest: string): string;
  console(guest: string): string;
}

export function labLayout(name = process.env['LAB_NAME'] ?? nameOfCheckout()): LabLayout {
  if (!/^[a-z0-9][a-z0-9-]{0,39}$/.test(name)) {
    throw new PmError({
      code: 'usage',
      what: `no laboratory can be called ${JSON.stringify(name)}`,
      fault: 'a name is 1 to 40 small letters, digits and hyphens',
      remedy: 'set LAB_NAME to such a name',
    });
  }
  const state = join(STATE_ROOT, name);
  const images = join(state, 'images');
  return {
    name,
    state,
    specFile: join(state, 'lab.json'),
    guestsFile: join(state, 'guests.json'),
    images,
    power: join(state, 'power'),
    cutsFile: join(state, 'cuts.json'),
    hostDirectory: (host) => join(state, 'hosts', host),
    bootArchive: (guest) => join(images, `${guest}.boot`),
    parcel: (guest) => join(images, `${guest}.parcel`),
    console: (guest) => join(images, `${guest}.console`),
  };
}

/** Readable, and different for each checkout on the machine. */
function nameOfCheckout(): string {
  const readable = basename(CHECKOUT)
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '');
  return `${readable.slice(0, 20) || 'lab'}-${createHash('sha256').update(CHECKOUT).digest('hex').slice(0, 6)}`;
}
