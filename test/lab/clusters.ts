/** The two levels of clusters, asked and waited for in the same way. */
import { join } from 'node:path';
import { type CommandResult, describeResult } from '../../shared/process/run-command.ts';
import { inGuest } from './guest-agent.ts';
import { hostOf } from './guests.ts';
import { isHostFrozen, isHostRunning, onHost } from './hosts.ts';
import { type Lab, specOf } from './lab-handle.ts';
import { outputOf, type RunOptions } from './run-in-lab.ts';
import { lastLines, waitFor } from './wait-for.ts';

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
  const member = usableMember(lab, level);
  return outputOf([member, ...argv], await runIn(lab, member, argv, options));
}

function usableMember(lab: Lab, level: Level): string {
  const members = membersOf(lab, level);
  return members.find((name) => isUsable(lab, level, name)) ?? members[0] ?? '';
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

/** The guest says so itself on its console: asking from here would only slow it down. */
export async function waitForMembership(lab: Lab, guest: string, deadlineMs = 180_000): Promise<void> {
  await waitFor(
    `${guest} is a member of its cluster`,
    deadlineMs,
    () => lastLines(lab.layout.console(guest), 5).includes('member of its cluster'),
    { logs: [lab.layout.console(guest)], pollMs: 50 },
  );
}

const WHAT_REMAINS =
  'crm_simulate --live-check --output-as=xml && crmadmin --quiet --status "$(crmadmin --quiet --dc_lookup)"';

/** A look that takes longer hangs: crmadmin can wait a minute for a controller that is being replaced. */
const LOOK_MS = { hosts: 5_000, guests: 15_000 } as const;

/**
 * Resolves when the cluster has nothing more to do: its scheduler wants no action, and its controller is idle.
 * `crm_resource --wait` means the same, but looks only every two seconds. A look that fails or hangs is no answer; the
 * next one may be.
 */
export async function waitForIdle(lab: Lab, level: Level, deadlineMs = 60_000): Promise<void> {
  let seen = 'no answer yet';
  const startedMs = performance.now();
  await waitFor(
    `the cluster of the ${level} has nothing more to do`,
    deadlineMs,
    async () => {
      const leftMs = Math.max(1_000, deadlineMs - (performance.now() - startedMs));
      const member = usableMember(lab, level);
      const argv = ['/bin/sh', '-c', WHAT_REMAINS];
      const result = await runIn(lab, member, argv, { deadlineMs: Math.min(LOOK_MS[level], leftMs) });
      if (result.kind !== 'exited' || result.exitCode !== 0) {
        seen = `on ${member}: ${describeResult(['crm_simulate or crmadmin'], result)}`;
        return false;
      }
      const answer = result.stdout.trimEnd();
      const actions = answer.match(/<(rsc|node)_action [^>]*>/g) ?? [];
      const remaining = actions.filter((action) => !action.includes(' blocked="true"'));
      seen = remaining.join(' ') || `no actions, and the controller in ${answer.split('\n').at(-1)}`;
      return remaining.length === 0 && answer.endsWith('S_IDLE');
    },
    {
      seen: () => seen,
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
