/**
 * What each node last did with a resource, by the status section of the CIB (10 ms).
 *
 * Why it is needed beside `cluster-status.ts`: when a node's controller dies and comes back, Pacemaker forgets what
 * ran there and checks anew. For some seconds the node is online, not pending, not unclean, and a guest that runs
 * there is shown as stopped on no node. Only the history tells: there is *none* on that node. So a resource is known
 * to be stopped on an online node if its history there says so, and not if it has none.
 */
import type { XmlElement } from '../xml/xml-element.ts';
import { xpathLiteral } from './cib-query.ts';
import { type PacemakerFailure, unreadable } from './pacemaker-call.ts';

export interface NodeHistory {
  readonly state: HistoryState;
  /**
   * Told again from memory, as every node does when it joins or the coordinator is another one. What is under way there is
   * not in it: while a guest is being started, the stop from before is the last that is told.
   */
  readonly isRemembered: boolean;
  readonly operations: readonly HistoryOperation[];
}

/**
 * `stopped`: the last operation was a stop that succeeded, or a check that found it not running. `active`: it was
 * started, migrated here or found running. `pending`: an operation is under way. `unclear`: anything else, such as a
 * failed stop.
 */
export type HistoryState = 'stopped' | 'active' | 'pending' | 'unclear';

export interface HistoryOperation {
  /** `start`, `stop`, `monitor`, `migrate_to`, `migrate_from`, … */
  readonly operation: string;
  readonly intervalMs: number;
  /** Counts up on each node; -1 while it is pending. */
  readonly callId: number;
  /** OCF's: 0 is success, 7 not running. */
  readonly exitCode: number;
  readonly isPending: boolean;
  readonly isRemembered: boolean;
}

export type ResourceHistoryResult =
  | { readonly ok: true; readonly nodes: ReadonlyMap<string, NodeHistory> }
  | PacemakerFailure;

export const historyXPath = (resource: string): string =>
  `/cib/status/node_state/lrm/lrm_resources/lrm_resource[@id=${xpathLiteral(resource)}]`;

/**
 * From what `historyXPath` has found, also beside what else one query was for. By node; one that has no history of the
 * resource is not in it.
 */
export function historyIn(elements: readonly XmlElement[]): ResourceHistoryResult {
  const nodes = historyOf(elements.filter(({ name }) => name === 'lrm_resource'));
  return nodes === undefined
    ? unreadable(['cibadmin'], 'an operation has no node or no result')
    : { ok: true, nodes };
}

/** Finds something as long as the node has done nothing with the resource since, and does nothing just now. */
export function unchangedXPath(resource: string, node: string, { operations }: NodeHistory): string {
  const { callId, operation, exitCode } = lastOf(operations);
  const last = `[@call-id="${callId}"][@operation=${xpathLiteral(operation)}][@rc-code="${exitCode}"]`;
  const newer = `@call-id > ${callId} or @op-status="${PENDING}"`;
  const there = `/cib/status/node_state[@uname=${xpathLiteral(node)}]/lrm/lrm_resources/lrm_resource`;
  return `${there}[@id=${xpathLiteral(resource)}][lrm_rsc_op${last}][not(lrm_rsc_op[${newer}])]`;
}

/** Finds something as long as the node is a member and has ended nothing with the resource since, whatever it does now. */
export function notEndedXPath(resource: string, node: string, { operations }: NodeHistory): string {
  const { callId, operation, exitCode } = lastOf(operations);
  const last = `[@call-id="${callId}"][@operation=${xpathLiteral(operation)}][@rc-code="${exitCode}"]`;
  const member = `/cib/status/node_state[@uname=${xpathLiteral(node)}][@join="member"]`;
  const there = `${member}/lrm/lrm_resources/lrm_resource[@id=${xpathLiteral(resource)}]`;
  return `${there}[lrm_rsc_op${last}][not(lrm_rsc_op[@call-id > ${callId}])]`;
}

/** The newest migration that each node tells of, from it or to it, by its number there. */
export function migrationsIn(nodes: ReadonlyMap<string, NodeHistory>): ReadonlyMap<string, number> {
  const newest = new Map<string, number>();
  for (const [node, { operations }] of nodes) {
    const calls = operations.filter(({ operation }) => operation.startsWith('migrate_'));
    if (calls.length > 0) newest.set(node, Math.max(...calls.map(({ callId }) => callId)));
  }
  return newest;
}

function historyOf(resources: readonly XmlElement[]): ReadonlyMap<string, NodeHistory> | undefined {
  const byNode = new Map<string, HistoryOperation[]>();
  for (const { attributes } of resources.flatMap((resource) => resource.children)) {
    const node = attributes['on_node'];
    const operation = operationOf(attributes);
    if (node === undefined || operation === undefined) return undefined;
    byNode.set(node, [...(byNode.get(node) ?? []), operation]);
  }
  return new Map(
    [...byNode].map(([node, operations]) => {
      const { isRemembered } = lastOf(operations);
      return [node, { state: stateOf(operations), isRemembered, operations }];
    }),
  );
}

const PENDING = -1;
/** Which part of Pacemaker has written a result when there was one, by the names of several versions. */
const AS_IT_CAME = ['do_update_resource', 'controld_update_resource_history'];

function operationOf(attributes: Readonly<Record<string, string>>): HistoryOperation | undefined {
  const [callId, exitCode, status, intervalMs] = ['call-id', 'rc-code', 'op-status', 'interval'].map(
    (name) => (/^-?\d+$/.test(attributes[name] ?? '') ? Number(attributes[name]) : undefined),
  );
  const operation = attributes['operation'];
  if (operation === undefined || callId === undefined || exitCode === undefined || status === undefined)
    return undefined;
  const isRemembered = !AS_IT_CAME.includes(attributes['crm-debug-origin'] ?? '');
  return {
    operation,
    intervalMs: intervalMs ?? 0,
    callId,
    exitCode,
    isPending: status === PENDING,
    isRemembered,
  };
}

const lastOf = (operations: readonly HistoryOperation[]): HistoryOperation =>
  operations.reduce((one, other) => (other.callId > one.callId ? other : one));

/** The last operation that it has ended leaves doubt whether it is stopped there, or none. */
export function isUnended({ operations }: NodeHistory): boolean {
  const ended = operations.filter(({ isPending }) => !isPending);
  return ended.length > 0 && stateOf(ended) !== 'stopped';
}

const SUCCESS = 0;
const NOT_RUNNING = 7;

function stateOf(operations: readonly HistoryOperation[]): HistoryState {
  if (operations.some(({ isPending }) => isPending)) return 'pending';
  const last = lastOf(operations);
  switch (last.operation) {
    case 'stop':
      return last.exitCode === SUCCESS ? 'stopped' : 'unclear';
    case 'monitor':
      if (last.exitCode === NOT_RUNNING) return 'stopped';
      return last.exitCode === SUCCESS ? 'active' : 'unclear';
    case 'start':
    case 'migrate_from':
      return last.exitCode === SUCCESS ? 'active' : 'unclear';
    default:
      return 'unclear';
  }
}
