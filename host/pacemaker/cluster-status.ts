/**
 * What the cluster is like now: `crm_mon --output-as=xml`, Pacemaker's own view of nodes and resources (16 ms).
 *
 * Invariant: a resource counts as active where Pacemaker says so, and a document that does not say so plainly is
 * unreadable, never "stopped".
 *
 * What a reader must know before "stopped on no node" is taken for a fact (found by experiment on 2.1.5):
 * - A partition without quorum answers like any other, and accepts every change.
 * - Where fencing is off, a lost node is not unclean, and what it ran is shown as stopped at once.
 * - A resource on an unclean node is mostly shown where it was, but as stopped when the node's controller died.
 * - A node that is pending, or has just come back, has not told yet what runs on it: see `resource-history.ts`.
 */
import { childrenNamed, elementAt, type XmlElement } from '../xml/xml-element.ts';
import { type FenceEvent, fenceEventOf } from './fence-history.ts';
import type { Pacemaker, PacemakerFailure } from './pacemaker-call.ts';
import {
  callForResult,
  contradiction,
  optionalFlag,
  requiredChild,
  requiredCount,
  requiredFlag,
  requiredText,
} from './pacemaker-result.ts';

export interface ClusterStatus {
  /** The node that decides; undefined while there is none. */
  readonly dc: string | undefined;
  readonly hasQuorum: boolean;
  readonly options: ClusterOptions;
  readonly nodes: readonly NodeStatus[];
  readonly resources: readonly ResourceStatus[];
  /** Where location constraints forbid a resource to run. */
  readonly bans: readonly Ban[];
  readonly fenceHistory: readonly FenceEvent[];
}

export interface ClusterOptions {
  readonly isFencingEnabled: boolean;
  readonly isInMaintenance: boolean;
  readonly isStoppingAll: boolean;
}

export interface NodeStatus {
  readonly name: string;
  readonly id: string;
  readonly isOnline: boolean;
  readonly isStandby: boolean;
  readonly isInMaintenance: boolean;
  /** In the membership, but not yet part of the cluster: what runs there is not known yet. */
  readonly isPending: boolean;
  /** Nobody knows what runs there until it is fenced. */
  readonly isUnclean: boolean;
  readonly isShuttingDown: boolean;
  readonly isExpectedUp: boolean;
  readonly isDc: boolean;
  /** `member`, `remote`, … */
  readonly type: string;
}

export interface ResourceStatus {
  readonly id: string;
  /** `ocf:heartbeat:VirtualDomain` */
  readonly agent: string;
  /** `Stopped`, `Started`, `Starting`, `Stopping`, `Migrating`, `Promoted`, `Unpromoted`, … */
  readonly role: string;
  readonly targetRole: string | undefined;
  readonly isActive: boolean;
  /** Runs, but is no longer configured. */
  readonly isOrphaned: boolean;
  /** Pacemaker does nothing about it any more, for a failure. */
  readonly isBlocked: boolean;
  readonly isManaged: boolean;
  readonly isFailed: boolean;
  readonly isFailureIgnored: boolean;
  /** An operation under way that does not change the role, such as `Monitoring`. */
  readonly pendingOperation: string | undefined;
  /** The nodes it is active on, more than one while something is wrong. */
  readonly nodes: readonly string[];
  /** The clone, group or bundle it belongs to, the outermost first. */
  readonly within: readonly string[];
}

export interface Ban {
  /** The constraint. */
  readonly id: string;
  readonly resource: string;
  readonly node: string;
}

export type ClusterStatusResult = { readonly ok: true; readonly status: ClusterStatus } | PacemakerFailure;

export interface StatusQuery {
  /** Only this resource (or clone, or group); one that does not exist is simply not in the answer. */
  readonly resource?: string;
  /** Without bans and the history of fencing: it is there sooner, and needs no pacemaker-fenced. */
  readonly isBrief?: boolean;
}

const BRIEF = 'summary,options,nodes,resources';
const HISTORY = 'bans,fencing-pending,fencing-failed,fencing-succeeded';

export async function queryStatus(
  pacemaker: Pacemaker,
  query: StatusQuery = {},
): Promise<ClusterStatusResult> {
  const only = query.resource === undefined ? [] : [`--resource=${query.resource}`];
  const sections = query.isBrief === true ? BRIEF : `${BRIEF},${HISTORY}`;
  const argv = ['crm_mon', '--one-shot', '--exclude=all', `--include=${sections}`, ...only];
  return callForResult(pacemaker, argv, (result) => ({ status: statusOf(result) }));
}

