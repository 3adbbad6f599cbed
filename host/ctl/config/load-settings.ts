/** The configuration file on the disk. */
import { readConfigFile } from '../../../shared/config/config-file.ts';
import { formatProblem, type Problem } from '../../../shared/config/problem.ts';
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
    source = readConfigFile(path);
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
