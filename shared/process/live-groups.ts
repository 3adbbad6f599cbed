/**
 * The process groups that we started and that may still live.
 *
 * Invariant: none outlives this process, whether it comes to its end, exits, throws, or is ended by a signal that it
 * doesn't handle; only SIGKILL leaves no time for that: commands that run on have a guard (follow-command.ts).
 */
const END_SIGNALS = ['SIGHUP', 'SIGINT', 'SIGQUIT', 'SIGTERM'] as const;

const live = new Set<number>();
let isWatching = false;

/** `leaderPid` leads a new group. */
export function enrolGroup(leaderPid: number): void {
  live.add(leaderPid);
  if (isWatching) return;
  isWatching = true;
  process.on('exit', killAllGroups);
  for (const signal of END_SIGNALS) process.on(signal, endBy);
}

/** Kills the group, also when its leader is gone. */
export function killGroup(leaderPid: number): void {
  if (live.has(leaderPid)) signalGroup(leaderPid, 'SIGKILL');
}

/** To be called when the leader is gone: the number of an empty group may soon be somebody else's. */
export function forgetEmptyGroup(leaderPid: number): void {
  signalGroup(leaderPid, 0);
}

/** The group has ended; what may remain of it ends now. */
export function endGroup(leaderPid: number): void {
  killGroup(leaderPid);
  live.delete(leaderPid);
}

function signalGroup(leaderPid: number, signal: 'SIGKILL' | 0): void {
  try {
    process.kill(-leaderPid, signal);
  } catch {
    live.delete(leaderPid); // nobody is there
  }
}

function killAllGroups(): void {
  for (const pid of live) killGroup(pid);
}

function endBy(signal: NodeJS.Signals): void {
  if (process.listenerCount(signal) > 1) return; // the program handles it, and leaves through its exit
  killAllGroups();
  process.off(signal, endBy);
  process.kill(process.pid, signal);
}
