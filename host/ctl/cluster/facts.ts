/**
 * Asks everything that a plan hangs on, at once, so that everything that is wrong can be told at once: a Pacemaker
 * that is down and a libvirtd that is down are two problems of one answer.
 */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { readDomainFile } from '../../libvirt/domain-file.ts';
import { listDomains } from '../../libvirt/domain-list.ts';
import type { VirshFailure } from '../../libvirt/virsh.ts';
import { type Cib, queryCib } from '../../pacemaker/cib-query.ts';
import { type ClusterStatus, queryStatus } from '../../pacemaker/cluster-status.ts';
import type { PacemakerFailure } from '../../pacemaker/pacemaker-call.ts';
import type { Settings } from '../config/settings.ts';
import { type Message, message } from '../messages/message.ts';
import type { Session } from './session.ts';

export interface Facts {
  readonly settings: Settings;
  readonly cib: Cib;
  /** Undefined where the plan does not need it. */
  readonly status: ClusterStatus | undefined;
  /**
   * The domains that libvirt knows or that have a domain file, and whether they run here; undefined where nobody was
   * asked. The VirtualDomain agent has libvirt forget a domain when it starts it, and keeps the file.
   */
  readonly domains: ReadonlyMap<string, boolean> | undefined;
}

export interface Needs {
  readonly status?: boolean;
  readonly domains?: boolean;
}

export type GatheredFacts =
  | { readonly ok: true; readonly facts: Facts }
  | { readonly ok: false; readonly problems: readonly Message[] };

export async function gatherFacts(session: Session, needs: Needs): Promise<GatheredFacts> {
  const { pacemaker, settings } = session;
  const isLibvirtAsked = needs.domains === true && !session.isOffline;
  const [cib, status, domains] = await Promise.all([
    queryCib(pacemaker),
    needs.status === true ? queryStatus(pacemaker) : undefined,
    isLibvirtAsked ? knownDomains(session) : undefined,
  ]);
  const problems: Message[] = [];
  const clusterFault = [cib, status].find((answer) => answer?.ok === false);
  if (clusterFault?.ok === false) problems.push(clusterProblem(clusterFault, session));
  if (domains?.ok === false) {
    problems.push(message('libvirt-unavailable', { uri: session.virsh.uri, fault: domains.fault }));
  }
  if (!cib.ok || status?.ok === false || domains?.ok === false) return { ok: false, problems };
  return {
    ok: true,
    facts: {
      settings,
      cib: cib.cib,
      status: status?.status,
      domains: domains?.domains,
    },
  };
}

/** Those that libvirt knows or that have a file, and whether they run here. */
export async function knownDomains({
  virsh,
  settings,
}: Session): Promise<{ readonly ok: true; readonly domains: ReadonlyMap<string, boolean> } | VirshFailure> {
  const [listed, files] = await Promise.all([listDomains(virsh), domainFiles(settings)]);
  if (!listed.ok) return listed;
  const domains = new Map([
    ...files.map((name) => [name, false] as const),
    ...listed.domains.map(({ name, id }) => [name, id !== undefined] as const),
  ]);
  return { ok: true, domains };
}

/** The domains that are named like the file that they are in, which is how the cluster will look for them. */
async function domainFiles({ domainDirectory, domainExtension }: Settings): Promise<readonly string[]> {
  const entries = await readdir(domainDirectory).catch(() => []);
  const names = entries
    .filter((entry) => entry.endsWith(domainExtension))
    .map((entry) => entry.slice(0, entry.length - domainExtension.length));
  const read = await Promise.all(
    names.map((name) => readDomainFile(join(domainDirectory, `${name}${domainExtension}`))),
  );
  return names.filter((name, index) => {
    const file = read[index];
    return file?.ok === true && file.domain.name === name;
  });
}

export function clusterProblem({ kind, fault }: PacemakerFailure, session: Session): Message {
  const file = session.pacemaker.cibFile;
  if (file !== undefined) return message('cib-file-unusable', { file, fault });
  switch (kind) {
    case 'no-cluster':
      return message('pacemaker-down', { fault });
    case 'no-quorum':
      return message('no-quorum');
    default:
      return message('pacemaker-failed', { fault });
  }
}
