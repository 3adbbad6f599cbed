/**
 * What one host can tell of itself and no other can: `vm-ctl check --local`. It travels between hosts as JSON and is
 * read back from whatever came.
 */

export interface HostFacts {
  readonly node: string;
  /** By resource. */
  readonly guests: ReadonlyMap<string, GuestFacts>;
  /** What its clock shows, in milliseconds of Unix time; undefined where it has not told. */
  readonly wallMs: number | undefined;
  readonly cpu: Told;
  readonly connectd: Told;
  readonly stonithd: Told;
  /** The vm-ctl that changes something from there now. */
  readonly worker: Worker | undefined;
}

export interface Worker {
  readonly pid: number;
  readonly command: string;
}

/** A word that tells hosts apart, or says that all is well; or why there is none. */
export interface Told {
  readonly value: string | undefined;
  readonly fault: string | undefined;
}

export interface GuestFacts {
  /** A digest of the domain's XML, white space and comments aside. */
  readonly xml: Told;
  /** By path: what is behind it, the same on hosts that share it. */
  readonly disks: ReadonlyMap<string, Told>;
  /** `fit` or `unfit`, where the guest asks for a certain model; no value where it does not. */
  readonly cpu: Told;
  /** `yes` where libvirt starts it by itself. */
  readonly autostart: Told;
  /** `yes` where libvirt keeps its memory, from which it would go on. */
  readonly savedMemory: Told;
  /** Undefined while the guest does not run here. */
  readonly link: Told | undefined;
}

export const told = (value: string): Told => ({ value, fault: undefined });
export const untold = (fault: string): Told => ({ value: undefined, fault });
export const NOTHING: Told = { value: undefined, fault: undefined };

export function hostFactsJson({ node, wallMs, guests, cpu, connectd, stonithd, worker }: HostFacts) {
  return {
    version: 1,
    node,
    wallMs: wallMs ?? null,
    cpu: toldJson(cpu),
    connectd: toldJson(connectd),
    stonithd: toldJson(stonithd),
    worker: worker === undefined ? null : { pid: worker.pid, command: worker.command },
    guests: Object.fromEntries(
      [...guests].map(([resource, guest]) => [
        resource,
        {
          xml: toldJson(guest.xml),
          cpu: toldJson(guest.cpu),
          autostart: toldJson(guest.autostart),
          savedMemory: toldJson(guest.savedMemory),
          link: guest.link === undefined ? null : toldJson(guest.link),
          disks: Object.fromEntries([...guest.disks].map(([path, disk]) => [path, toldJson(disk)])),
        },
      ]),
    ),
  };
}

const toldJson = ({ value, fault }: Told) => ({ value: value ?? null, fault: fault ?? null });

type Members = Readonly<Record<string, unknown>>;

/** Undefined for what no vm-ctl of this version has told. */
export function readHostFacts(json: unknown): HostFacts | undefined {
  const top = membersOf(json);
  const { version, node, wallMs } = top;
  if (version !== 1 || typeof node !== 'string') return undefined;
  return {
    node,
    wallMs: typeof wallMs === 'number' ? wallMs : undefined,
    cpu: toldOf(top['cpu']),
    connectd: toldOf(top['connectd']),
    stonithd: toldOf(top['stonithd']),
    worker: workerOf(top['worker']),
    guests: new Map(Object.entries(membersOf(top['guests'])).map(([id, guest]) => [id, guestOf(guest)])),
  };
}

function guestOf(json: unknown): GuestFacts {
  const { xml, cpu, autostart, savedMemory, link, disks } = {
    ...{ xml: null, cpu: null, autostart: null, savedMemory: null, link: null, disks: null },
    ...membersOf(json),
  };
  return {
    xml: toldOf(xml),
    cpu: toldOf(cpu),
    autostart: toldOf(autostart),
    savedMemory: toldOf(savedMemory),
    link: link === null ? undefined : toldOf(link),
    disks: new Map(Object.entries(membersOf(disks)).map(([path, disk]) => [path, toldOf(disk)])),
  };
}

function workerOf(json: unknown): Worker | undefined {
  const { pid, command } = { pid: null, command: null, ...membersOf(json) };
  return typeof pid === 'number' && typeof command === 'string' ? { pid, command } : undefined;
}

function toldOf(json: unknown): Told {
  const { value, fault } = { value: null, fault: null, ...membersOf(json) };
  return {
    value: typeof value === 'string' ? value : undefined,
    fault: typeof fault === 'string' ? fault : undefined,
  };
}

const membersOf = (json: unknown): Members =>
  typeof json === 'object' && json !== null && !Array.isArray(json) ? { ...json } : {};
