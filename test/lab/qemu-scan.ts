/**
 * Who lives, in one look at all hosts of a laboratory, again and again. Who is what is read once for each process, known
 * by its pid and its start; whether it lives, at every look. As fencing-observer.ts it trusts no cluster and no libvirt.
 */
import { threadsOf } from '../support/process-table.ts';
import { allPidsIn } from './cgroup.ts';
import type { Laboratory } from './lab.ts';
import { labHandle, leaf } from './lab-handle.ts';
import { readOrEmpty } from './read-or-empty.ts';

export interface QemuProcess {
  readonly domain: string;
  /** As the machine counts. */
  readonly pid: number;
  /** In clock ticks since the machine's boot. */
  readonly startedTicks: number;
  /** libvirt started it as the goal of a migration. */
  readonly isIncoming: boolean;
}

interface Seen {
  readonly startedTicks: number;
  readonly name: string;
  readonly qemu: QemuProcess | undefined;
}

export class QemuScan {
  readonly #hosts: readonly ReturnType<typeof leaf>[];
  #seen: ReadonlyMap<number, Seen> = new Map();

  constructor(lab: Laboratory) {
    const handle = labHandle(lab.name);
    this.#hosts = lab.spec().hosts.map((host) => leaf(handle, host));
  }

  look(): readonly QemuProcess[] {
    const seen = new Map<number, Seen>();
    for (const group of this.#hosts) {
      for (const pid of allPidsIn(group)) {
        const one = this.#one(pid);
        if (one !== undefined) seen.set(pid, one);
      }
    }
    // A control group no longer tells of a process whose threads are about to end; they tell themselves.
    for (const [pid, was] of this.#seen) {
      if (was.qemu === undefined || seen.has(pid)) continue;
      const one = this.#one(pid);
      if (one !== undefined && one.startedTicks === was.startedTicks) seen.set(pid, one);
    }
    for (const [pid, { qemu }] of seen) {
      if (qemu !== undefined && threadsOf(pid).length === 0) seen.delete(pid);
    }
    this.#seen = seen;
    return [...seen.values()].flatMap(({ qemu }) => qemu ?? []);
  }

  #one(pid: number): Seen | undefined {
    const stat = readOrEmpty(`/proc/${pid}/stat`);
    const end = stat.lastIndexOf(')');
    if (end < 0) return undefined;
    const name = stat.slice(stat.indexOf('(') + 1, end);
    const startedTicks = Number(stat.slice(end + 2).split(' ')[19]);
    const known = this.#seen.get(pid);
    if (known?.startedTicks === startedTicks) {
      // What becomes another program has another name; what is a QEMU stays one. A program that has just begun has its
      // name already and its command line not yet: what is called like a QEMU is asked until it tells its guest.
      if (known.qemu !== undefined || (known.name === name && !name.includes('qemu'))) return known;
    }
    return { startedTicks, name, qemu: qemuIn(pid, startedTicks) };
  }
}

/** Of a process whose first thread is dead the others tell whose it is. */
function qemuIn(pid: number, startedTicks: number): QemuProcess | undefined {
  for (const tid of threadsOf(pid)) {
    const argv = readOrEmpty(`/proc/${pid}/task/${tid}/cmdline`).split('\0');
    const domain = /^guest=([^,]*),/.exec(argv[argv.indexOf('-name') + 1] ?? '')?.[1];
    if (argv[0]?.includes('qemu') !== true || domain === undefined) continue;
    return { domain, pid, startedTicks, isIncoming: argv.includes('-incoming') };
  }
  return undefined;
}
