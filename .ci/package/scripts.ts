/**
 * What a package does to a system beside laying files down. The daemons may be the cluster's or systemd's to start;
 * that is for their administrator to say, so none is enabled. An upgrade starts anew what runs, when all files are in
 * place and not before: requests that are open then are asked again by whoever asked. Under Debian what was enabled is
 * so again when a removed package comes back, and only a purge forgets it. A removal is refused while Pacemaker needs it.
 */
import { basename } from 'node:path';
import type { Package, PackagedFile, PackageName } from './contents.ts';
import { refuseWhileInUse } from './in-use.ts';

/** What only the last farewell takes away, beside the configuration files that dpkg knows. */
const PURGED: Readonly<Record<PackageName, string>> = {
  'pm-kvm-tools-host': '/etc/pm-kvm-tools/keys /var/lib/pm-kvm-tools /var/log/pm-kvm-tools',
  'pm-kvm-tools-guest': '/etc/pm-kvm-tools/tokens',
};
/** Both packages have these; whichever goes last takes them, with what an administrator has put beside. */
const SHARED = '/etc/pm-kvm-tools /run/pm-kvm-tools';
const SHARED_UNIT = 'vm-connectd';

const servicesOf = (units: readonly string[]) => units.map((name) => `${name}.service`).join(' ');
const services = ({ units }: Package) => servicesOf(units);

const reload = '[ ! -d /run/systemd/system ] || systemctl --system daemon-reload >/dev/null || :';

/** Where a package has what becomes a configuration file when there is none. */
export const sampleOf = ({ to }: PackagedFile): string => `usr/share/pm-kvm-tools/${basename(to)}`;

const written = ({ files }: Package) => files.filter(({ isWritten }) => isWritten);

/** The one that is there is the administrator's, and a link is, wherever it leads. Whole or not at all. */
const copySample = (file: PackagedFile) => `
  if [ ! -e /${file.to} ] && [ ! -L /${file.to} ]; then
    cp /${sampleOf(file)} /${file.to}.dpkg-new
    chmod 644 /${file.to}.dpkg-new
    mv /${file.to}.dpkg-new /${file.to}
  fi`;

const PURGED_BESIDE = ['', '.dpkg-new', '.dpkg-old', '.dpkg-dist'];

export const debianScripts = (what: Package): Readonly<Record<string, string>> => ({
  postinst: script(`
if [ "$1" = configure ]; then${written(what).map(copySample).join('')}
  for unit in ${services(what)}; do
    deb-systemd-helper update-state "$unit" >/dev/null || :
  done
  ${reload}
  if [ -n "$2" ] && [ -d /run/systemd/system ]; then
    deb-systemd-invoke try-restart ${services(what)} >/dev/null || :
  fi
fi`),
  prerm: script(`
[ "$1" = remove ] || exit 0
${refuseWhileInUse(what)}
if [ -d /run/systemd/system ]; then
  deb-systemd-invoke stop ${services(what)} >/dev/null || :
fi`),
  postrm: script(`
if [ "$1" = purge ]; then
  rm -rf ${[PURGED[what.name], ...written(what).flatMap(({ to }) => PURGED_BESIDE.map((end) => `/${to}${end}`))].join(' ')}
  units="${servicesOf(what.units.filter((unit) => unit !== SHARED_UNIT))}"
  case $(dpkg-query -W -f '\${db:Status-Abbrev}' ${what.conflicts} 2>/dev/null) in
    '' | ?n*) # no other package has any use for these
      units="$units ${SHARED_UNIT}.service"
      rm -rf ${SHARED}
      ;;
  esac
  if [ -n "$units" ] && command -v deb-systemd-helper >/dev/null; then
    deb-systemd-helper purge $units >/dev/null || :
  fi
fi
${reload}`),
});

export const rpmScripts = (what: Package): Readonly<Record<string, string>> => ({
  post: reload,
  preun: `[ "$1" -eq 0 ] || exit 0
${refuseWhileInUse(what)}
if [ -d /run/systemd/system ]; then
  systemctl disable --now ${services(what)} || :
elif command -v systemctl >/dev/null; then
  systemctl disable ${services(what)} || :
fi`,
  postun: `${reload}
[ "$1" -lt 1 ] || [ ! -d /run/systemd/system ] || systemctl try-restart ${services(what)} || :`,
});

const script = (body: string) => `#!/bin/sh\nset -e\n${body.trim()}\n`;
