/**
 * Ctrl-C, or a reader of our output that goes away (`npm run demo | head`): a laboratory that this process has brought
 * up, or is about to, goes with the process.
 *
 * Another process takes it down, for this one may hold the lock and be in the middle of anything: that one waits for
 * the lock, which the kernel gives back when we are gone.
 */
import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { join } from 'node:path';
import { CHECKOUT } from './layout.ts';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** As a shell shows the death by SIGPIPE, which Node turns into an error of the stream. */
const READER_GONE = 128 + constants.signals.SIGPIPE;

const ours = new Set<string>();

/** Until `keepWhenInterrupted`, or for as long as this process lives. */
export function takeDownWhenInterrupted(labName: string): void {
  if (ours.size === 0) {
    for (const signal of SIGNALS) process.on(signal, interrupted);
    for (const stream of [process.stdout, process.stderr]) stream.on('error', unread);
  }
  ours.add(labName);
}

export function keepWhenInterrupted(labName: string): void {
  ours.delete(labName);
  if (ours.size > 0) return;
  for (const signal of SIGNALS) process.off(signal, interrupted);
  for (const stream of [process.stdout, process.stderr]) stream.off('error', unread);
}

function interrupted(signal: (typeof SIGNALS)[number]): void {
  const output = signal === 'SIGHUP' ? 'ignore' : 'inherit'; // whom it would tell has hung up
  leave(output, 128 + constants.signals[signal]);
}

/** Standard error may still be read where standard output is not. */
function unread({ message }: Error): void {
  process.stderr.write(
    `nobody reads the output any more (${message}): taking down ${[...ours].join(', ')}\n`,
  );
  leave('ignore', READER_GONE);
}

function leave(output: 'ignore' | 'inherit', exitCode: number): never {
  const argv = ['--import', import.meta.resolve('tsx'), join(CHECKOUT, 'test/lab/cli.ts'), 'down'];
  for (const name of ours) {
    spawn(process.execPath, argv, {
      cwd: CHECKOUT,
      detached: true,
      stdio: ['ignore', output, output],
      env: { ...process.env, LAB_NAME: name },
    });
  }
  process.exit(exitCode);
}
