/**
 * What a package does to a system beside laying files down. The daemons may be the cluster's or systemd's to start;
 * that is for their administrator to say, so none is enabled. An upgrade starts anew what runs, when all files are in
 * place and not before: requests that are open then are asked again by whoever asked. Under Debian what was enabled is
 * so again when a removed package comes back, and only a purge forgets it. A removal is refused while Pacemaker needs it.
 */
import type { Package } from './contents.ts';
import { refuseWhileInUse } from './in-use.ts';

/** What only the last farewell takes away: keys, tokens, saved configurations, the audit log. */
const PURGED = ['/etc/pm-kvm-tools', '/var/lib/pm-kvm-tools', '/var/log/pm-kvm-tools', '/run/pm-kvm-tools'];

const services = ({ units }: Package) => units.map((name) => `${name}.service`).join(' ');

const reload = '[ ! -d /run/systemd/system ] || systemctl --system daemon-reload >/dev/null || :';

export const debianScripts = (what: Package): Readonly<Record<string, string>> => ({
  postinst: script(`
if [ "$1" = configure ]; then
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
  if command -v deb-systemd-helper >/dev/null; then
    deb-systemd-helper purge ${services(what)} >/dev/null || :
  fi
  rm -rf ${PURGED.join(' ')}
fi
${reload}`),
});

export const rpmScripts = (what: Package): Readonly<Record<string, string>> => ({
  post: reload,
  preun: `[ "$1" -eq 0 ] || exit 0
${refuseWhileInUse(what)}
[ ! -d /run/systemd/system ] || systemctl disable --now ${services(what)} || :`,
  postun: `${reload}
[ "$1" -lt 1 ] || [ ! -d /run/systemd/system ] || systemctl try-restart ${services(what)} || :`,
});

const script = (body: string) => `#!/bin/sh\nset -e\n${body.trim()}\n`;
