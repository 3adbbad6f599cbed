/** For files that may go away at any moment: what libvirt tells of a running guest, what the kernel tells of a group. */
import { readFileSync } from 'node:fs';
import { systemCodeOf } from '../../shared/errors.ts';

/** ESRCH: what a process tells, when that ends while it is read. */
const GONE: ReadonlySet<string> = new Set(['ENOENT', 'ENODEV', 'ESRCH']);

export function readOrEmpty(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (thrown) {
    if (GONE.has(systemCodeOf(thrown) ?? '')) return '';
    throw thrown;
  }
}
