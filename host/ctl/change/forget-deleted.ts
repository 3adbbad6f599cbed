/**
 * What the cluster remembers of guests that are no longer configured: the history of their operations, which stays in
 * the CIB's status until somebody has it forgotten. Not being able to is no failure: it does no harm.
 */
import { refreshResource } from '../../pacemaker/resource-commands.ts';
import type { Session } from '../cluster/session.ts';
import type { PlannedGuest } from '../plan/plan.ts';

export async function forgetDeleted(session: Session, guests: readonly PlannedGuest[]): Promise<void> {
  await Promise.all(guests.map(({ resource }) => refreshResource(session.pacemaker, resource)));
}
