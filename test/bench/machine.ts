/** What was measured on, with nothing that tells which machine it was, and the versions of the peers. */
import { execFileSync } from 'node:child_process';
import { arch, cpus, loadavg, release, totalmem } from 'node:os';
import { runCommand } from '../../shared/process/run-command.ts';

export interface Machine {
  readonly cpu: string;
  readonly cpus: number;
  readonly memoryMiB: number;
  readonly kernel: string;
  readonly node: string;
  /** The average of one minute, before and after. */
  readonly load: string;
  readonly date: string;
  /** Of the tree that was built and measured, with a + where it had changes beside it. */
  readonly revision: string;
}

export const loadNow = (): string => (loadavg()[0] ?? 0).toFixed(1);

const gitSays = (...argv: readonly string[]) => execFileSync('git', argv, { encoding: 'utf8' }).trim();

const revision = () =>
  `${gitSays('rev-parse', '--short', 'HEAD')}${gitSays('status', '--porcelain', '--', '.', ':!docs') === '' ? '' : '+'}`;

/** Before all that is measured: later the tree may be another one than what was built. */
export const machineNow = (): Omit<Machine, 'load'> => ({
  cpu: `${cpus()[0]?.model ?? 'unknown'} (${arch()})`,
  cpus: cpus().length,
  memoryMiB: Math.round(totalmem() / 1024 / 1024),
  kernel: release(),
  node: process.version,
  date: new Date().toISOString().slice(0, 10),
  revision: revision(),
});

const COMMANDS = {
  crmsh: ['crm', '--version'],
  pcs: ['pcs', '--version'],
  Pacemaker: ['pacemakerd', '--version'],
  libvirt: ['virsh', '--version'],
  QEMU: ['qemu-system-x86_64', '--version'],
  'fence-virt': ['fence_virt', '-V'],
  'QEMU guest agent': ['qemu-ga', '--version'],
  'cluster-glue': ['dpkg-query', '-W', 'cluster-glue'],
} as const;
export type Peer = keyof typeof COMMANDS;

/** The figures in what they say of themselves. */
export async function versionsOf(peers: readonly Peer[]): Promise<Record<string, string>> {
  const versions: Record<string, string> = {};
  for (const peer of peers) {
    const result = await runCommand(COMMANDS[peer], { deadlineMs: 20_000 });
    versions[peer] = /\d+(\.\d+)+[\w.+~-]*/.exec(`${result.stdout}${result.stderr}`)?.[0] ?? 'unknown';
  }
  return versions;
}
