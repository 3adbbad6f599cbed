/**
 * vm-managerd as a whole: rules, the cluster's word on this host, its place at vm-connectd, its own attribute.
 *
 * Invariant: it runs without a cluster and without vm-connectd, and is there when they come; rules that can't be used
 * leave those in force that were; and its end waits for no question to a cluster that hangs, only for the removal of its
 * own attribute.
 */
import { randomUUID } from 'node:crypto';
import type { Clock } from '../../shared/clock.ts';
import type { RunningDaemon } from '../../shared/daemon/run-daemon.ts';
import { listenForStatus } from '../../shared/daemon/status-socket.ts';
import type { Logger } from '../../shared/log.ts';
import { ServiceClient } from '../../shared/protocol/service-client.ts';
import { followCluster } from '../pacemaker/cluster-events.ts';
import { queryAttributesOf } from '../pacemaker/local-attributes.ts';
import { queryLocalNode } from '../pacemaker/local-node.ts';
import type { Pacemaker } from '../pacemaker/pacemaker-call.ts';
import { type AttributeAnswer, AttributeSource } from './attribute-source.ts';
import { type ManagerFacts, metricsOf, statusOf } from './manager-status.ts';
import { MonitorService } from './monitor-service.ts';
import { OwnAttribute } from './own-attribute.ts';
import { loadRules } from './rules-file.ts';

export interface ManagerDaemonOptions {
  readonly agent: string;
  readonly rulesFile: string;
  readonly socketPath: string;
  readonly statusSocket: string;
  readonly own: { readonly name: string; readonly value: string } | undefined;
  readonly pacemaker: Pacemaker;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Logger;
}

export async function startManagerDaemon(options: ManagerDaemonOptions): Promise<RunningDaemon> {
  const { agent, rulesFile, socketPath, statusSocket, pacemaker, clock, random, log } = options;
  const load = () => loadRules(rulesFile, (message) => log.warning(message));
  const rules = load();
  const stopping = new AbortController();
  const untilStop: Pacemaker = {
    ...pacemaker,
    run: (argv, call) => pacemaker.run(argv, { ...call, signal: stopping.signal }),
  };
  let node: string | undefined;
  const query = async (): Promise<AttributeAnswer> => {
    if (node === undefined) {
      const local = await queryLocalNode(untilStop);
      if (!local.ok) return local;
      node = local.node;
    }
    const answer = await queryAttributesOf(untilStop, node);
    if (!answer.ok) node = undefined;
    return answer;
  };
  const own =
    options.own === undefined ? undefined : new OwnAttribute({ ...options.own, pacemaker, untilStop, log });
  const status = await listenForStatus({
    path: statusSocket,
    agent,
    session: randomUUID(),
    log,
    status: () => statusOf(facts()),
    metrics: () => metricsOf(facts()),
  });
  const isWatched = () => own !== undefined || service.isOpen;
  const source = new AttributeSource({
    query,
    follow: followCluster,
    clock,
    random,
    log,
    isWatched,
    onValues: (values) => {
      if (node !== undefined) own?.seen(node, values);
      service.valuesCame(values);
    },
    onAway: () => {
      node = undefined;
    },
  });
  const service = new MonitorService(rules, source, clock);
  source.ask();
  const client = new ServiceClient({
    socketPath,
    service: 'monitor',
    log,
    onRequest: (request) => service.request(request),
    onCancel: (job) => service.cancel(job),
  });
  const facts = (): ManagerFacts => ({
    agent,
    node,
    rulesFile,
    rules: service.rules,
    values: source.last,
    ageMs: source.lastAgeMs,
    isWatched: isWatched(),
    fault: source.fault,
    service: client.state,
    open: service.open,
    counts: { ...service.counts, ...source.counts },
  });
  return {
    async reload() {
      service.rules = load();
    },
    async stop() {
      stopping.abort();
      await client.stop();
      service.stop();
      await source.stop();
      await own?.stop();
      await status.close();
    },
  };
}
