/**
 * Waits until the cluster has done what it was about: a plan is made for a cluster that stands still. Bounded by
 * `crmadmin_timeout`, as in version 1.
 */
import { queryDcState } from '../../pacemaker/dc-state.ts';
import { type Message, message } from '../messages/message.ts';
import { clusterProblem } from './facts.ts';
import { pause } from './pause.ts';
import type { Session } from './session.ts';

const POLL_MS = 200;

/** Undefined when it is idle; else what is in the way. */
export async function waitForIdle(session: Session): Promise<Message | undefined> {
  if (session.isOffline) return undefined;
  const { idleTimeoutMs } = session.settings;
  const startedMs = session.clock.nowMs();
  for (let isTold = false; ; ) {
    const answer = await queryDcState(session.pacemaker);
    if (!answer.ok && answer.kind !== 'deadline') return clusterProblem(answer, session);
    if (answer.ok && answer.dcState.isIdle) return undefined;
    const state = answer.ok ? (answer.dcState.state ?? 'no DC') : answer.fault;
    const seconds = Math.round(idleTimeoutMs / 1000);
    if (session.clock.nowMs() - startedMs >= idleTimeoutMs) {
      return message('cluster-busy', { state, seconds });
    }
    if (!isTold) session.tell(message('waiting-for-idle', { state, seconds }));
    isTold = true;
    if (!(await pause(session, POLL_MS))) return message('interrupted');
  }
}
