/**
 * The QEMU process of a domain, told from its pid file and its start time: a pid that has been given to another process
 * is not mistaken for it.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface QemuProcess {
  readonly pid: number;
  /** In clock ticks since the machine's boot. */
  readonly startTicks: string;
}

/** Undefined: there is no pid file, or what it names is not this domain's QEMU. */
export function qemuProcessOf(directory: string, domain: string): QemuProcess | undefined {
  if (domain.includes('/')) return undefined;
  const pid = Number(textOf(join(directory, `${domain}.pid`))?.trim());
  if (!Number.isSafeInteger(pid) || pid <= 1) return undefined;
  const startTicks = startTicksOf(pid);
  const argv = textOf(`/proc/${pid}/cmdline`)?.split('\0') ?? [];
  const name = argv[argv.indexOf('-name') + 1] ?? '';
  // Commas in values are doubled, as QEMU reads them.
  const isOurs = argv.includes('-name') && `${name},`.startsWith(`guest=${domain.replaceAll(',', ',,')},`);
  return startTicks === undefined || !isOurs ? undefined : { pid, startTicks };
}

/** It has ended: nothing of it can reach a disk any more, whether or not it was reaped. */
export function hasEnded({ pid, startTicks }: QemuProcess): boolean {
  return startTicksOf(pid) !== startTicks;
}

/** Ends it without asking; false when it could not be told to. */
export function endProcess(qemu: QemuProcess): boolean {
  if (hasEnded(qemu)) return true;
  try {
    return process.kill(qemu.pid, 'SIGKILL');
  } catch {
    return hasEnded(qemu);
  }
}

/** Undefined for what is not there, and for what only waits to be reaped. */
function startTicksOf(pid: number): string | undefined {
  const stat = textOf(`/proc/${pid}/stat`);
  const fields = stat?.slice(stat.lastIndexOf(')') + 2).split(' ') ?? [];
  const [state] = fields;
  return state === 'Z' || state === 'X' ? undefined : fields[19];
}

function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
