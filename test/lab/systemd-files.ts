/**
 * What makes a host or guest of the laboratory run under systemd: its own units beside those of the packages, nothing
 * of what the machine itself has enabled, and nothing that would reach the machine's devices and kernel settings.
 */
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const UNITS = 'etc/systemd/system';

/** A host shares the machine's kernel: these would set up devices, modules and kernel parameters of the machine. */
const MASKED_IN_HOSTS = [
  'systemd-udevd.service',
  'systemd-udevd-control.socket',
  'systemd-udevd-kernel.socket',
  'systemd-udev-trigger.service',
  'systemd-tmpfiles-setup-dev.service',
  'systemd-modules-load.service',
  'systemd-sysctl.service',
  'systemd-binfmt.service',
  'systemd-random-seed.service',
  'libvirtd-tls.socket',
];
/** Nobody logs in, and nothing here outlives a boot. */
const MASKED = [
  'getty.target',
  'systemd-logind.service',
  'proc-sys-fs-binfmt_misc.automount',
  'systemd-update-utmp.service',
  'systemd-sysusers.service',
  'modprobe@.service',
  'sys-kernel-config.mount',
  'sys-kernel-debug.mount',
  'sys-kernel-tracing.mount',
  'sys-fs-fuse-connections.mount',
  'dev-hugepages.mount',
  'systemd-tmpfiles-clean.timer',
  'apt-daily.timer',
  'apt-daily-upgrade.timer',
];

const HOST_WANTS = [
  'dbus.service',
  'libvirtd.socket',
  'libvirtd-tcp.socket',
  'libvirtd.service',
  'pacemaker.service',
];
const GUEST_WANTS = ['dbus.service'];

/** Says that all is started. */
const HOST_SERVICE = `[Unit]
Description=The laboratory knows that this host has started
After=pacemaker.service libvirtd.service

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/usr/bin/touch /run/lab-booted
`;
/** The network, and the word on the console when the cluster has this guest. */
const GUEST_SERVICE = `[Unit]
Description=What the laboratory has in a guest
Wants=network-online.target
Before=network-online.target

[Service]
Type=notify
NotifyAccess=all
ExecStart=/bin/bash /lab/guest-init.sh under_systemd
`;

export function writeSystemdFiles(root: string, level: 'host' | 'guest', isClusterMember = true): void {
  const write = (path: string, text: string) => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  };
  const link = (path: string, target: string) => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    symlinkSync(target, join(root, path));
  };
  const isHost = level === 'host';
  write(`${UNITS}/lab.service`, isHost ? HOST_SERVICE : GUEST_SERVICE);
  link(`${UNITS}/multi-user.target.wants/lab.service`, '../lab.service');
  const wanted = isHost ? HOST_WANTS : isClusterMember ? [...GUEST_WANTS, 'pacemaker.service'] : GUEST_WANTS;
  for (const name of wanted) link(`${UNITS}/multi-user.target.wants/${name}`, `/lib/systemd/system/${name}`);
  link(`${UNITS}/default.target`, '/lib/systemd/system/multi-user.target');
  for (const name of [...MASKED, ...(isHost ? MASKED_IN_HOSTS : [])]) link(`${UNITS}/${name}`, '/dev/null');
  if (!isHost) {
    link('etc/systemd/network/99-default.link', '/dev/null'); // the network card stays eth0
    write('var/lib/dpkg/status', knownToDpkg());
    for (const folder of ['info', 'updates', 'triggers']) mkdirSync(join(root, 'var/lib/dpkg', folder));
  }
  write('etc/machine-id', `${'0'.repeat(31)}1\n`);
}

/** In a guest are the files of packages, but not what dpkg knows of them. Of these it must know to install ours. */
function knownToDpkg(): string {
  const known = readFileSync('/var/lib/dpkg/status', 'utf8').split(/\n(?=Package: )/);
  const libraries = known.filter((one) => /^Package: (libc6|libstdc\+\+6)\n/.test(one));
  const node = [
    'Package: nodejs',
    'Status: install ok installed',
    `Version: ${process.versions.node}`,
    'Architecture: all',
    'Maintainer: nobody <nobody@example.org>',
    'Description: the Node.js that the guest has from the machine',
    '',
  ];
  return [...libraries, node.join('\n')].map((one) => `${one.trimEnd()}\n`).join('\n');
}
