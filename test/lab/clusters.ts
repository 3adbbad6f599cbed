/** The two levels of clusters, asked and waited for in the same way. */
import { join } from 'node:path';
import type { CommandResult } from '../../shared/process/run-command.ts';
import { inGuest } from './guest-agent.ts';
import { hostOf } from './guests.ts';
import { isHostFrozen, isHostRunning, onHost } from './hosts.ts';
import { type Lab, specOf } from './lab-handle.ts';
import { outputOf, type RunOptions } from './run-in-lab.ts';
import { waitFor } from './wait-for.ts';

export type Level = 'hosts' | 'guests';

/** The members that a level has when all is well. */
export function membersOf(lab: Lab, level: Level): string[] {
  const { hosts, guests } = specOf(lab);
  return level === 'hosts' ? [...hosts] : guests.filter((guest) => guest.cluster).map(({ name }) => name);
}

/** Runs a command in a host or a guest, whichever has that name. */
export function runIn(
  lab: Lab,
  member: string,
  argv: readonly string[],
  options: RunOptions = {},
): Promise<CommandResult> {
  return specOf(lab).hosts.includes(member)
    ? onHost(lab, member, argv, options)
    : inGuest(lab, member, argv, options);
}

/** Runs a command in one member of the level that is up; its standard output. */
export async function askCluster(
  lab: Lab,
  level: Level,
  argv: readonly string[],
  options: RunOptions = {},
): Promise<string> {
  const members = membersOf(lab, level);
  const member = members.find((name) => isUsable(lab, level, name)) ?? members[0] ?? '';
  return outputOf([member, ...argv], await runIn(lab, member, argv, options));
}

function isUsable(lab: Lab, level: Level, member: string): boolean {
  if (level === 'hosts') return isHostRunning(lab, member) && !isHostFrozen(lab, member);
  return hostOf(lab, member) !== undefined;
}

/** The nodes that `asked` sees online: joined, clean and not waiting for anything. */
export async function onlineNodes(lab: Lab, asked: string): Promise<string[]> {
  const argv = ['crm_mon', '--one-shot', '--output-as=xml', '--include=none,nodes'];
  const result = await runIn(lab, asked, argv, { deadlineMs: 10_000 });
  const nodes = result.stdout.match(/<node name="[^>]*>/g) ?? [];
  const attribute = (node: string, name: string) => new RegExp(` ${name}="([^"]*)"`).exec(node)?.[1];
  return nodes
    .filter((node) => attribute(node, 'online') === 'true')
    .filter((node) => attribute(node, 'pending') === 'false' && attribute(node, 'unclean') === 'false')
    .map((node) => attribute(node, 'name') ?? '');
}

/** Resolves when `asked`, or every one of them, sees exactly these nodes online. */
export async function waitForOnline(
  lab: Lab,
  level: Level,
  nodes: readonly string[] = membersOf(lab, level),
  deadlineMs = 120_000,
): Promise<void> {
  for (const asked of nodes) {
    let seen: string[] = [];
    await waitFor(
      `${nodes.join(', ')} online in the cluster of the ${level}, as ${asked} sees it`,
      deadlineMs,
      async () => {
        seen = await onlineNodes(lab, asked);
        return seen.length === nodes.length && nodes.every((node) => seen.includes(node));
      },
      {
        seen: () => seen.join(' ') || 'none',
        logs: logsOf(lab, level, nodes),
        pollMs: level === 'hosts' ? 100 : 300,
      },
    );
  }
}

const WHAT_REMAINS =
  'crm_simulate --live-check --output-as=xml && crmadmin --quiet --status "$(crmadmin --quiet --dc_lookup)"';

/**
 * Resolves when the cluster has nothing more to do: its scheduler wants no action, and its controller is idle.
 * `crm_resource --wait` means the same, but looks only every two seconds.
 */
export async function waitForIdle(lab: Lab, level: Level, deadlineMs = 60_000): Promise<void> {
  let remaining: string[] = [];
  await waitFor(
    `the cluster of the ${level} has nothing more to do`,
    deadlineMs,
    async () => {
      const answer = await askCluster(lab, level, ['/bin/sh', '-c', WHAT_REMAINS]);
      const actions = answer.match(/<(rsc|node)_action [^>]*>/g) ?? [];
      remaining = actions.filter((action) => !action.includes(' blocked="true"'));
      return remaining.length === 0 && answer.trimEnd().endsWith('S_IDLE');
    },
    {
      seen: () => remaining.join(' ') || 'no actions',
      logs: logsOf(lab, level, membersOf(lab, level)),
      pollMs: 50,
    },
  );
}

function logsOf(lab: Lab, level: Level, nodes: readonly string[]): string[] {
  return nodes.map((node) =>
    level === 'hosts'
      ? join(lab.layout.hostDirectory(node), 'layer/var/log/pacemaker/pacemaker.log')
      : lab.layout.console(node),
  );
}
