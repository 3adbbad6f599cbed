/** The configuration file on the disk. */
import { closeSync, openSync, readSync } from 'node:fs';
import { formatProblem, type Problem } from '../../../shared/config/problem.ts';
import { MAX_CONFIG_BYTES } from '../../../shared/config/source-text.ts';
import { messageOf, PmError, systemCodeOf } from '../../../shared/errors.ts';
import { defaultSettings, readSettings } from './read-settings.ts';
import type { Settings } from './settings.ts';

export interface LoadedSettings {
  readonly settings: Settings;
  readonly warnings: readonly Problem[];
  /** There is no such file, and every setting has its default. */
  readonly isMissing: boolean;
}

/** A file that somebody named must be there; the usual one need not. */
export function loadSettings(path: string, isNamed: boolean): LoadedSettings {
  let source: string;
  try {
    source = readStart(path);
  } catch (thrown) {
    if (systemCodeOf(thrown) === 'ENOENT' && !isNamed) {
      return { settings: defaultSettings(), warnings: [], isMissing: true };
    }
    throw new PmError({
      code: 'config',
      what: `cannot read ${path}`,
      fault: messageOf(thrown),
      remedy: 'name a readable file with --config',
      cause: thrown,
    });
  }
  const read = readSettings(path, source);
  if (read.ok) return { settings: read.settings, warnings: read.warnings, isMissing: false };
  throw new PmError({
    code: 'config',
    what: `cannot use ${path}`,
    fault: `\n${read.problems.map((problem) => `  ${formatProblem(problem)}`).join('\n')}\n`,
    remedy: 'mend the file; nothing has been changed',
  });
}

/** One byte more than a configuration may have, which its reader then complains about. */
function readStart(path: string): string {
  const descriptor = openSync(path, 'r');
  try {
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
