/** Hosts of a laboratory: their start and end, and commands in them. */
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type CommandResult, runCommand } from '../../shared/process/run-command.ts';
import { allPidsIn, isFrozen, isPopulated, joining, killGroup, makeCgroup, setFrozen } from './cgroup.ts';
import { writeHostFiles } from './host-files.ts';
import { type Lab, leaf, originalSpec } from './lab-handle.ts';
import { CHECKOUT, hostAddress, IMAGE_CACHE, type LabSpec } from './layout.ts';
import { withLock } from './lock.ts';
import { outputOf, type RunOptions, SYSTEM_PATH, spawnInLab } from './run-in-lab.ts';
import { lastLines, waitFor } from './wait-for.ts';
import { applyCutsInHost, wirePid } from './wire.ts';

const hostGroup = (lab: Lab, host: string) => leaf(lab, host);

/** What a host keeps over a restart is made once, before its first start. */
export function createHost(lab: Lab, spec: LabSpec, host: string): void {
  const directory = lab.layout.hostDirectory(host);
  mkdirSync(directory, { recursive: true });
  writeHostFiles(join(directory, 'files'), spec, host);
  makeCgroup(hostGroup(lab, host));
}

/**
 * Powers a host on; resolves when its daemons have been started, long before its cluster is online. A test and the
 * power switch may both want it at once.
 */
export function startHost(lab: Lab, host: string): Promise<void> {
  return withLock(lab, `start-${host}`, async () => {
    if (!isHostRunning(lab, host)) await boot(lab, host);
  });
}

async function boot(lab: Lab, host: string): Promise<void> {
  const directory = lab.layout.hostDirectory(host);
  const wire = wirePid(lab);
  if (wire === undefined) throw new Error('the network of the laboratory is gone');
  const log = join(directory, 'boot.log');
  const namespaces = ['--mount', '--uts', '--ipc', '--pid', '--net', '--cgroup', '--fork', '--kill-child'];
  spawnInLab(lab, host, ['unshare', ...namespaces, '/bin/bash', join(CHECKOUT, 'test/lab/host-root.sh')], {
    log,
    env: {
      LAB_HOST: host,
      LAB_ADDRESS: hostAddress(host),
      LAB_WIRE: String(wire),
      LAB_DIRECTORY: directory,
      LAB_IMAGES: lab.layout.images,
      LAB_CACHE: IMAGE_CACHE,
      LAB_POWER: lab.layout.power,
      LAB_CHECKOUT: CHECKOUT,
      LAB_NODE: process.execPath,
      LAB_INIT: originalSpec(lab).init ?? '',
    },
  });
  let wasAlive = false;
  await waitFor(
    `${host} has started its daemons`,
    30_000,
    () => {
      const alive = isPopulated(hostGroup(lab, host));
      if (wasAlive && !alive) throw new Error(`${host} died while it booted: ${lastLines(log)}`);
      wasAlive = alive;
      return existsSync(join(hostRoot(lab, host) ?? '/nonexistent', 'run/lab-booted'));
    },
    { logs: [log, join(directory, 'layer/var/log/lab-boot.log')] },
  );
  const pid = initPid(lab, host);
  if (pid !== undefined) await applyCutsInHost(lab, pid);
}

/** Cuts a host's power; resolves when not one of its processes is left. */
export async function killHost(lab: Lab, host: string): Promise<void> {
  await killGroup(hostGroup(lab, host));
}

export async function freezeHost(lab: Lab, host: string): Promise<void> {
  await setFrozen(hostGroup(lab, host), true);
}

export async function thawHost(lab: Lab, host: string): Promise<void> {
  await setFrozen(hostGroup(lab, host), false);
}

export const isHostFrozen = (lab: Lab, host: string) => isFrozen(hostGroup(lab, host));
export const isHostRunning = (lab: Lab, host: string) => initPid(lab, host) !== undefined;

/** The machine's pid of the host's process 1. */
export function initPid(lab: Lab, host: string): number | undefined {
  return allPidsIn(hostGroup(lab, host)).find((pid) => {
    try {
      return /^NSpid:\t\d+\t1$/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
    } catch {
      return false; // it has just ended
    }
  });
}

/** Where the machine sees the host's root directory. */
export function hostRoot(lab: Lab, host: string): string | undefined {
  const pid = initPid(lab, host);
  return pid === undefined ? undefined : `/proc/${pid}/root`;
}

/**
 * The command that runs `argv` in the host, and is frozen and killed with it; undefined when the host is off, or boots: at
 * first its root is the machine's, and what is done there is done to the machine.
 */
export function hostCommand(lab: Lab, host: string, argv: readonly string[]): string[] | undefined {
  const pid = initPid(lab, host);
  if (pid === undefined || !existsSync(`/proc/${pid}/root/run/lab-booted`)) return undefined;
  const enter = ['nsenter', '-t', String(pid), '-m', '-u', '-i', '-p', '-n', ...argv];
  return joining(hostGroup(lab, host), enter);
}

export const HOST_ENVIRONMENT = { PATH: `${SYSTEM_PATH}:${dirname(process.execPath)}`, HOME: '/root' };

export async function onHost(
  lab: Lab,
  host: string,
  argv: readonly string[],
  options: RunOptions = {},
): Promise<CommandResult> {
  const command = hostCommand(lab, host, argv);
  if (command === undefined) {
    return { kind: 'not-started', fault: `${host} is not running`, stdout: '', stderr: '', elapsedMs: 0 };
  }
  return runCommand(command, {
    deadlineMs: options.deadlineMs ?? 60_000,
    input: options.input,
    env: { ...HOST_ENVIRONMENT, ...options.env },
  });
}

/** The standard output of a command that must succeed. */
export async function hostOutput(
  lab: Lab,
  host: string,
  argv: readonly string[],
  options: RunOptions = {},
): Promise<string> {
  return outputOf([host, ...argv], await onHost(lab, host, argv, options));
}
