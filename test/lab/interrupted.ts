/**
 * Ctrl-C: a laboratory that this process has brought up, or is about to, goes with the process.
 *
 * Another process takes it down, for this one may hold the lock and be in the middle of anything: that one waits for
 * the lock, which the kernel gives back when we are gone.
 */
import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { join } from 'node:path';
import { CHECKOUT } from './layout.ts';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

const ours = new Set<string>();

/** Until `keepWhenInterrupted`, or for as long as this process lives. */
export function takeDownWhenInterrupted(labName: string): void {
  if (ours.size === 0) for (const signal of SIGNALS) process.on(signal, leave);
  ours.add(labName);
}

export function keepWhenInterrupted(labName: string): void {
  ours.delete(labName);
  if (ours.size === 0) for (const signal of SIGNALS) process.off(signal, leave);
}

function leave(signal: (typeof SIGNALS)[number]): void {
  const argv = ['--import', import.meta.resolve('tsx'), join(CHECKOUT, 'test/lab/cli.ts'), 'down'];
  const output = signal === 'SIGHUP' ? 'ignore' : 'inherit'; // whom it would tell has hung up
  for (const name of ours) {
    spawn(process.execPath, argv, {
      cwd: CHECKOUT,
      detached: true,
      stdio: ['ignore', output, output],
      env: { ...process.env, LAB_NAME: name },
    });
  }
  process.exit(128 + constants.signals[signal]);
}
