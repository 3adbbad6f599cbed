/**
 * Reads a configuration only to look at it. A file is read as it is, which is three times as fast as having cibadmin
 * validate it first; and Pacemaker is asked for states only when the file holds any, while the file is read.
 */
import { readFile } from 'node:fs/promises';
import { messageOf } from '../../../shared/errors.ts';
import { type Cib, cibOf, queryCib } from '../../pacemaker/cib-query.ts';
import { type ClusterStatus, queryStatus, type StatusQuery } from '../../pacemaker/cluster-status.ts';
import { parseXml } from '../../xml/parse-xml.ts';
import { type Message, message } from '../messages/message.ts';
import { clusterProblem } from './facts.ts';
import type { Session } from './session.ts';

/** That there is any: what a node has done with a resource. */
const HISTORY = /<lrm_resource\s/;

export type ReadConfiguration =
  | { readonly ok: true; readonly cib: Cib; readonly status: ClusterStatus | undefined }
  | { readonly ok: false; readonly problems: readonly Message[] };

export async function readConfiguration(
  session: Session,
  query: StatusQuery = {},
): Promise<ReadConfiguration> {
  const { pacemaker } = session;
  if (pacemaker.cibFile !== undefined) return readFileOf(session, pacemaker.cibFile, query);
  const [cib, status] = await Promise.all([queryCib(pacemaker), queryStatus(pacemaker, query)]);
  if (!cib.ok) return { ok: false, problems: [clusterProblem(cib, session)] };
  if (!status.ok) return { ok: false, problems: [clusterProblem(status, session)] };
  return { ok: true, cib: cib.cib, status: status.status };
}

async function readFileOf(session: Session, file: string, query: StatusQuery): Promise<ReadConfiguration> {
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
  const asked = HISTORY.test(text) ? queryStatus(session.pacemaker, query) : undefined;
  const document = parseXml(text);
  if (!document.ok) return unusable(document.fault);
  const cib = cibOf(document.root);
  if (cib === undefined) return unusable(`its root is <${document.root.name}>, not a versioned <cib>`);
  if (asked === undefined) return { ok: true, cib, status: undefined };
  const status = await asked;
  return status.ok ? { ok: true, cib, status: status.status } : unusable(status.fault);
}
