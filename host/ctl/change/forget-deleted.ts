/**
 * What the cluster remembers of guests that are no longer configured. Pacemaker forgets their operations by itself;
 * node attributes of theirs (counts of failures, a forced stop) it would keep. Not being able to is no failure: they
 * do no harm.
 */
import { nodesIn } from '../../pacemaker/cib-nodes.ts';
import { deleteNodeAttribute } from '../../pacemaker/node-attributes.ts';
import type { XmlElement } from '../../xml/xml-element.ts';
import type { Session } from '../cluster/session.ts';
import type { PlannedGuest } from '../plan/plan.ts';

export async function forgetDeleted(
  session: Session,
  guests: readonly PlannedGuest[],
  cib: XmlElement,
): Promise<void> {
  const resources = new Set(guests.map(({ resource }) => resource));
  for (const { name: node, transientAttributes } of nodesIn(cib)) {
    for (const name of transientAttributes.keys()) {
      const [, resource = ''] = /^(?:force_stop|fail-count|last-failure)-([^#]+)/.exec(name) ?? [];
      if (resources.has(resource)) await deleteNodeAttribute(session.pacemaker, { name, node });
    }
  }
}
