/**
 * Reads a configuration only to look at it. A file is read as it is, which is three times as fast as having cibadmin
 * validate it first; and the scheduler is asked for states only when the configuration holds any.
 */
import { readFile } from 'node:fs/promises';
import { messageOf } from '../../../shared/errors.ts';
import { type Cib, cibOf, queryCib } from '../../pacemaker/cib-query.ts';
import { type ClusterStatus, queryStatus } from '../../pacemaker/cluster-status.ts';
import { parseXml } from '../../xml/parse-xml.ts';
import { descendantsNamed, elementAt } from '../../xml/xml-element.ts';
import { type Message, message } from '../messages/message.ts';
import { clusterProblem } from './facts.ts';
import type { Session } from './session.ts';

export type ReadConfiguration =
  | { readonly ok: true; readonly cib: Cib; readonly status: ClusterStatus | undefined }
  | { readonly ok: false; readonly problems: readonly Message[] };

export async function readConfiguration(session: Session): Promise<ReadConfiguration> {
  const { pacemaker } = session;
  if (pacemaker.cibFile !== undefined) return readFileOf(session, pacemaker.cibFile);
  const [cib, status] = await Promise.all([queryCib(pacemaker), queryStatus(pacemaker)]);
  if (!cib.ok) return { ok: false, problems: [clusterProblem(cib, session)] };
  if (!status.ok) return { ok: false, problems: [clusterProblem(status, session)] };
  return { ok: true, cib: cib.cib, status: status.status };
}

async function readFileOf(session: Session, file: string): Promise<ReadConfiguration> {
  const unusable = (fault: string): ReadConfiguration => ({
    ok: false,
    problems: [message('cib-file-unusable', { file, fault })],
  });
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (thrown) {
    return unusable(messageOf(thrown));
  }
  const document = parseXml(text);
  if (!document.ok) return unusable(document.fault);
  const cib = cibOf(document.root);
  if (cib === undefined) return unusable(`its root is <${document.root.name}>, not a versioned <cib>`);
  const section = elementAt(cib.root, 'status');
  const hasHistory = section !== undefined && !descendantsNamed(section, 'lrm_resource').next().done;
  if (!hasHistory) return { ok: true, cib, status: undefined };
  const status = await queryStatus(session.pacemaker);
  return status.ok ? { ok: true, cib, status: status.status } : unusable(status.fault);
}
