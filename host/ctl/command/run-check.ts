/**
 * `check`: looks for what is wrong, on this host and on the others. Exit status 0 only when nothing is, and everything
 * could be looked at.
 */
import { hostname } from 'node:os';
import { paths } from '../../../shared/paths.ts';
import { visibleJson } from '../../../shared/visible.ts';
import { readDomainFile } from '../../libvirt/domain-file.ts';
import { queryDcState } from '../../pacemaker/dc-state.ts';
import { queryLocalNode } from '../../pacemaker/local-node.ts';
import { queryNodeAttribute } from '../../pacemaker/node-attributes.ts';
import { KEY_ATTRIBUTE } from '../../stonith/pacemaker/cluster-back-end.ts';
import { lockHolder } from '../change/lock.ts';
import { type AskedHost, askHosts } from '../check/ask-hosts.ts';
import { findingsOf, movesGoingOn, type SeenFile, type WorkerOnNode } from '../check/findings.ts';
import { gatherHostFacts } from '../check/gather-host-facts.ts';
import { hostFactsJson } from '../check/host-facts.ts';
import { haveSameCpu, hostFindings, type SeenHosts } from '../check/host-findings.ts';
import { clusterProblem } from '../cluster/facts.ts';
import { type Guest, guestsIn } from '../cluster/guests.ts';
import { type ReadConfiguration, readConfiguration } from '../cluster/read-configuration.ts';
import type { Session } from '../cluster/session.ts';
import type { Catalogue, Message } from '../messages/message.ts';
import { message } from '../messages/message.ts';
import { render } from '../messages/render.ts';
import { EXIT, type Report } from '../report/report.ts';
import type { Invocation } from './invocation.ts';
import { usage } from './usage.ts';

const DC_DEADLINE_MS = 5_000;

type Read = Extract<ReadConfiguration, { ok: true }>;

export async function runCheck(
  session: Session,
  { names, options }: Invocation,
  catalogue: Catalogue,
): Promise<Report> {
  if (names.length > 0) return usage([message('no-names-here', { names: names.join(' ') })]);
  if (options.flag('local') && session.isOffline) return usage([message('needs-cluster')]);
  const read = await readConfiguration(session);
  if (!read.ok) return { exitCode: EXIT.unavailable, problems: read.problems };
  const guests = guestsIn(read.cib.root);
  if (options.flag('local')) return localReport(session, read, guests);
  const [seen, isBusy] = session.isOffline
    ? [undefined, false]
    : await Promise.all([seenHosts(session, read, guests), isClusterBusy(session)]);
  if (seen?.ok === false) return { exitCode: EXIT.unavailable, problems: [seen.problem] };
  const hosts = seen?.hosts.hosts ?? [];
  const inCluster = {
    settings: session.settings,
    cib: read.cib.root,
    status: read.status,
    files: await filesOf(guests),
    portName: paths.portName,
    isCpuShared: seen === undefined ? undefined : haveSameCpu(hosts),
    workers: seen === undefined ? await workersHere(session) : workersOn(hosts),
  };
  const moves = movesGoingOn(inCluster);
  const findings = [
    ...findingsOf(inCluster),
    // The daemons are there for guests.
    ...(seen === undefined || guests.length === 0 ? [] : hostFindings(seen.hosts)),
  ];
  const good = message('check-good', { guests: guests.length, hosts: hosts.length });
  return {
    exitCode: findings.length === 0 ? EXIT.ok : EXIT.failed,
    problems: findings,
    lines: [...moves, ...(findings.length === 0 ? [good] : []), ...(isBusy ? [message('check-busy')] : [])],
    data: {
      guests: guests.length,
      hosts: hosts.map(({ node, ok }) => ({ node, checked: ok })),
      findings: told(findings, catalogue),
      moves: told(moves, catalogue),
    },
  };
}

const told = (messages: readonly Message[], catalogue: Catalogue) =>
  messages.map((one) => ({ key: one.key, message: render(one, catalogue), ...one.values }));

/** Known only where the cluster says so: a DC that does not answer soon is a finding of nobody. */
async function isClusterBusy({ pacemaker }: Session): Promise<boolean> {
  const dc = await queryDcState({ ...pacemaker, deadlineMs: DC_DEADLINE_MS });
  return dc.ok && !dc.dcState.isIdle;
}

/** With a file there is no cluster that would know a node; whoever changes the file is on this machine. */
async function workersHere({ lockName }: Session): Promise<readonly WorkerOnNode[]> {
  const worker = await lockHolder(lockName);
  return worker === undefined ? [] : [{ ...worker, node: hostname() }];
}

const workersOn = (hosts: readonly AskedHost[]): readonly WorkerOnNode[] =>
  hosts.flatMap((host) =>
    host.ok && host.facts.worker !== undefined ? [{ ...host.facts.worker, node: host.node }] : [],
  );

/** What another host's `check` asks this one for. */
async function localReport(session: Session, read: Read, guests: readonly Guest[]): Promise<Report> {
  const local = await queryLocalNode(session.pacemaker);
  if (!local.ok) return { exitCode: EXIT.unavailable, problems: [clusterProblem(local, session)] };
  const facts = hostFactsJson(await gatherHostFacts(session, local.node, guests, read.status));
  return { exitCode: EXIT.ok, text: `${visibleJson(facts, 2)}\n`, data: facts };
}

async function filesOf(guests: readonly Guest[]): Promise<ReadonlyMap<string, SeenFile>> {
  const files = new Map<string, SeenFile>();
  for (const { resource, primitive } of guests) {
    const path = primitive.instanceAttributes.get('config');
    if (path !== undefined) files.set(resource, await readDomainFile(path));
  }
  return files;
}

type AskedAll =
  | { readonly ok: true; readonly hosts: SeenHosts }
  | { readonly ok: false; readonly problem: Message };

/** A host that is offline is a finding of its own already. */
async function seenHosts(session: Session, read: Read, guests: readonly Guest[]): Promise<AskedAll> {
  const { pacemaker } = session;
  const local = await queryLocalNode(pacemaker);
  if (!local.ok) return { ok: false, problem: clusterProblem(local, session) };
  const { node } = local;
  const online = (read.status?.nodes ?? [])
    .filter(({ isOnline, type }) => isOnline && type === 'member')
    .map(({ name }) => name);
  const [own, others, keys] = await Promise.all([
    gatherHostFacts(session, node, guests, read.status),
    askHosts(
      session,
      online.filter((name) => name !== node),
    ),
    queryNodeAttribute(pacemaker, KEY_ATTRIBUTE),
  ]);
  const hosts = [{ node, ok: true as const, facts: own, clockOffMs: 0 }, ...others];
  return {
    ok: true,
    hosts: { guests, hosts, online, keys: keys.ok ? keys.values : { fault: keys.fault } },
  };
}
