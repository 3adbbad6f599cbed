/** For files that may go away at any moment: what libvirt tells of a running guest, what the kernel tells of a group. */
import { readFileSync } from 'node:fs';
import { systemCodeOf } from '../../shared/errors.ts';

export function readOrEmpty(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (thrown) {
    if (systemCodeOf(thrown) === 'ENOENT' || systemCodeOf(thrown) === 'ENODEV') return '';
    throw thrown;
  }
}
