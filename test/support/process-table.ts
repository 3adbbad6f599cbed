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
