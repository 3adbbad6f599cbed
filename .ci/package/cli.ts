/** `npm run package [-- --lint]`: both packages as .deb, .rpm and tarball, in `dist/packages/`; judged, if wanted. */
import { mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { linesOf } from '../../shared/errors.ts';
import { scriptWords } from '../../test/support/script-words.ts';
import { PACKAGES, packageFor } from './contents.ts';
import { makeDeb } from './deb.ts';
import { lint } from './lint.ts';
import { makeRpm } from './rpm.ts';
import { makeDerivedFiles } from './stage.ts';
import { makeTarball } from './tarball.ts';
import { assertTools } from './tools.ts';

const USAGE = 'usage: npm run package [-- --lint]     with --lint the packages are judged, too';
const { values } = scriptWords(USAGE, { options: { lint: { type: 'boolean' } } });
const TARGET = 'dist/packages';

const work = mkdtempSync(join(tmpdir(), 'pm-kvm-tools-package-'));
try {
  assertTools(values.lint === true);
  rmSync(TARGET, { recursive: true, force: true });
  mkdirSync(TARGET, { recursive: true });
  makeDerivedFiles();
  const packages: string[] = [];
  for (const whole of PACKAGES) {
    const made = whole.architectures.flatMap((architecture) => {
      const what = packageFor(whole, architecture);
      return [makeDeb(what, architecture, work, TARGET), makeRpm(what, architecture, work, TARGET)];
    });
    for (const file of [...made, makeTarball(whole, work, TARGET)])
      console.log(`${file}  ${Math.ceil(statSync(file).size / 1024)} KiB`);
    packages.push(...made);
  }
  if (values.lint === true) lint(packages);
} catch (thrown) {
  for (const line of linesOf(thrown)) console.error(`package: ${line}`);
  process.exitCode = 1;
} finally {
  rmSync(work, { recursive: true, force: true });
}