/** Reads a `<pacemaker-result>` of crm_mon; for `readResult`. */
export function statusOf(result: XmlElement): ClusterStatus {
  const summary = requiredChild(result, 'summary');
  const dc = requiredChild(summary, 'current_dc');
  const isDcPresent = requiredFlag(dc, 'present');
  const bans = elementAt(result, 'bans');
  const history = elementAt(result, 'fence_history');
  return {
    dc: isDcPresent ? requiredText(dc, 'name') : undefined,
    hasQuorum: isDcPresent && requiredFlag(dc, 'with_quorum'),
    options: optionsOf(requiredChild(summary, 'cluster_options')),
    nodes: childrenNamed(requiredChild(result, 'nodes'), 'node').map(nodeOf),
    resources: resourcesBelow(elementAt(result, 'resources'), requiredChild(summary, 'resources_configured')),
    bans: bans === undefined ? [] : childrenNamed(bans, 'ban').map(banOf),
    fenceHistory: history === undefined ? [] : childrenNamed(history, 'fence_event').map(fenceEventOf),
  };
}

function optionsOf(element: XmlElement): ClusterOptions {
  const fencing = element.attributes['fencing-enabled'] === undefined ? 'stonith-enabled' : 'fencing-enabled';
  return {
    isFencingEnabled: requiredFlag(element, fencing),
    isInMaintenance: requiredFlag(element, 'maintenance-mode'),
    isStoppingAll: requiredFlag(element, 'stop-all-resources'),
  };
}

function nodeOf(element: XmlElement): NodeStatus {
  return {
    name: requiredText(element, 'name'),
    id: requiredText(element, 'id'),
    isOnline: requiredFlag(element, 'online'),
    isStandby: requiredFlag(element, 'standby'),
    isInMaintenance: requiredFlag(element, 'maintenance'),
    isPending: requiredFlag(element, 'pending'),
    isUnclean: requiredFlag(element, 'unclean'),
    isShuttingDown: requiredFlag(element, 'shutdown'),
    isExpectedUp: requiredFlag(element, 'expected_up'),
    isDc: requiredFlag(element, 'is_dc'),
    type: requiredText(element, 'type'),
  };
}

function resourcesBelow(section: XmlElement | undefined, configured: XmlElement): readonly ResourceStatus[] {
  // crm_mon leaves the section out when there is not one resource.
  if (section === undefined && requiredCount(configured, 'number') > 0)
    contradiction('it names no resources');
  const found: ResourceStatus[] = [];
  const visit = (parent: XmlElement, within: readonly string[]) => {
    for (const child of parent.children) {
      if (child.name === 'resource') found.push(resourceOf(child, within));
      else visit(child, isCollective(child) ? [...within, requiredText(child, 'id')] : within);
    }
  };
  if (section !== undefined) visit(section, []);
  return found;
}

const isCollective = (element: XmlElement) => ['clone', 'group', 'bundle'].includes(element.name);

function resourceOf(element: XmlElement, within: readonly string[]): ResourceStatus {
  const id = requiredText(element, 'id');
  const nodes = childrenNamed(element, 'node').map((node) => requiredText(node, 'name'));
  const isActive = requiredFlag(element, 'active');
  if (requiredCount(element, 'nodes_running_on') !== nodes.length) {
    contradiction(
      `${id} is said to run on ${element.attributes['nodes_running_on']} nodes, but ${nodes.length} are named`,
    );
  }
  return {
    id,
    agent: requiredText(element, 'resource_agent'),
    role: requiredText(element, 'role'),
    targetRole: element.attributes['target_role'],
    isActive,
    isOrphaned: optionalFlag(element, 'orphaned'),
    isBlocked: requiredFlag(element, 'blocked'),
    isManaged: requiredFlag(element, 'managed'),
    isFailed: requiredFlag(element, 'failed'),
    isFailureIgnored: optionalFlag(element, 'failure_ignored'),
    pendingOperation: element.attributes['pending'],
    nodes,
    within,
  };
}

function banOf(element: XmlElement): Ban {
  return {
    id: requiredText(element, 'id'),
    resource: requiredText(element, 'resource'),
    node: requiredText(element, 'node'),
  };
}
