/**
 * Everything that host health takes, in a laboratory: ping targets and disks that a test can break on one host, the
 * published configuration, and looks at attributes on both levels.
 */
import { writeFileSync } from 'node:fs';
import { loadavg } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { HOSTS, startProgram } from './fencing-world.ts';
import { HANGING_FILE, mountHangingFile, removeHangingFile } from './hanging-disk.ts';
import { DISK, PING_TARGET, RULES, VM_CTL_CONF } from './health-texts.ts';
import type { Laboratory } from './lab.ts';
import { labHandle } from './lab-handle.ts';
import { runInLab } from './run-in-lab.ts';
import { waitFor } from './wait-for.ts';
import { wirePid } from './wire.ts';

const BACKING = '/var/lib/lab-disk.img';
export const PATIENCE_MS = 150_000;
/** Through the tools that admins use; python takes its time in a guest. */
const CRM_MS = 300_000;

/** Something that answers pings, configuration files, and a disk on each host. */
export async function prepareHosts(lab: Laboratory): Promise<void> {
  await lab.pushPrograms();
  await addRouter(lab);
  for (const host of HOSTS) {
    writeInHost(lab, host, 'etc/vm-ctl.conf', VM_CTL_CONF);
    writeInHost(lab, host, 'etc/vm-manager.conf', RULES);
    const script = 'truncate -s 8M "$0"; ln -sfn "$0" "$1"';
    await lab.output(host, ['/bin/sh', '-c', script, BACKING, DISK]);
  }
}

/** PING_TARGET: in the network of the hosts, and none of them. */
export async function addRouter(lab: Laboratory): Promise<void> {
  const handle = labHandle(lab.name);
  const wire = ['nsenter', '-t', String(wirePid(handle)), '-n'];
  await runInLab(handle, [...wire, 'ip', 'addr', 'replace', `${PING_TARGET}/24`, 'dev', 'br-hosts']);
}

const inHost = (lab: Laboratory, host: string, path: string) => join(lab.rootOf(host) ?? '/nowhere', path);

export const writeInHost = (lab: Laboratory, host: string, path: string, text: string) =>
  writeFileSync(inHost(lab, host, path), text);

/** As the talk says: a file, and `crm configure load update`. */
export async function loadByCrm(lab: Laboratory, target: string, text: string): Promise<void> {
  const script = 'mkdir -p /var/log/crmsh; cat >/run/text.crm';
  await lab.output(target, ['/bin/sh', '-c', script], { input: text });
  const argv = ['crm', '--force', 'configure', 'load', 'update', '/run/text.crm'];
  await lab.output(target, argv, { deadlineMs: CRM_MS });
}

/**
 * The same for guests, in which python takes its time: crmsh makes the configuration on a host, of a file, and the guests'
 * cluster gets what has come of it.
 */
export async function loadInGuests(lab: Laboratory, text: string): Promise<void> {
  const file = '/run/guests.xml';
  const make = `cibadmin --empty >${file} && cat >/run/text.crm && CIB_file=${file} crm --force configure load update /run/text.crm >&2`;
  await lab.output('hosta', ['/bin/sh', '-c', make], { input: text, deadlineMs: CRM_MS });
  const configuration = await lab.output('hosta', ['xmllint', '--xpath', '/cib/configuration', file]);
  const words = ['--modify', '--allow-create', '--scope', 'configuration', '--xml-pipe'];
  await lab.output('guest1', ['cibadmin', ...words], { input: configuration });
}

/** The host no longer reaches what it pings; the cluster is untouched. */
export const cutPing = (lab: Laboratory, host: string) =>
  lab.output(host, ['ip', 'route', 'replace', 'blackhole', `${PING_TARGET}/32`]);

export const mendPing = (lab: Laboratory, host: string) =>
  lab.on(host, ['ip', 'route', 'del', 'blackhole', `${PING_TARGET}/32`]);

