/** The Debian packages that tests and laboratory are made of; root has them installed where they are missing. */
import { existsSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { PmError } from '../../shared/errors.ts';
import { describeResult, runCommand } from '../../shared/process/run-command.ts';
import { type Report, step } from './report.ts';
import { SYSTEM_PATH } from './run-in-lab.ts';

const HOST_PACKAGES = [
  'qemu-system-x86',
  'qemu-utils',
  'libvirt-daemon-system',
  'libvirt-daemon-driver-qemu',
  'libvirt-clients',
  'pacemaker',
  'corosync',
  'pacemaker-cli-utils',
  'crmsh',
  'pcs',
  'fence-agents',
  'fence-virt',
  'fence-virtd',
  'resource-agents',
  'cluster-glue',
  'socat',
  'iproute2',
  'nftables',
  'procps',
  'libxml2-utils',
];

/** What is packed into the guests' root, with all that these depend on. */
export const GUEST_PACKAGES = [
  'base-files',
  'bash',
  'bsdutils',
  'busybox-static',
  'cluster-glue',
  'coreutils',
  'corosync',
  'crmsh',
  'dash',
  'debianutils',
  'diffutils',
  'fence-agents',
  'fence-virt',
  'findutils',
  'gawk',
  'grep',
  'gzip',
  'hostname',
  'iproute2',
  'iputils-ping',
  'kmod',
  'libc-bin',
  'mawk',
  'mount',
  'ncurses-base',
  'nftables',
  'openssl',
  'pacemaker',
  'pacemaker-cli-utils',
  'pcs',
  'perl-base',
  'procps',
  'psmisc',
  'python3',
  'qemu-guest-agent',
  'resource-agents',
  'sed',
  'socat',
  'sysvinit-utils',
  'tar',
  'util-linux',
];

/** What only tests without a laboratory use. */
const UNIT_TEST_PACKAGES = ['man-db', 'openssl', 'systemd'];

const PACKING_PACKAGES = ['cpio', 'squashfs-tools', 'xz-utils'];
/** Small, and wanted only on a machine that has no kernel of its own to lend. */
const KERNEL_PACKAGE = 'linux-image-cloud-amd64';

const PACKAGES = [
  ...new Set([
    ...HOST_PACKAGES,
    ...GUEST_PACKAGES,
    ...UNIT_TEST_PACKAGES,
    ...PACKING_PACKAGES,
    KERNEL_PACKAGE,
  ]),
].sort();

// biome-ignore lint/suspicious/noTemplateCurlyInString: this is dpkg-query's own notation
const DPKG_FORMAT = '${binary:Package} ${db:Status-Status}\\n';
const POLICY = '/usr/sbin/policy-rc.d';
const APT_DEADLINE_MS = 900_000;

export async function ensurePackages(report: Report): Promise<void> {
  const missing = await missingPackages();
  if (missing.length === 0) return;
  report(`packages are missing; by hand it would be: ${installCommand(missing)}`);
  await step(report, `${missing.length} packages installed`, () => installPackages(missing));
}

async function missingPackages(): Promise<string[]> {
  const installed = new Set((await installedPackages()).map(withoutArchitecture));
  const missing = PACKAGES.filter((name) => !installed.has(name));
  return kernelVersions().length > 0 ? missing.filter((name) => name !== KERNEL_PACKAGE) : missing;
}

/** As dpkg names them: with the architecture where a package may be there for several. */
export async function installedPackages(): Promise<string[]> {
  const query = await runCommand(['dpkg-query', '--show', '--showformat', DPKG_FORMAT], {
    deadlineMs: 20_000,
    env: { PATH: SYSTEM_PATH },
  });
  if (query.kind !== 'exited' || query.exitCode !== 0) {
    throw new PmError({
      code: 'environment',
      what: 'cannot tell which packages the laboratory lacks',
      fault: describeResult(['dpkg-query'], query),
      remedy: 'run it on Debian, or set LAB=off to skip its tests',
    });
  }
  const lines = query.stdout.split('\n').map((line) => line.split(' '));
  return lines.filter(([, state]) => state === 'installed').map(([name = '']) => name);
}

export const withoutArchitecture = (name: string) => name.replace(/:.*/, '');

/** Versions that can be booted: their modules are installed with them. */
export function kernelVersions(): string[] {
  if (!existsSync('/lib/modules')) return [];
  return readdirSync('/lib/modules').filter((version) => existsSync(`/boot/vmlinuz-${version}`));
}

export const installCommand = (packages: readonly string[]) =>
  `apt-get update && apt-get install --no-install-recommends ${packages.join(' ')}`;

/** Installs with apt-get, and starts none of the daemons that come along. */
async function installPackages(packages: readonly string[]): Promise<void> {
  const ownPolicy = !existsSync(POLICY);
  if (ownPolicy) writeFileSync(POLICY, '#!/bin/sh\nexit 101\n', { mode: 0o755 });
  try {
    await apt(['update', '-qq']);
    await apt(['install', '-qq', '--yes', '--no-install-recommends', ...packages]);
  } finally {
    if (ownPolicy) rmSync(POLICY, { force: true });
  }
}

async function apt(parameters: readonly string[]): Promise<void> {
  const argv = ['apt-get', '-o', 'DPkg::Lock::Timeout=300', ...parameters];
  const result = await runCommand(argv, {
    deadlineMs: APT_DEADLINE_MS,
    env: { PATH: SYSTEM_PATH, DEBIAN_FRONTEND: 'noninteractive' },
    maxOutputBytes: 64 * 1024 * 1024,
  });
  if (result.kind === 'exited' && result.exitCode === 0) return;
  throw new PmError({
    code: 'environment',
    what: 'cannot install the packages of the laboratory',
    fault: describeResult(argv, result),
    remedy: `see why, or install them by hand: ${installCommand(PACKAGES)}`,
  });
}
