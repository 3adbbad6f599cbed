/** Peers are other people's programs: a benchmark says before it begins which of them the machine lacks. */
import { accessSync, constants } from 'node:fs';
import { resolve } from 'node:path';
import { PmError } from '../../shared/errors.ts';
import { installCommand } from '../lab/packages.ts';
import { SYSTEM_PATH } from '../lab/run-in-lab.ts';

export interface NeededProgram {
  /** Its name, or its path where it is none that a shell would find. */
  readonly program: string;
  readonly debianPackage: string;
}

/** Throws an error that tells all that are missing. */
export function needPrograms(needed: readonly NeededProgram[], path = SYSTEM_PATH): void {
  const folders = path.split(':');
  const missing = needed.filter(({ program }) => !folders.some((folder) => isProgram(folder, program)));
  if (missing.length === 0) return;
  const packages = [...new Set(missing.map(({ debianPackage }) => debianPackage))];
  throw new PmError({
    code: 'environment',
    what: 'cannot measure the peers',
    fault: missing.map(
      ({ program, debianPackage }) => `there is no ${program}, of the Debian package ${debianPackage}`,
    ),
    remedy: `install what is missing: ${installCommand(packages)}`,
  });
}

function isProgram(folder: string, program: string): boolean {
  try {
    accessSync(resolve(folder, program), constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
