/** What a command makes outside of a laboratory goes with it, also when it is interrupted: folders and processes. */
import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';

const folders = new Set<string>();
const children = new Set<ChildProcess>();

process.on('exit', () => {
  for (const child of children) child.kill('SIGKILL');
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});
// Behind whoever else hears it, such as a laboratory that has to be taken down.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
  process.on(signal, () => setImmediate(() => process.exit(128 + constants.signals[signal])));

export function makeFolder(parent = tmpdir()): string {
  const folder = mkdtempSync(join(parent, 'pm-kvm-tools-'));
  folders.add(folder);
  return folder;
}

export function removeFolder(folder: string): void {
  rmSync(folder, { recursive: true, force: true });
  folders.delete(folder);
}

export type Later = (end: () => void) => void;

/** What `use` gives to `later` is done when it has ended, the last first: also when it fails half-way. */
export async function endingAll<T>(use: (later: Later) => Promise<T>): Promise<T> {
  const ends: (() => void)[] = [];
  try {
    return await use((end) => ends.push(end));
  } finally {
    for (const end of ends.toReversed()) end();
  }
}

export function own<Child extends ChildProcess>(child: Child): Child {
  children.add(child);
  child.once('exit', () => children.delete(child));
  return child;
}
