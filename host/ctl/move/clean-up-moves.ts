/** What a vm-ctl that was killed in the middle of a move has left. We hold the lock, so nobody is at it any more. */
import type { Session } from '../cluster/session.ts';
import { domainOfResource } from '../definition/guest-ids.ts';
import { type Message, message } from '../messages/message.ts';
import { recordedMoves } from './move-constraint.ts';
import { removeMoveConstraint } from './move-guest.ts';

export async function cleanUpMoves(session: Session): Promise<readonly Message[]> {
  const problems: Message[] = [];
  for (const { resource, pid, end } of recordedMoves(session.stateDirectory)) {
    session.tell(message('unfinished-move', { guest: domainOfResource(resource) ?? resource, pid }));
    const left = await removeMoveConstraint(session, { resource, end });
    if (left !== undefined) problems.push(left);
  }
  return problems;
}
