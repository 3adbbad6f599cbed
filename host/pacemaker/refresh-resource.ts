/** Makes Pacemaker forget what it knows of a resource on a node, and look there anew. */
import { callPacemaker, type Pacemaker, type PacemakerFailure } from './pacemaker-call.ts';

export async function refreshResource(
  pacemaker: Pacemaker,
  resource: string,
  node: string,
): Promise<{ readonly ok: true } | PacemakerFailure> {
  const argv = ['crm_resource', '--refresh', `--resource=${resource}`, `--node=${node}`];
  const answer = await callPacemaker(pacemaker, argv);
  return answer.ok ? { ok: true } : answer;
}
