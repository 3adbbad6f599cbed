/**
 * The QEMU process of a domain, told from its arguments and its start time: a pid that has been given to another process
 * is not mistaken for it.
 *
 * Invariant: it has ended only when all its threads have. A killed process is a zombie as soon as its first thread is one,
 * while another may hang in a disk and write to it when that comes back. The first thread then has no arguments any more,
 * the others have, until their memory is gone: from then on libvirt's pid file alone tells whose process it is. libvirt
 * removes that file from what it takes for ended, so that without one all processes are looked at.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { systemCodeOf } from '../../../shared/errors.ts';
import { isQemuOf, statFieldsIn } from './proc-text.ts';

export interface QemuProcess {
  readonly pid: number;
  /** In clock ticks since the machine's boot. */
  readonly startTicks: string;
}

/** Undefined: no process of this domain lives. */
export function qemuProcessOf(directory: string, domain: string): QemuProcess | undefined {
  if (domain.includes('/')) return undefined;
  const pid = Number(textOf(join(directory, `${domain}.pid`))?.trim());
  const named = Number.isSafeInteger(pid) && pid > 1 ? livingOf(pid, domain, mayBeNameless) : undefined;
  return named ?? firstOf(numbersIn('/proc'), (other) => livingOf(other, domain, () => false));
}

/** It has ended: nothing of it can reach a disk any more, whether or not it was reaped. */
export function hasEnded({ pid, startTicks }: QemuProcess): boolean {
  return startTicksOf(pid) !== startTicks;
}

/**
 * Ends it without asking, unless something speaks against that while it is frozen: then nothing that it does comes between
 * the look and its end. Says what does; one that is not ended is not left frozen either, so that nothing here may wait.
 */
export function endUnless(qemu: QemuProcess, whyNot: () => string | undefined): string | undefined {
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
): QemuProcess | undefined {
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

/** Undefined for what is not there, and for what only waits to be reaped. */
function startTicksOf(pid: number): string | undefined {
  const stat = statOf(`/proc/${pid}/stat`);
  return isDead(stat) && !hasLivingThread(pid, Number(stat[THREADS])) ? undefined : stat[START_TICKS];
}

/** When threads end while they are listed the list may lack some: the dead in it have to be as many as there are. */
function hasLivingThread(pid: number, count: number): boolean {
  const stats = numbersIn(`/proc/${pid}/task`).map((tid) => statOf(`/proc/${pid}/task/${tid}/stat`));
  const known = stats.filter((stat) => stat.length > 0);
  return known.some((stat) => !isDead(stat)) || known.length < count;
}

/** From the state on; places as there. Empty for what is not there. */
function statOf(path: string): readonly string[] {
  const stat = textOf(path);
  return stat === undefined ? [] : statFieldsIn(stat);
}

const THREADS = 17;
const START_TICKS = 19;
const isDead = ([state]: readonly string[]) => state === 'Z' || state === 'X';

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

function numbersIn(directory: string): number[] {
  try {
    return readdirSync(directory).map(Number).filter(Number.isInteger);
  } catch (thrown) {
    if (isGone(thrown)) return [];
    throw thrown;
  }
}

/** What can't be read for any other reason, such as too many open files, has not ended for that. */
const isGone = (thrown: unknown) => GONE.includes(systemCodeOf(thrown) ?? '');
const GONE: readonly string[] = ['ENOENT', 'ESRCH'];

function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (thrown) {
    if (isGone(thrown)) return undefined;
    throw thrown;
  }
}
