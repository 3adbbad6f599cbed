/**
 * The one place where processes are started.
 *
 * An argument vector, never a shell; `LC_ALL=C`, so that output can be parsed; a process group of its own, so that
 * the whole family can be ended. Groups still alive when this process exits are killed: no child outlives us unless
 * we are killed ourselves.
 */
import { execa } from 'execa';

const liveGroups = new Set<number>();

export interface SpawnOptions {
  readonly cwd?: string | undefined;
  /** Added to the environment of this process. */
  readonly env?: Readonly<Record<string, string>> | undefined;
}

export function spawnGroup(argv: readonly string[], options: SpawnOptions) {
  const [program, ...parameters] = argv;
  if (program === undefined) throw new TypeError('a command needs at least a program');
  const child = execa(program, parameters, {
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    env: { ...options.env, LC_ALL: 'C' },
    detached: true,
    cleanup: false,
    reject: false,
    buffer: false,
    stdio: 'pipe',
  });
  const { pid } = child;
  if (pid !== undefined) {
    if (liveGroups.size === 0) process.on('exit', killAllGroups);
    liveGroups.add(pid);
    child.once('close', () => forgetGroup(pid));
  }
  return child;
}

/** Kills the group that `leaderPid` leads, also when the leader itself is gone. */
export function killGroup(leaderPid: number | undefined): void {
  if (leaderPid === undefined || !liveGroups.has(leaderPid)) return;
  try {
    process.kill(-leaderPid, 'SIGKILL');
  } catch {
    forgetGroup(leaderPid);
  }
}

function forgetGroup(leaderPid: number): void {
  liveGroups.delete(leaderPid);
  if (liveGroups.size === 0) process.off('exit', killAllGroups);
}

function killAllGroups(): void {
  for (const pid of liveGroups) killGroup(pid);
}
