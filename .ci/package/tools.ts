/** The programs that packages are made and judged with. */
import { spawnSync } from 'node:child_process';
import { PmError } from '../../shared/errors.ts';

/** By program, the Debian package that has it. */
const MAKING = { 'dpkg-deb': 'dpkg', rpmbuild: 'rpm', xz: 'xz-utils' } as const;
const JUDGING = { lintian: 'lintian', rpmlint: 'rpmlint' } as const;

/** Before anything is made, or taken away for it. */
export function assertTools(isJudged: boolean): void {
  const wanted = Object.entries(isJudged ? { ...MAKING, ...JUDGING } : MAKING);
  const missing = wanted.filter(([program]) => spawnSync(program, ['--version']).error !== undefined);
  if (missing.length === 0) return;
  throw new PmError({
    code: 'environment',
    what: 'cannot make the packages',
    fault: `there is no ${missing.map(([program]) => program).join(' and no ')} here`,
    remedy: `install what has it: apt-get install ${missing.map(([, debian]) => debian).join(' ')}`,
  });
}
