/** A package for RHEL, SUSE and their kin, by rpmbuild. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { lastChange } from './changed.ts';
import { type Architecture, MAINTAINER, type Package, packageVersion, unitsBelowUsr } from './contents.ts';
import { licenceExpression, putLicences } from './licences.ts';
import { rpmScripts } from './scripts.ts';
import { stage } from './stage.ts';

const RELEASE = '1';

export function makeRpm(
  what: Package,
  architecture: Architecture,
  work: string,
  target: string,
  version = packageVersion,
): string {
  const arch = ARCHITECTURES[architecture];
  const root = resolve(work, `${what.name}.rpm`);
  stage(forRpm(what), root);
  putLicences(what, root, licencesOf(what));
  if (rotatesLogs(what)) mkdirSync(join(root, LOGS), { recursive: true, mode: 0o755 });
  for (const { to } of what.files.filter((file) => file.to.startsWith('usr/sbin/')))
    nameInterpreter(join(root, to));
  const top = resolve(work, 'rpmbuild');
  mkdirSync(top, { recursive: true });
  const spec = join(top, `${what.name}.spec`);
  writeFileSync(spec, specOf(forRpm(what), arch, version));
  execFileSync(
    'rpmbuild',
    [
      '-bb',
      '--quiet',
      '--noclean',
      '--define',
      `_topdir ${top}`,
      '--define',
      `staged ${root}`,
      '--target',
      arch,
      spec,
    ],
    { stdio: ['ignore', 'ignore', 'inherit'] },
  );
  const built = join(top, `RPMS/${arch}/${what.name}-${version}-${RELEASE}.${arch}.rpm`);
  const file = join(target, basename(built));
  renameSync(built, file);
  return file;
}

/** These systems want interpreters by their path. */
function nameInterpreter(program: string): void {
  const text = readFileSync(program, 'utf8');
  writeFileSync(program, text.replace(/^#!\/usr\/bin\/env node\n/, '#!/usr/bin/node\n'));
}

/** Where these systems differ from Debian. */
function forRpm(what: Package): Package {
  const files = unitsBelowUsr(what).files.map((file) => ({
    ...file,
    to: file.to.replace('zsh/vendor-completions/', 'zsh/site-functions/'),
  }));
  return { ...what, files };
}

function specOf(what: Package, arch: string, version: string): string {
  const scripts = Object.entries(rpmScripts(what)).map(([name, body]) => `%${name}\n${body}\n`);
  const files = what.files.map(({ to, mode, isConfig }) => {
    const kind = isConfig ? '%config(noreplace) ' : to.startsWith('usr/share/man/') ? '%doc ' : '';
    return `%attr(${mode.toString(8)}, root, root) ${kind}/${to}`;
  });
  const licences = ['copyright', 'LICENSE'].map(
    (name) => `%attr(644, root, root) %license /${licencesOf(what)}/${name}`,
  );
  const folders = ownFolders(what).map((folder) => `%attr(755, root, root) %dir /${folder}`);
  if (rotatesLogs(what)) folders.push(`%attr(750, root, root) %dir /${LOGS}`);
  return `Name: ${what.name}
Version: ${version}
Release: ${RELEASE}
Summary: ${what.summary}
Packager: ${MAINTAINER}
Group: System Environment/Daemons
License: ${licenceExpression(what)}
${arch === 'noarch' ? 'BuildArch: noarch\n' : ''}AutoReqProv: no
${what.needs
  .flatMap(rpmNeed)
  .map((need) => `Requires: ${need}`)
  .join('\n')}
${what.recommends
  .flatMap(rpmNeed)
  .map((need) => `Recommends: ${need}`)
  .join('\n')}
Conflicts: ${what.conflicts}

%description
${what.description}

%global __os_install_post %{nil}
%install
cp -a %{staged}/. %{buildroot}/

${scripts.join('\n')}
%files
${[...folders, ...files, ...licences].join('\n')}

%changelog
${changelog(version)}
`;
}

const licencesOf = ({ name }: Package) => `usr/share/licenses/${name}`;

/** The daemon would make it, too, but whoever has logs rotated here owns the folder. */
const LOGS = 'var/log/pm-kvm-tools';
const rotatesLogs = ({ files }: Package) => files.some(({ to }) => to.startsWith('etc/logrotate.d/'));

/** What goes with the package: folders that no system has by itself, all of them below these. */
function ownFolders(what: Package): string[] {
  const tops = [
    'etc/pm-kvm-tools',
    'usr/lib/pm-kvm-tools',
    'usr/lib/ocf/resource.d/extra',
    `usr/share/doc/${what.name}`,
  ];
  const above = (path: string): string[] =>
    tops.some((top) => path === top || path.startsWith(`${top}/`)) ? [path, ...above(dirname(path))] : [];
  const folders = what.files.flatMap(({ to }) => above(dirname(to)));
  return [...new Set([...folders, licencesOf(what)])].sort();
}

const ARCHITECTURES: Readonly<Record<Architecture, string>> = {
  all: 'noarch',
  amd64: 'x86_64',
  arm64: 'aarch64',
};

/** What is called otherwise here; nothing where it comes with what else is needed. */
const OTHER_NAMES: Readonly<Record<string, string | undefined>> = {
  libc6: undefined,
  'libstdc++6': undefined,
  'libvirt-clients': '/usr/bin/virsh',
  'pacemaker-cli-utils': 'pacemaker-cli',
};

function rpmNeed(need: string): readonly string[] {
  const [, name = need, version] = /^(\S+)(?: \((.*)\))?$/.exec(need) ?? [];
  const other = Object.hasOwn(OTHER_NAMES, name) ? OTHER_NAMES[name] : name;
  // Node's packages there have the epoch 1 or more; without one every Node of theirs would do.
  const wanted = name === 'nodejs' ? version?.replace(/\d+/, '1:$&') : version;
  return other === undefined ? [] : [[other, wanted].filter(Boolean).join(' ')];
}

function changelog(version: string): string {
  const [day, month, date, year] = lastChange().toUTCString().match(/\w+/g) ?? [];
  // Sat, 21 Nov 2026 becomes Sat Nov 21 2026.
  return `* ${day} ${date} ${month} ${year} ${MAINTAINER} - ${version}-${RELEASE}\n- See CHANGELOG.md of the source`;
}
