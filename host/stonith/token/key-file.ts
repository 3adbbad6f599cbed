/**
 * The key file on the disk.
 *
 * Invariant: whoever asks for keys gets all of them or an error that says what to do. A file that can't be trusted or
 * read is never taken for one without keys.
 */
import { formatProblem } from '../../../shared/config/problem.ts';
import { PmError } from '../../../shared/errors.ts';
import { readSecretFile, writeSecretFile } from '../../../shared/secret-file.ts';
import type { KeySet } from './key.ts';
import { printKeys, readKeys } from './key-text.ts';

const MAX_FILE_BYTES = 64 * 1024;

/** Undefined when there is no such file: no key has been made yet. */
export function loadKeys(path: string): KeySet | undefined {
  const text = readSecretFile(path, MAX_FILE_BYTES);
  if (text === undefined) return undefined;
  const read = readKeys(path, text);
  if (read.ok) return read.entries;
  throw new PmError({
    code: 'config',
    what: `cannot use the key file ${path}`,
    fault: read.problems.map(formatProblem),
    remedy: 'mend it, or copy it from another host',
  });
}

export function saveKeys(path: string, keys: KeySet): void {
  writeSecretFile(path, printKeys(keys));
}
