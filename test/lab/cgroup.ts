/**
 * The control groups of a laboratory, one for each host and one for what serves them all.
 *
 * Invariant: every process of a laboratory is born inside (`joining`), however it was started. So a host is frozen,
 * killed and proven dead by the kernel, and `down` finds all there is without a pid file or a name to trust.
 * Version 2 of control groups is needed, mounted anywhere; no controller is.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PmError, systemCodeOf } from '../../shared/errors.ts';
import { readOrEmpty } from './read-or-empty.ts';
import { waitFor } from './wait-for.ts';

export interface Cgroup {
  readonly path: string;
}

const PREFIX = 'pm-kvm-tools-lab-';

export function labCgroup(labName: string): Cgroup {
  return { path: join(hierarchy(), `${PREFIX}${labName}`) };
}

export const leafOf = (lab: Cgroup, leaf: string): Cgroup => ({ path: join(lab.path, leaf) });

function hierarchy(): string {
  for (const line of readFileSync('/proc/self/mounts', 'utf8').split('\n')) {
    const [, mountPoint, type] = line.split(' ');
    if (type === 'cgroup2' && mountPoint !== undefined) return mountPoint;
  }
  throw new PmError({
    code: 'environment',
    what: 'cannot make a laboratory',
    fault: 'no cgroup2 file system is mounted',
    remedy: 'mount one (mount -t cgroup2 none /sys/fs/cgroup), or set LAB=off to skip its tests',
  });
}

export function makeCgroup(group: Cgroup): void {
  mkdirSync(group.path, { recursive: true });
}

/** The command that joins the group and then becomes `argv`; it does nothing when the group is gone. */
export function joining(group: Cgroup, argv: readonly string[]): string[] {
  return ['/bin/sh', '-c', 'echo 0 >"$0" && exec "$@"', join(group.path, 'cgroup.procs'), ...argv];
}

export function pidsIn(group: Cgroup): number[] {
  return readOrEmpty(join(group.path, 'cgroup.procs')).split('\n').filter(Boolean).map(Number);
}

/** Those of the groups below it, too: systemd makes some. */
export function allPidsIn(group: Cgroup): number[] {
  return [group.path, ...groupsBelow(group.path)].flatMap((path) => pidsIn({ path }));
}

export function isPopulated(group: Cgroup): boolean {
  return readOrEmpty(join(group.path, 'cgroup.events')).includes('populated 1');
}

/** Resolves when every process is frozen, or running again; a process in the middle of a system call takes a moment. */
export async function setFrozen(group: Cgroup, frozen: boolean): Promise<void> {
  writeFileSync(join(group.path, 'cgroup.freeze'), frozen ? '1' : '0');
  const wanted = `frozen ${frozen ? 1 : 0}`;
  await waitFor(`${group.path} says "${wanted}"`, 5_000, () =>
    readOrEmpty(join(group.path, 'cgroup.events')).includes(wanted),
  );
}

export const isFrozen = (group: Cgroup) => readOrEmpty(join(group.path, 'cgroup.freeze')).startsWith('1');

/** Kills what is in the group and below it, frozen or not; resolves when nothing is left alive. */
export async function killGroup(group: Cgroup, deadlineMs = 10_000): Promise<void> {
  if (!existsSync(group.path)) return;
  await waitFor(`the processes of ${group.path} are dead`, deadlineMs, () => {
    if (!isPopulated(group)) return true;
    write(join(group.path, 'cgroup.kill'), '1');
    return false;
  });
  write(join(group.path, 'cgroup.freeze'), '0');
}

/** Kills and removes the group with all that are below it. */
export async function removeGroup(group: Cgroup): Promise<void> {
  await killGroup(group);
  await waitFor(`${group.path} can be removed`, 5_000, () => {
    for (const path of [...groupsBelow(group.path), group.path]) {
      try {
        rmdirSync(path);
      } catch (thrown) {
        const code = systemCodeOf(thrown);
        if (code === 'EBUSY') return false;
        if (code !== 'ENOENT') throw thrown;
      }
    }
    return true;
  });
}

function groupsBelow(path: string): string[] {
  if (!existsSync(path)) return [];
  return readdirSync(path, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .flatMap((entry) => [...groupsBelow(join(path, entry.name)), join(path, entry.name)]);
}

function write(path: string, text: string): void {
  try {
    writeFileSync(path, text);
  } catch (thrown) {
    if (systemCodeOf(thrown) !== 'ENOENT') throw thrown;
  }
}
