/** What keeps fencing from proving an end, or undoes it. Pure: of the cluster's configuration and what its nodes told. */
import { clusterPropertiesIn } from '../../pacemaker/cib-nodes.ts';
import { virtualDomainsIn } from '../../pacemaker/cib-resources.ts';
import type { ClusterStatus } from '../../pacemaker/cluster-status.ts';
import { type HistoryOperation, historyIn } from '../../pacemaker/resource-history.ts';
import { childrenNamed, elementAt, type XmlElement } from '../../xml/xml-element.ts';
import { type Message, message } from '../messages/message.ts';

interface Seen {
  readonly cib: XmlElement;
  /** Undefined without a cluster. */
  readonly status: ClusterStatus | undefined;
}

export function proofFindings(seen: Seen): readonly Message[] {
  return [
    ...delayFindings(seen),
    ...snapshotFindings(seen),
    ...unprovenFindings(seen),
    ...agentFindings(seen),
  ];
}

/** Nothing of any unit. What vm-stonithd takes for a delay is one here, too. */
const NO_TIME = /^\s*0+[a-z]*\s*$/i;

function delayFindings({ cib }: Seen): readonly Message[] {
  const value = clusterPropertiesIn(cib).get('transition-delay');
  return value === undefined || NO_TIME.test(value) ? [] : [message('transition-delay', { value })];
}

function snapshotFindings({ cib }: Seen): readonly Message[] {
  return virtualDomainsIn(cib).flatMap(({ id, primitive }) => {
    const directory = primitive.instanceAttributes.get('snapshot') ?? '';
    return directory === '' ? [] : [message('snapshot-set', { resource: id, directory })];
  });
}

/** As vm-stonithd refuses them; what a rule, a template or a group says is left to it. */
function unprovenFindings({ cib }: Seen): readonly Message[] {
  return virtualDomainsIn(cib).flatMap(({ id, primitive: { provider, instanceAttributes } }) => {
    const hypervisor = instanceAttributes.get('hypervisor') ?? 'qemu:///system';
    return provider === undefined || (provider === 'extra' && hypervisor === 'qemu:///system')
      ? []
      : [message('end-not-proven', { resource: id, provider, hypervisor })];
  });
}

/** OCF: the agent, or what it needs, is not installed. Pacemaker takes that for "does not run there". */
const NOT_INSTALLED = 5;

function agentFindings({ cib, status }: Seen): readonly Message[] {
  const missing = new Map<string, { node: string; provider: string; resources: string[] }>();
  const histories = historiesIn(cib);
  for (const { id, primitive } of virtualDomainsIn(cib)) {
    const provider = primitive.provider ?? 'heartbeat';
    for (const node of nodesWithout(histories.get(id) ?? [])) {
      const isOnline = status?.nodes.find(({ name }) => name === node)?.isOnline;
      if (status !== undefined && isOnline !== true) continue;
      const own = missing.get(`${provider} ${node}`);
      if (own === undefined) missing.set(`${provider} ${node}`, { node, provider, resources: [id] });
      else own.resources.push(id);
    }
  }
  return [...missing.values()].map(({ node, provider, resources }) =>
    message('node-without-agent', {
      node,
      provider,
      resources: resources.join(', '),
      package: provider === 'extra' ? 'pm-kvm-tools-host' : 'resource-agents',
    }),
  );
}

/** Where the last that was done with a resource was a look that found no agent. */
function nodesWithout(histories: readonly XmlElement[]): readonly string[] {
  const history = historyIn(histories);
  if (!history.ok) return [];
  return [...history.nodes].flatMap(([node, { operations }]) => {
    const [last] = operations.toSorted((one, other) => other.callId - one.callId);
    return last !== undefined && isMissing(last) ? [node] : [];
  });
}

const isMissing = ({ operation, exitCode }: HistoryOperation) =>
  operation === 'monitor' && exitCode === NOT_INSTALLED;

/** Of each resource, those of all nodes. */
function historiesIn(cib: XmlElement): ReadonlyMap<string, readonly XmlElement[]> {
  const found = new Map<string, XmlElement[]>();
  const status = elementAt(cib, 'status');
  for (const state of status === undefined ? [] : childrenNamed(status, 'node_state')) {
    const resources = elementAt(state, 'lrm', 'lrm_resources');
    for (const history of resources === undefined ? [] : childrenNamed(resources, 'lrm_resource')) {
      const id = history.attributes['id'] ?? '';
      const others = found.get(id);
      if (others === undefined) found.set(id, [history]);
      else others.push(history);
    }
  }
  return found;
}
