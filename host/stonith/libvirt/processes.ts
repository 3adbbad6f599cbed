/**
 * The kernel's table of processes. One is told from another by its pid and its start time, so that whoever is given the
 * pid of one that has ended is not taken for it.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { systemCodeOf } from '../../../shared/errors.ts';
import { statFieldsIn } from './proc-text.ts';

export interface ProcessId {
  readonly pid: number;
  /** In clock ticks since the machine's boot. */
  readonly startTicks: string;
}

/** It has ended: nothing of it can reach a disk any more, whether or not it was reaped. */
export function hasEnded({ pid, startTicks }: ProcessId): boolean {
  return startTicksOf(pid) !== startTicks;
}

/** Undefined for what is not there, and for what only waits to be reaped. */
export function startTicksOf(pid: number): string | undefined {
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
export function statOf(path: string): readonly string[] {
  const stat = textOf(path);
  return stat === undefined ? [] : statFieldsIn(stat);
}

const THREADS = 17;
const START_TICKS = 19;
export const isDead = ([state]: readonly string[]) => state === 'Z' || state === 'X';

export function numbersIn(directory: string): number[] {
  try {
    return readdirSync(directory).map(Number).filter(Number.isInteger);
  } catch (thrown) {
    if (isGone(thrown)) return [];
    throw thrown;
  }
}

/** What can't be read for any other reason, such as too many open files, has not ended for that. */
export const isGone = (thrown: unknown) => GONE.includes(systemCodeOf(thrown) ?? '');
const GONE: readonly string[] = ['ENOENT', 'ESRCH'];

export function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (thrown) {
    if (isGone(thrown)) return undefined;
    throw thrown;
  }
}
