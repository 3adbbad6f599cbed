/**
 * The one place where processes are started.
 *
 * An argument vector, never a shell; `LC_ALL=C`, so that output can be parsed; a process group of its own, so that
 * the whole family can be ended:
 *
 *   started --leader exits--> its output is still held --closed--> ended
 *      |                        |                                    ^
 *      +---------kill-----------+--> killed --closed, or KILL_GRACE_MS passed
 *
 * Invariant: `ended` resolves within KILL_GRACE_MS of `kill`, whatever the processes do, and keeps nothing of them.
 */
import { closeSync, openSync, statSync } from 'node:fs';
import { execa } from 'execa';
import { systemCodeOf } from '../errors.ts';
import { endGroup, enrolGroup, forgetEmptyGroup, killGroup } from './live-groups.ts';

/** How long a killed group may take to be gone; a process that is stuck in the kernel is left to it. */
const KILL_GRACE_MS = 300;

export interface SpawnOptions {
  readonly cwd?: string | undefined;
  /** Added to the environment of this process. */
  readonly env?: Readonly<Record<string, string>> | undefined;
}

export interface GroupOptions extends SpawnOptions {
  /** Written to standard input, which is then closed. */
  readonly input?: string | Uint8Array | undefined;
  /** Standard input is not closed, nor written to, until this process or the command ends. */
  readonly holdsInput?: boolean;
  readonly onStdout: (chunk: Buffer) => void;
  readonly onStderr: (chunk: Buffer) => void;
}

/** How the leader of a group ended. */
export type Ending =
  | { readonly kind: 'exited'; readonly exitCode: number }
  | { readonly kind: 'signalled'; readonly signal: string }
  | { readonly kind: 'not-started'; readonly fault: string };

export interface ProcessGroup {
  /** Undefined: it was not started. */
  readonly pid: number | undefined;
  /** The leader is gone; others may hold its output. */
  readonly leaderGone: Promise<void>;
  /** All is over: no more output comes. */
  readonly ended: Promise<Ending>;
  kill(): void;
}

export function spawnGroup(argv: readonly string[], options: GroupOptions): ProcessGroup {
  const [program, ...parameters] = argv;
  if (program === undefined) throw new TypeError('a command needs at least a program');
  let child: ReturnType<typeof start>;
  try {
    child = start(program, parameters, options);
  } catch (thrown) {
    return notStarted(Promise.resolve(startFault(program, options.cwd, thrown)));
  }
  const { pid } = child;
  if (pid === undefined) {
    return notStarted((async () => startFault(program, options.cwd, await child))());
  }
  enrolGroup(pid);
  child.stdout.on('data', options.onStdout);
  child.stderr.on('data', options.onStderr);
  child.stdin.on('error', () => undefined); // a command need not read its input
  if (options.holdsInput !== true) child.stdin.end(options.input ?? '');

  let leader: Ending | undefined;
  let isOver = false;
  let grace: NodeJS.Timeout | undefined;
  let giveUp = () => {};
  const leaderGone = new Promise<void>((resolve) => {
    child.once('exit', (code, signal) => {
      leader =
        code === null ? { kind: 'signalled', signal: String(signal) } : { kind: 'exited', exitCode: code };
      if (isOver) endGroup(pid);
      else forgetEmptyGroup(pid);
      resolve();
    });
  });
  const ended = (async () => {
    await new Promise<void>((resolve) => {
      child.once('close', () => resolve());
      giveUp = resolve;
    });
    clearTimeout(grace);
    isOver = true;
    if (leader !== undefined) endGroup(pid);
    for (const stream of [child.stdin, child.stdout, child.stderr]) stream.destroy();
    child.unref();
    return leader ?? { kind: 'signalled', signal: 'SIGKILL' };
  })();
  return {
    pid,
    leaderGone,
    ended,
    kill() {
      killGroup(pid);
      grace ??= setTimeout(giveUp, KILL_GRACE_MS);
    },
  };
}

function start(program: string, parameters: readonly string[], { cwd, env }: SpawnOptions) {
  assertDescriptorsLeft();
  return execa(program, parameters, {
    cwd: cwd ?? ownDirectory(),
    env: { ...env, LC_ALL: 'C' },
    detached: true,
    cleanup: false,
    reject: false,
    buffer: false,
    stdio: 'pipe',
  });
}

/** `/` when our own has been removed since. */
function ownDirectory(): string {
  try {
    statSync(process.cwd());
    return process.cwd();
  } catch {
    return '/';
  }
}

/** A start takes three pairs of sockets and a pipe; out of descriptors, execa 9 would end this process, not the start. */
function assertDescriptorsLeft(): void {
  const held: number[] = [];
  try {
    while (held.length < 8) held.push(openSync('/dev/null', 'r'));
  } finally {
    for (const descriptor of held) closeSync(descriptor);
  }
}

function notStarted(fault: Promise<string>): ProcessGroup {
  return {
    pid: undefined,
    leaderGone: Promise.resolve(),
    ended: fault.then((words) => ({ kind: 'not-started', fault: words })),
    kill() {},
  };
}

function startFault(program: string, cwd: string | undefined, thrown: unknown): string {
  if (cwd !== undefined && !isDirectory(cwd)) return `there is no directory ${cwd} to run ${program} in`;
  const code = systemCodeOf(thrown);
  switch (code) {
    case 'ENOENT':
      return `${program} is not installed or not in PATH`;
    case 'EACCES':
      return `${program} may not be executed`;
    default:
      return `${program} could not be started (${code ?? 'an argument is invalid'})`;
  }
}

function isDirectory(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
}

/** An ending in words, for messages. */
export function describeEnding(argv: readonly string[], ending: Ending): string {
  const name = argv.slice(0, 2).join(' ');
  switch (ending.kind) {
    case 'exited':
      return `${name} exited with ${ending.exitCode}`;
    case 'signalled':
      return `${name} was ended by ${ending.signal}`;
    case 'not-started':
      return ending.fault;
  }
}
