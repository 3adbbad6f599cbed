/** A file on a host whose reads can be made to hang in the kernel, in place of a disk. */
import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { bundledProgram } from '../support/bundle.ts';
import { startProgram } from './bridge-programs.ts';
import type { Laboratory } from './lab.ts';
import { waitFor } from './wait-for.ts';

export const HANGING_FILE = '/run/lab-hanging-file';
const FLAG = '/run/lab-hang';

export async function mountHangingFile(lab: Laboratory, host: string): Promise<void> {
  const program = '/run/hanging-file.cjs';
  const inHost = join(lab.rootOf(host) ?? '/nowhere', program);
  copyFileSync(bundledProgram('test/lab/hanging-file.ts'), inHost);
  await startProgram(lab, host, 'hanging-file', ['node', program, HANGING_FILE, FLAG]);
  await waitFor('the file is mounted', 20_000, async () => {
    const { stdout } = await lab.on(host, ['stat', '-c', '%s', HANGING_FILE], { deadlineMs: 5_000 });
    return stdout.trim() === '1048576';
  });
}

export async function removeHangingFile(lab: Laboratory, host: string): Promise<void> {
  await release(lab, host);
  await lab.on(host, ['umount', '--lazy', HANGING_FILE]);
}

/** From now on every read hangs. */
export const hang = (lab: Laboratory, host: string) => lab.output(host, ['touch', FLAG]);

/**
 * Every read hangs, and the machine's firmware is at one. A reset has it read anew; where it is reading already
 * the reset waits for that, so nobody waits for the reset.
 */
export async function hangInRead(lab: Laboratory, host: string, domain: string): Promise<void> {
  await hang(lab, host);
  void lab.on(host, ['virsh', '-q', 'reset', domain]);
  await waitFor('a read hangs', 20_000, async () => (await lab.on(host, ['cat', FLAG])).stdout !== '');
}

/** What hangs goes on. */
export const release = (lab: Laboratory, host: string) => lab.output(host, ['rm', '-f', FLAG]);
