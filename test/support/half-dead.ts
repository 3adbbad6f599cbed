/**
 * Processes that look like a QEMU whose end is not what it seems: one whose first thread is dead while another one runs,
 * as when a killed QEMU hangs in a disk, and one that is dead but for being reaped.
 */
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import type { TestContext } from 'node:test';
import { eventually } from './eventually.ts';

/** The first thread ends without the others: its number for that system call, by processor. */
const HALF_DEAD = `
import ctypes, os, platform, threading, time
threading.Thread(target=time.sleep, args=(1000,)).start()
os.write(1, b"%d\\n" % os.getpid())
ctypes.CDLL(None).syscall({"x86_64": 60, "aarch64": 93}[platform.machine()], 0)
`;
/** Who becomes the parent never asks how its child has ended; the child waits for that, since a shell does ask. */
const UNREAPED =
  "sh -c 'until grep -q sleep /proc/$PPID/comm; do sleep 0.01; done' & echo $!; exec sleep 1000";

const named = (domain: string) => ['-name', `guest=${domain},debug-threads=on`];

export const halfDead = (t: TestContext, domain: string): Promise<number> =>
  started(t, ['python3', '-c', HALF_DEAD, ...named(domain)]);

export const unreaped = (t: TestContext): Promise<number> => started(t, ['sh', '-c', UNREAPED]);

async function started(t: TestContext, [program = '', ...argv]: readonly string[]): Promise<number> {
  const child = spawn(program, argv, { stdio: ['ignore', 'pipe', 'inherit'] });
  t.after(() => child.kill('SIGKILL'));
  let said = '';
  child.stdout.on('data', (data: Buffer) => {
    said += data.toString();
  });
  const pid = Number(await eventually('it has said its pid', () => /^(\d+)\n/.exec(said)?.[1]));
  await eventually('its first thread is dead', () =>
    / Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/.*\)/, '')),
  );
  return pid;
}
