/**
 * Commands of the laboratory itself. All are born in one of its control groups, so `down` finds them even when the
 * process that started them was killed.
 */
import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { PmError } from '../../shared/errors.ts';
import { type CommandResult, describeResult, runCommand } from '../../shared/process/run-command.ts';
import { joining, makeCgroup } from './cgroup.ts';
import { type Lab, leaf } from './lab-handle.ts';

const COMMAND_DEADLINE_MS = 60_000;
export const SYSTEM_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

export interface RunOptions {
  readonly deadlineMs?: number | undefined;
  readonly input?: string | Uint8Array | undefined;
  readonly env?: Readonly<Record<string, string>> | undefined;
}

/** Runs a command outside the hosts; its standard output, or an error. */
export async function runInLab(lab: Lab, argv: readonly string[], options: RunOptions = {}): Promise<string> {
  const result = await runCommand(joining(leaf(lab, 'commands'), argv), {
    deadlineMs: options.deadlineMs ?? COMMAND_DEADLINE_MS,
    input: options.input,
    env: { PATH: SYSTEM_PATH, ...options.env },
  });
  return outputOf(argv, result);
}

/** What a command that succeeded has printed; an error for one that did not. */
export function outputOf(argv: readonly string[], result: CommandResult): string {
  if (result.kind === 'exited' && result.exitCode === 0) return result.stdout;
  throw new PmError({
    code: 'environment',
    what: `lab: ${argv.join(' ').slice(0, 300)}`,
    fault: describeResult(argv, result),
    remedy: 'see the logs (npm run lab -- logs)',
  });
}

export interface SpawnOptions {
  readonly log: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** Starts what stays when this process ends. */
export function spawnInLab(lab: Lab, group: string, argv: readonly string[], options: SpawnOptions): void {
  makeCgroup(leaf(lab, group));
  const [program = '', ...parameters] = joining(leaf(lab, group), argv);
  const log = openSync(options.log, 'a');
  const child = spawn(program, parameters, {
    cwd: '/',
    detached: true,
    stdio: ['ignore', log, log],
    env: { PATH: SYSTEM_PATH, LC_ALL: 'C', HOME: '/root', ...options.env },
  });
  child.unref();
  closeSync(log);
}
