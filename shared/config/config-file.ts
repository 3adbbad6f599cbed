/**
 * A configuration file on the disk, as text.
 *
 * Invariant: nothing is waited for and no more is read than a configuration may have, whatever lies under the name: a FIFO
 * would hold up the daemon until somebody writes to it, and then again at the next reading.
 */
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { MAX_CONFIG_BYTES } from './source-text.ts';

/** Of a file that is too large the first bytes, of which its reader says so. Throws the system's errors, or why it is no file. */
export function readConfigFile(path: string): string {
  const descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const found = fstatSync(descriptor);
    // /dev/null is an empty file to whoever names it.
    if (!found.isFile() && !found.isCharacterDevice()) throw new Error('it is no regular file');
    const bytes = Buffer.alloc(MAX_CONFIG_BYTES + 1);
    let length = 0;
    for (;;) {
      const count = readSync(descriptor, bytes, length, bytes.length - length, null);
      length += count;
      if (count === 0 || length === bytes.length) return bytes.toString('utf8', 0, length);
    }
  } finally {
    closeSync(descriptor);
  }
}
