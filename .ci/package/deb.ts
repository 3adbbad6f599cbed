/** A package for Debian and its kin, by dpkg-deb. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { lastChange } from './changed.ts';
import { type Architecture, MAINTAINER, type Package, packageVersion } from './contents.ts';
import { copyrightForDebian } from './licences.ts';
import { debianScripts, sampleOf } from './scripts.ts';
import { compressed, put, stage } from './stage.ts';

export function makeDeb(
  whole: Package,
  architecture: Architecture,
  work: string,
  target: string,
  version = packageVersion,
): string {
  const what = forDebian(whole);
  const root = join(work, `${what.name}.deb`);
  stage(what, root);
  const documents = `usr/share/doc/${what.name}`;
  put(root, `${documents}/copyright`, copyrightForDebian(what), 0o644);
  put(root, `${documents}/changelog.gz`, compressed(changelog(what, version)), 0o644);
  const closed = closedFiles(what);
  if (closed !== '') put(root, `usr/share/lintian/overrides/${what.name}`, closed, 0o644);
  mkdirSync(join(root, 'DEBIAN'), { mode: 0o755 });
  put(root, 'DEBIAN/control', control(what, architecture, version), 0o644);
  const configs = what.files.filter(({ isConfig }) => isConfig).map(({ to }) => to);
  put(root, 'DEBIAN/conffiles', configs.map((name) => `/${name}\n`).join(''), 0o644);
  put(root, 'DEBIAN/md5sums', sums(root, new Set(configs)), 0o644);
  for (const [name, script] of Object.entries(debianScripts(whole)))
    put(root, `DEBIAN/${name}`, script, 0o755);
  const file = join(target, `${what.name}_${version}_${architecture}.deb`);
  execFileSync('dpkg-deb', ['--build', '--root-owner-group', '-Zxz', root, file], { stdio: 'ignore' });
  return file;
}

/** What our own program writes into is laid down as a sample, for postinst to copy. */
const forDebian = (what: Package): Package => ({
  ...what,
  files: what.files.map((file) => (file.isWritten ? { ...file, to: sampleOf(file), isConfig: false } : file)),
});

/** What lintian would hold against files that are root's alone. */
const closedFiles = ({ files }: Package): string =>
  files
    .filter(({ mode }) => mode === 0o600)
    .map(({ to }) => `# A passphrase has its place there.\nnon-standard-file-perm 0600 != 0644 [${to}]\n`)
    .join('');

const control = (what: Package, architecture: Architecture, version: string) => `Package: ${what.name}
Version: ${version}
Architecture: ${architecture}
Section: admin
Priority: optional
Maintainer: ${MAINTAINER}
Installed-Size: ${installedKiB(what)}
Depends: ${what.needs.join(', ')}
Recommends: ${what.recommends.join(', ')}
Conflicts: ${what.conflicts}
Description: ${what.summary}
${what.description
  .split('\n')
  .map((line) => ` ${line}\n`)
  .join('')}`;

const installedKiB = ({ files }: Package) =>
  files.reduce((sum, { from }) => sum + Math.ceil(statSync(from).size / 1024), 0);

/** What `dpkg --verify` looks at; a configuration file may be changed. */
function sums(root: string, configs: ReadonlySet<string>): string {
  const names = readdirSync(root, { recursive: true, encoding: 'utf8' })
    .filter((name) => !name.startsWith('DEBIAN') && !configs.has(name) && statSync(join(root, name)).isFile())
    .sort();
  const sum = (name: string) =>
    createHash('md5')
      .update(readFileSync(join(root, name)))
      .digest('hex');
  return names.map((name) => `${sum(name)}  ${name}\n`).join('');
}

const changelog = ({ name }: Package, version: string) => `${name} (${version}) unstable; urgency=medium

  * See CHANGELOG.md of the source.

 -- ${MAINTAINER}  ${lastChange().toUTCString().replace('GMT', '+0000')}
`;
