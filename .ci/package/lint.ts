/** `npm run package -- --lint`: what the judges of Debian and of RPM say of the packages that were made. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { PmError } from '../../shared/errors.ts';

/** Both end with a status of their own for an error; what is no error and is let pass is argued in these files. */
const JUDGES = [
  {
    argv: ['lintian', '--allow-root', '--fail-on', 'error,warning', '--tag-display-limit', '0'],
    suffix: '.deb',
  },
  {
    argv: ['rpmlint', '--config', join(import.meta.dirname, 'rpmlint.toml')],
    suffix: '.rpm',
  },
] as const;

export function lint(packages: readonly string[]): void {
  for (const { argv, suffix } of JUDGES) {
    const [program, ...parameters] = argv;
    const judged = packages.filter((file) => file.endsWith(suffix));
    const { status } = spawnSync(program, [...parameters, ...judged], { stdio: 'inherit' });
    if (status !== 0) throw faulty(program, status);
    console.log(`${program}: no fault in ${judged.length} packages`);
  }
}

const faulty = (program: string, status: number | null) =>
  new PmError({
    code: 'environment',
    what: 'the packages are not as they should be',
    fault: `${program} ended with ${status}`,
    remedy: 'see what it says above',
  });