/** Puts a loop device in the place of the host's disk; the result takes it away again. */
export async function useLoopDevice(lab: Laboratory, host: string): Promise<() => Promise<void>> {
  const loop = (await lab.output(host, ['losetup', '--find', '--show', BACKING])).trim();
  await lab.output(host, ['ln', '-sfn', loop, DISK]);
  return async () => {
    await lab.output(host, ['ln', '-sfn', BACKING, DISK]);
    await lab.output(host, ['truncate', '-s', '8M', BACKING]);
    await lab.output(host, ['losetup', '--detach', loop]);
  };
}

export const cutBackingShort = (lab: Laboratory, host: string) =>
  lab.output(host, ['truncate', '-s', '4M', BACKING]);

/** Puts a file whose reads can be made to hang in the kernel in the place of the host's disk. */
export async function useHangingFile(lab: Laboratory, host: string): Promise<() => Promise<void>> {
  await mountHangingFile(lab, host);
  await lab.output(host, ['ln', '-sfn', HANGING_FILE, DISK]);
  return async () => {
    await lab.output(host, ['ln', '-sfn', BACKING, DISK]);
    await removeHangingFile(lab, host);
  };
}

/** How many processes of the host have a command line that begins like this. */
export async function processesOf(lab: Laboratory, host: string, words: string): Promise<number> {
  const { stdout } = await lab.on(host, ['pgrep', '--count', '--full', `^${words}`]);
  return Number(stdout.trim());
}

/** kill -9 of one of our daemons. */
export const killDaemon = (lab: Laboratory, host: string, program: string) =>
  lab.output(host, ['pkill', '-KILL', '-f', `^[^ ]*node [^ ]*/sbin/${program} `]);

/** By the daemon's command line, whose end pkill looks for. */
export const startManagerd = (lab: Laboratory, host: string) =>
  startProgram(lab, host, 'vm-managerd', '-c', '/etc/vm-manager.conf');

export const endManagerd = (lab: Laboratory, host: string) =>
  lab.on(host, ['pkill', '-f', '^[^ ]*node [^ ]*/sbin/vm-managerd ']);

export const setByHand = (lab: Laboratory, host: string, value: 'good' | 'bad') =>
  lab.output(host, ['attrd_updater', '--name=by_hand', `--node=${host}`, `--update=${value}`]);

const isHost = (member: string) => HOSTS.some((host) => host === member);

/**
 * What a cluster's scheduler knows of an attribute of a node; empty where it is not set. Pacemaker's attribute daemon may know
 * better already, and wait for further changes before it tells.
 */
export async function attributeIn(lab: Laboratory, member: string, node: string, name: string) {
  const xpath = `//node_state[@uname='${node}']/transient_attributes//nvpair[@name='${name}']`;
  const argv = ['cibadmin', '--query', '--xpath', xpath];
  const result = await (isHost(member) ? lab.on(member, argv) : lab.in(member, argv));
  return / value="([^"]*)"/.exec(result.stdout)?.[1] ?? '';
}

/** Resolves with the seconds since the cause. */
export async function becomes(
  lab: Laboratory,
  [member, name, value]: readonly [member: string, name: string, value: string],
  causeMs: number,
): Promise<number> {
  let seen = '';
  await waitFor(
    `${name} is ${value} in the cluster of ${member}`,
    PATIENCE_MS,
    async () => {
      seen = await attributeIn(lab, member, member, name);
      return seen === value;
    },
    // A look costs a guest more than a host.
    { pollMs: isHost(member) ? 200 : 3_000, seen: () => seen },
  );
  return secondsSince(causeMs);
}

export const secondsSince = (causeMs: number) => (performance.now() - causeMs) / 1_000;

export function say(t: TestContext, words: string, seconds: number): void {
  t.diagnostic(`${words}: ${seconds.toFixed(1)} s (load ${loadavg()[0]?.toFixed(1)})`);
}
