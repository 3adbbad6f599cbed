/** The processes in which a start that libvirt was asked for may still be under way, and those that ask for one. */
import { basename } from 'node:path';
import { numbersIn, type ProcessId, startTicksOf, textOf } from './processes.ts';

/** The daemons that run QEMUs: libvirt's one for all, and the one of its many. */
const DAEMONS: readonly string[] = ['libvirtd', 'virtqemud', 'lt-libvirtd', 'lt-virtqemud'];

export interface LibvirtProcesses {
  /** Those that live. */
  readonly daemons: () => readonly ProcessId[];
  /** Whether some virsh lives that starts a domain, whoever has called it. */
  readonly isAsked: () => boolean;
}

export const libvirtProcesses: LibvirtProcesses = {
  daemons: () =>
    numbersIn('/proc').flatMap((pid) => {
      if (!DAEMONS.includes(textOf(`/proc/${pid}/comm`)?.trim() ?? '')) return [];
      const startTicks = startTicksOf(pid);
      return startTicks === undefined ? [] : [{ pid, startTicks }];
    }),
  isAsked: () => numbersIn('/proc').some((pid) => isStart(textOf(`/proc/${pid}/cmdline`) ?? '')),
};

function isStart(cmdline: string): boolean {
  const [program = '', ...words] = cmdline.split('\0');
  return basename(program) === 'virsh' && words.includes('start');
}
