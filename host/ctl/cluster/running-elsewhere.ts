/**
 * Which domains run on the other hosts of the cluster, asked of the libvirt there by the shell of vm-ctl.conf, as
 * `check` asks. A host that does not answer soon is named, and nothing waits for it.
 *
 * Asked once, before a plan is made: between a plan and its change there must not be the time of a remote shell.
 */
import { listDomains } from '../../libvirt/domain-list.ts';
import type { Virsh } from '../../libvirt/virsh.ts';
import { nodesIn } from '../../pacemaker/cib-nodes.ts';
import { queryCib } from '../../pacemaker/cib-query.ts';
import { queryLocalNode } from '../../pacemaker/local-node.ts';
import { shellWord } from '../format/words.ts';
import type { Session } from './session.ts';

export interface RunningElsewhere {
  /** By domain: where it runs. */
  readonly nodes: ReadonlyMap<string, string>;
  /** The hosts that could not be asked. */
  readonly unasked: readonly string[];
}

export const NOBODY_ASKED: RunningElsewhere = { nodes: new Map(), unasked: [] };

/** A little more than ssh takes to give a connection up (ConnectTimeout=5). */
const DEADLINE_MS = 6_000;

export async function runningElsewhere(session: Session): Promise<RunningElsewhere> {
  const { pacemaker, isOffline } = session;
  if (isOffline) return NOBODY_ASKED;
  const [cib, local] = await Promise.all([queryCib(pacemaker), queryLocalNode(pacemaker)]);
  if (!cib.ok || !local.ok) return NOBODY_ASKED; // which is in the way of the change, too, and told there
  const others = nodesIn(cib.cib.root)
    .map(({ name }) => name)
    .filter((name) => name !== local.node);
  const asked = await Promise.all(
    others.map(async (node) => ({ node, answer: await listDomains(remoteVirsh(session, node)) })),
  );
  const running = asked.flatMap(({ node, answer }) =>
    answer.ok
      ? answer.domains.filter(({ id }) => id !== undefined).map(({ name }) => [name, node] as const)
      : [],
  );
  return {
    nodes: new Map(running),
    unasked: asked.filter(({ answer }) => !answer.ok).map(({ node }) => node),
  };
}

/** The far end of ssh is a shell, which reads the words once more. */
function remoteVirsh({ settings, virsh }: Session, node: string): Virsh {
  return {
    ...virsh,
    deadlineMs: DEADLINE_MS,
    run: (argv, options) => virsh.run([...settings.remoteShell, node, ...argv.map(shellWord)], options),
  };
}
