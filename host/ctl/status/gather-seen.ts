/** Asks everybody for `status`, at once: one that does not answer holds up and hides nothing of the others. */
import { messageOf, PmError } from '../../../shared/errors.ts';
import { paths } from '../../../shared/paths.ts';
import { askHostStatus } from '../../connect/status/ask-host-status.ts';
import type { HostStatus } from '../../connect/status/host-status.ts';
import { type DomainJob, queryDomainJob } from '../../libvirt/job-info.ts';
import { queryDcState } from '../../pacemaker/dc-state.ts';
import { queryLocalNode } from '../../pacemaker/local-node.ts';
import { lockHolder } from '../change/lock.ts';
import { guestsIn } from '../cluster/guests.ts';
import { readConfiguration } from '../cluster/read-configuration.ts';
import type { Session } from '../cluster/session.ts';
import { message } from '../messages/message.ts';
import { auditTail } from './audit-tail.ts';
import type { Answer, Seen } from './seen.ts';
import { askStonith } from './stonith-status.ts';

const AUDIT_ENTRIES = 20;
/** One that is stopped would hold up the whole screen. */
const DC_DEADLINE_MS = 5_000;

export async function gatherSeen(session: Session): Promise<Seen> {
  const { settings, clock, isOffline } = session;
  const notAsked = { kind: 'not-asked' } as const;
  const [cluster, node, dc, links, stonith, audit, worker] = await Promise.all([
    clusterOf(session),
    isOffline ? undefined : queryLocalNode(session.pacemaker),
    isOffline ? undefined : queryDcState({ ...session.pacemaker, deadlineMs: DC_DEADLINE_MS }),
    isOffline ? notAsked : linksOf(),
    isOffline ? notAsked : askStonith(paths.stonithSocket),
    isOffline ? notAsked : auditTail(paths.auditLog, AUDIT_ENTRIES),
    lockHolder(session.lockName),
  ]);
  return {
    atWallMs: clock.wallMs(),
    settings,
    node: node?.ok === true ? node.node : undefined,
    cluster,
    isIdle: dc?.ok === true ? dc.dcState.isIdle : undefined,
    links,
    stonith,
    audit,
    jobs: isOffline ? new Map() : await migrationsOf(session, cluster),
    worker,
  };
}

async function clusterOf(session: Session): Promise<Seen['cluster']> {
  const read = await readConfiguration(session);
  if (read.ok) return { kind: 'told', value: read };
  const [problem = message('pacemaker-failed', { fault: '?' })] = read.problems;
  return { kind: 'silent', problem };
}

async function linksOf(): Promise<Answer<HostStatus>> {
  try {
    return { kind: 'told', value: await askHostStatus(paths.connectSocket) };
  } catch (thrown) {
    const fault = thrown instanceof PmError ? thrown.fault : messageOf(thrown);
    return { kind: 'silent', problem: message('connectd-silent', { path: paths.connectSocket, fault }) };
  }
}

/** Only of guests that Pacemaker has on their way: one call for each. */
async function migrationsOf(
  session: Session,
  cluster: Seen['cluster'],
): Promise<ReadonlyMap<string, DomainJob>> {
  if (cluster.kind !== 'told') return new Map();
  const { cib, status } = cluster.value;
  const domains = new Map(guestsIn(cib.root).map(({ resource, domain }) => [resource, domain]));
  const moving = (status?.resources ?? []).flatMap(({ id, role }) =>
    role === 'Migrating' ? (domains.get(id) ?? []) : [],
  );
  const jobs = await Promise.all(
    moving.map(async (domain) => [domain, await queryDomainJob(session.virsh, { name: domain })] as const),
  );
  return new Map(jobs.flatMap(([domain, answer]) => (answer.ok ? [[domain, answer.job] as const] : [])));
}
