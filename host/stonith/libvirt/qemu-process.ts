/**
 * The QEMU process of a domain, told from its arguments and its start time: a pid that has been given to another process
 * is not mistaken for it.
 *
 * Invariant: it has ended only when all its threads have. A killed process is a zombie as soon as its first thread is one,
 * while another may hang in a disk and write to it when that comes back. The first thread then has no arguments any more,
 * the others have, until their memory is gone: from then on libvirt's pid file alone tells whose process it is. libvirt
 * removes that file from what it takes for ended, so that without one all processes are looked at.
 */
import { join } from 'node:path';
import { isQemuOf, pidIn } from './proc-text.ts';
import {
  hasEnded,
  isDead,
  isGone,
  numbersIn,
  type ProcessId,
  startTicksOf,
  statOf,
  textOf,
} from './processes.ts';

/** Undefined: no process of this domain lives. */
export function qemuProcessOf(directory: string, domain: string): ProcessId | undefined {
  if (domain.includes('/')) return undefined;
  const pid = pidIn(textOf(join(directory, `${domain}.pid`)) ?? '');
  const named = pid === undefined ? undefined : livingOf(pid, domain, mayBeNameless);
  return named ?? firstOf(numbersIn('/proc'), (other) => livingOf(other, domain, () => false));
}

/**
 * Ends it without asking, unless something speaks against that while it is frozen: then nothing that it does comes between
 * the look and its end. Says what does; one that is not ended is not left frozen either, so that nothing here may wait.
 */
export function endUnless<Reason>(qemu: ProcessId, whyNot: () => Reason | undefined): Reason | undefined {
  if (hasEnded(qemu)) return undefined;
  let isKilled = false;
  try {
    process.kill(qemu.pid, 'SIGSTOP');
    const reason = whyNot();
    if (reason === undefined && !hasEnded(qemu)) isKilled = process.kill(qemu.pid, 'SIGKILL');
    return reason;
  } catch (thrown) {
    if (isGone(thrown)) return undefined;
    throw thrown;
  } finally {
    if (!isKilled) thaw(qemu.pid);
  }
}

function thaw(pid: number): void {
  try {
    process.kill(pid, 'SIGCONT');
  } catch (thrown) {
    if (!isGone(thrown)) throw thrown;
  }
}

function livingOf(
  pid: number,
  domain: string,
  isItsNameless: (pid: number) => boolean,
): ProcessId | undefined {
  const text = argumentsOf(pid);
  if (text === '' ? !isItsNameless(pid) : !isQemuOf(text, domain)) return undefined;
  const startTicks = startTicksOf(pid);
  return startTicks === undefined ? undefined : { pid, startTicks };
}

/** Of any of its threads; empty for what has none, as the kernel's own. */
function argumentsOf(pid: number): string {
  const text = textOf(`/proc/${pid}/cmdline`) ?? '';
  if (text !== '' || !isDead(statOf(`/proc/${pid}/stat`))) return text;
  const ofThread = (tid: number) => textOf(`/proc/${pid}/task/${tid}/cmdline`) || undefined;
  return firstOf(numbersIn(`/proc/${pid}/task`), ofThread) ?? '';
}

const mayBeNameless = (pid: number) => textOf(`/proc/${pid}/comm`)?.startsWith('qemu') === true;

function firstOf<Value>(
  numbers: readonly number[],
  look: (one: number) => Value | undefined,
): Value | undefined {
  for (const one of numbers) {
    const value = look(one);
    if (value !== undefined) return value;
  }
  return undefined;
}
