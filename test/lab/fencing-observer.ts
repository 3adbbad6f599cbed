/**
 * Who lives, told by QEMU's processes alone, whatever any cluster or libvirt says. Processes of this laboratory's hosts
 * only: another one may have guests of the same names.
 */
import { threadsOf } from '../support/process-table.ts';
import { allPidsIn } from './cgroup.ts';
import type { Laboratory } from './lab.ts';
import { labHandle, leaf } from './lab-handle.ts';
import { readOrEmpty } from './read-or-empty.ts';

/** The QEMU processes of a domain on all hosts, as the machine counts; those that only wait to be reaped are none. */
export function qemusOf(lab: Laboratory, domain: string): number[] {
  const handle = labHandle(lab.name);
  return lab
    .spec()
    .hosts.flatMap((host) => allPidsIn(leaf(handle, host)).filter((pid) => isQemuOf(pid, domain)));
}

export const isAlive = (lab: Laboratory, domain: string): boolean => qemusOf(lab, domain).length > 0;

/** Of a process whose first thread is dead the others tell whose it is, and live. */
function isQemuOf(pid: number, domain: string): boolean {
  return threadsOf(pid).some((tid) => {
    const argv = readOrEmpty(`/proc/${pid}/task/${tid}/cmdline`).split('\0');
    return (
      argv[0]?.includes('qemu') === true &&
      argv[argv.indexOf('-name') + 1]?.startsWith(`guest=${domain},`) === true
    );
  });
}
