/** Who lives, by /proc. */
import { readdirSync, readFileSync } from 'node:fs';

interface ProcessEntry {
  readonly pid: number;
  readonly group: number;
}

/** The dead that nobody has buried yet don't count. */
function livingProcesses(): ProcessEntry[] {
  return readdirSync('/proc').flatMap((name) => {
    try {
      const stat = readFileSync(`/proc/${Number(name)}/stat`, 'utf8');
      const [state, , group] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      return state === 'Z' || state === 'X' ? [] : [{ pid: Number(name), group: Number(group) }];
    } catch {
      return []; // no process, or gone since
    }
  });
}

export const isAlive = (pid: number): boolean => livingProcesses().some((entry) => entry.pid === pid);

export function membersOfGroup(group: number): number[] {
  return livingProcesses()
    .filter((entry) => entry.group === group)
    .map((entry) => entry.pid);
}

/** Those of a process that run, also when its first one is dead. */
export function threadsOf(pid: number): number[] {
  try {
    return readdirSync(`/proc/${pid}/task`)
      .map(Number)
      .filter((tid) => isRunning(pid, tid));
  } catch {
    return []; // it is gone
  }
}

function isRunning(pid: number, tid: number): boolean {
  try {
    return !/^[ZX]/.test(readFileSync(`/proc/${pid}/task/${tid}/stat`, 'utf8').replace(/.*\) /, ''));
  } catch {
    return false; // it has just ended
  }
}

/** Of the processor, in ticks of 10 ms: its own, and that of its children that have ended. */
export function cpuMsOf(pid: number): { readonly own: number; readonly children: number } {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const sum = (first: number) => (Number(fields[first]) + Number(fields[first + 1])) * 10;
  return { own: sum(11), children: sum(13) };
}
