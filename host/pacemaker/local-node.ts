/** The name under which the cluster knows this machine, which need not be its host name. */
import { callPacemaker, type Pacemaker, type PacemakerFailure } from './pacemaker-call.ts';

export async function queryLocalNode(
  pacemaker: Pacemaker,
): Promise<{ readonly ok: true; readonly node: string } | PacemakerFailure> {
  const answer = await callPacemaker(pacemaker, ['crm_node', '--name']);
  return answer.ok ? { ok: true, node: answer.stdout.trim() } : answer;
}
