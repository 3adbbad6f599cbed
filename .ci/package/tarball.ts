/** A package as a mere archive, for systems with neither dpkg nor rpm: nothing of it is run, and nothing keeps book of it. */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { type Package, packageVersion, unitsBelowUsr } from './contents.ts';
import { putLicences } from './licences.ts';
import { put, stage } from './stage.ts';

export function makeTarball(whole: Package, work: string, target: string): string {
  const what = unitsBelowUsr(whole);
  const name = `${what.name}-${packageVersion}`;
  const root = join(work, name);
  const documents = `usr/share/doc/${what.name}`;
  stage(what, root);
  putLicences(what, root, documents);
  put(root, `${documents}/INSTALL`, howToInstall(what, name), 0o644);
  const file = join(target, `${name}.tar.xz`);
  execFileSync('tar', ['-C', work, '--owner=0', '--group=0', '--sort=name', '-cJf', file, name]);
  return file;
}

const howToInstall = (
  { name, needs, units, files }: Package,
  archive: string,
) => `${name} without dpkg and rpm

It needs: ${needs.join(', ')}.

Unpack it as root. Without --keep-directory-symlink tar puts a folder where the system has a link to one:

  tar -xJf ${archive}.tar.xz -C / --strip-components=1 --keep-directory-symlink
  systemctl daemon-reload

Nothing is enabled or started: ${units.join(', ')} may be systemd's or Pacemaker's to start.

A newer one goes over it in the same way, but must not go over what you have written into the configuration:

  tar -xJf ... -C / --strip-components=1 --keep-directory-symlink --exclude='${archive}/etc'
  systemctl daemon-reload
  systemctl try-restart ${units.join(' ')}

To remove it, have Pacemaker use none of it on this node first: put the node in standby. Nothing here keeps you from
removing what Pacemaker needs, as a package does; it would fence the node. Then

  systemctl disable --now ${units.join(' ')}

and remove what \`tar -tJf\` lists, with these, which you may have changed:

${files
  .filter(({ isConfig }) => isConfig)
  .map(({ to }) => `  /${to}`)
  .join('\n')}
`;
