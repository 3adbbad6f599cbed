/**
 * From what Pacemaker says to the facts that decisions are made from. Pure.
 *
 * Invariant: it errs on the careful side only. Whatever is missing, odd or ambiguous makes the target active, busy or
 * not managed; nothing that was left out can become proof that it is stopped.
 */
import type { ClusterStatus, ResourceStatus } from '../../pacemaker/cluster-status.ts';
import type { NodeHistory } from '../../pacemaker/resource-history.ts';
import type { Facts, FinishedJob, HostNode, Target } from '../decide/facts.ts';
import type { FenceRecord } from '../decide/record.ts';

export interface ClusterView {
  readonly resource: string;
  readonly status: ClusterStatus;
  /** By node. */
  readonly history: ReadonlyMap<string, NodeHistory>;
  readonly hasMigrated: boolean;
  /** The coordinator was idle before the status was read; undefined: nobody has asked it. */
  readonly wasIdle: boolean | undefined;
  /** It calls itself idle, too, while it waits before it does what it has to (`transition-delay`). */
  readonly waitsIdly: boolean;
  /** Nodes where it was sent to, and that have not looked since: whatever they told before, it may run there. */
  readonly sentTo: ReadonlySet<string>;
  /** As the configuration was when it was last read. */
  readonly savesMemory: boolean;
  /** What the configuration says; undefined: only the status was read. */
  readonly configured: ConfiguredTarget | undefined;
  readonly requesterIsDoomed?: boolean | undefined;
  readonly finished?: FinishedJob | undefined;
}

export type ConfiguredTarget =
  | { readonly kind: 'none' }
  | {
      readonly kind: 'virtual-machine';
      readonly ownRole: string | undefined;
      readonly record: FenceRecord | undefined;
      readonly obstacle: string | undefined;
    };

export function factsOf(view: ClusterView): Facts {
  const { status } = view;
  return {
    teller: 'the host cluster',
    hasQuorum: status.dc !== undefined && status.hasQuorum,
    fencesItsNodes: status.options.isFencingEnabled,
    nodes: status.nodes.map(
      ({ name, isOnline, isUnclean, isPending }): HostNode => ({
        name,
        isOnline,
        isUnclean,
        isPending,
        tells: view.sentTo.has(name) ? 'otherwise' : tellsOf(view.history.get(name)),
      }),
    ),
    unsettled: unsettledBy(view),
    hasMigrated: view.hasMigrated,
    ordersAreDone: false,
    requesterIsDoomed: view.requesterIsDoomed === true,
    target: targetOf(view),
    finished: view.finished,
  };
}

function unsettledBy({ wasIdle, waitsIdly }: ClusterView): string | undefined {
  if (wasIdle !== true) return 'the host cluster is busy';
  return waitsIdly
    ? 'the host cluster may wait before it acts: its property transition-delay is set'
    : undefined;
}

function tellsOf(history: NodeHistory | undefined): HostNode['tells'] {
  if (history === undefined) return 'nothing';
  if (history.state !== 'stopped') return 'otherwise';
  return history.isRemembered ? 'remembers-stop' : 'stopped';
}

function targetOf({ resource, status, configured, savesMemory }: ClusterView): Target | undefined {
  const instances = status.resources.filter(({ id }) => id === resource || id.startsWith(`${resource}:`));
  const [first] = instances;
  // What still runs and is no longer configured can't be given an order.
  if (first === undefined || configured?.kind === 'none' || instances.some((one) => one.isOrphaned))
    return undefined;
  const activeOn = [...new Set(instances.flatMap(({ nodes }) => nodes))];
  const inMaintenance = status.nodes.filter((node) => node.isInMaintenance).map(({ name }) => name);
  return {
    isManaged:
      instances.every((one) => one.isManaged) &&
      !status.options.isInMaintenance &&
      !activeOn.some((node) => inMaintenance.includes(node)),
    isBlocked: instances.some((one) => one.isBlocked),
    hasFailed: instances.some((one) => one.isFailed),
    activeOn,
    pending: instances.map(pendingIn).find((operation) => operation !== undefined),
    role: instances.every((one) => one.targetRole === first.targetRole) ? first.targetRole : undefined,
    ownRole: configured?.ownRole,
    record: configured?.record,
    obstacle: configured?.obstacle,
    savesMemory,
    isElsewhere: false,
  };
}

/** What may change where it runs. A monitor of what runs on one node only can't. */
function pendingIn({ role, pendingOperation, nodes, isActive }: ResourceStatus): string | undefined {
  if (role !== 'Started' && role !== 'Stopped') return role;
  if (role === 'Stopped' && (isActive || nodes.length > 0)) return 'Stopped, and yet active';
  if (isActive && nodes.length === 0) return 'active on a node that is not told';
  const isWatchedOnly = pendingOperation === 'Monitoring' && role === 'Started' && nodes.length === 1;
  return isWatchedOnly ? undefined : pendingOperation;
}
