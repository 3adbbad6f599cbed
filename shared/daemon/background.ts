/**
 * The old flag -D: go into the background. The program starts itself once more, detached, and waits until that one
 * is ready or has failed, so that the shell's `&&` means what it should.
 */
import { spawn } from 'node:child_process';
import { closeSync, writeSync } from 'node:fs';

/** Set in the child: the descriptor on which it says that it is ready. */
const READY_VARIABLE = 'PM_KVM_TOOLS_READY_FD';
const READY_FD = 3;

export const isBackgroundChild = (): boolean => process.env[READY_VARIABLE] !== undefined;

/** Resolves to the exit status for the process in the foreground. */
export function startInBackground(): Promise<number> {
  const [node, ...parameters] = [process.execPath, ...process.execArgv, ...process.argv.slice(1)];
  const child = spawn(node, parameters, {
    detached: true,
    env: { ...process.env, [READY_VARIABLE]: String(READY_FD) },
    stdio: ['ignore', 'inherit', 'inherit', 'pipe'],
  });
  return new Promise((resolve) => {
    child.once('error', () => resolve(1));
    child.once('exit', (code) => resolve(code ?? 1));
    child.stdio[READY_FD]?.once('data', () => {
      child.unref();
      resolve(0);
    });
  });
}

export function reportReadyToParent(): void {
  if (!isBackgroundChild()) return;
  delete process.env[READY_VARIABLE];
  try {
    writeSync(READY_FD, 'ready\n');
    closeSync(READY_FD);
  } catch {
    // The one who asked has gone; we serve all the same.
  }
}
