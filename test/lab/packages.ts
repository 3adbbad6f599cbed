/** The Debian packages that tests and laboratory are made of; root has them installed where they are missing. */
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { PmError } from '../../shared/errors.ts';
import { describeResult, runCommand } from '../../shared/process/run-command.ts';
import { withMachineLock } from './lock.ts';
import { type Report, step } from './report.ts';
import { assertRoot } from './root.ts';
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
  'faketime',
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
  'dbus',
  'debianutils',
  'diffutils',
  'dpkg',
  'fence-agents',
  'fence-virt',
  'findutils',
  'gawk',
  'grep',
  'gzip',
  'hostname',
  'init-system-helpers',
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
  'systemd',
  'sysvinit-utils',
  'tar',
  'udev',
  'util-linux',
];

/** What only tests without a laboratory use. */
const UNIT_TEST_PACKAGES = ['man-db', 'openssl', 'systemd', 'zsh'];

const PACKING_PACKAGES = ['cpio', 'squashfs-tools', 'xz-utils'];
/** Small, and wanted only on a machine that has no kernel of its own to lend. */
const KERNEL_PACKAGE = 'linux-image-cloud-amd64';

/** What judges our own packages, and installs those that are not Debian's. */
export const JUDGING_PACKAGES = ['lintian', 'rpm', 'rpmlint'];

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
const OUR_POLICY = '#!/bin/sh\n# Of the laboratory of pm-kvm-tools, while it installs packages.\nexit 101\n';
const END_SIGNALS = ['SIGHUP', 'SIGINT', 'SIGTERM'] as const;
const APT = ['apt-get', '-o', 'DPkg::Lock::Timeout=300'];
const APT_DEADLINE_MS = 900_000;

export async function ensurePackages(report: Report, more: readonly string[] = []): Promise<void> {
  if ((await missingPackages(more)).length === 0 && !isOurPolicy()) return;
  assertRoot('cannot install the packages of tests and laboratory');
  await withMachineLock('packages', async () => {
    const missing = await missingPackages(more); // somebody else may have been first
    if (missing.length > 0) {
      report(`packages are missing; by hand it would be: ${installCommand(missing)}`);
      await step(report, `${missing.length} packages installed`, () => installPackages(missing));
    }
    dropPolicy();
  });
}

async function missingPackages(more: readonly string[]): Promise<string[]> {
  const installed = new Set((await installedPackages()).map(withoutArchitecture));
  const missing = [...PACKAGES, ...more].filter((name) => !installed.has(name));
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
  if (!existsSync(POLICY)) writeFileSync(POLICY, OUR_POLICY, { mode: 0o755 });
  const leave = () => process.exit(1);
  for (const signal of END_SIGNALS) process.on(signal, leave);
  process.on('exit', dropPolicy);
  try {
    await run(['dpkg', '--configure', '--pending']); // what an interrupted run has left
    await run([...APT, 'update', '-qq']);
    await run([...APT, 'install', '-qq', '--yes', '--no-install-recommends', ...packages]);
  } finally {
    dropPolicy();
    process.off('exit', dropPolicy);
    for (const signal of END_SIGNALS) process.off(signal, leave);
  }
}

/** Removes it only where it is ours, also when a killed run has left it: with it no daemon of the machine would start. */
function dropPolicy(): void {
  if (isOurPolicy()) rmSync(POLICY, { force: true });
}

function isOurPolicy(): boolean {
  return existsSync(POLICY) && readFileSync(POLICY, 'utf8') === OUR_POLICY;
}

async function run(argv: readonly string[]): Promise<void> {
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
