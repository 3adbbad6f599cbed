/** Plans `resource start` and `resource stop`. */
import type { Facts } from '../cluster/facts.ts';
import { type Message, message } from '../messages/message.ts';
import { editSection, replaceDeep, withMetaAttribute } from './edit-cib.ts';
import type { WantedName } from './guest-names.ts';
import { meantGuests } from './meant-guests.ts';
import type { Plan } from './plan.ts';

export type Role = 'Started' | 'Stopped';

export function planRole(names: readonly WantedName[], role: Role, facts: Facts): Plan {
  const { guests, problems } = meantGuests(names, facts);
  // Without a role a resource is started.
  const changing = guests.filter(({ targetRole = 'Started' }) => targetRole !== role);
  const alreadyKey = role === 'Started' ? 'role-started-already' : 'role-stopped-already';
  const changes = new Map(
    changing.map(({ primitive }) => [
      primitive.element,
      withMetaAttribute(primitive.element, 'target-role', role),
    ]),
  );
  return {
    problems,
    warnings: [...clusterWarnings(facts), ...guests.flatMap((guest) => unmanaged(guest, facts))],
    notes: guests
      .filter((guest) => !changing.includes(guest))
      .map(({ domain }) => message(alreadyKey, { guest: domain })),
    after: editSection(facts.cib.root, 'resources', (all) => replaceDeep(all, changes)),
    // Also those whose role is right: the cluster may still be on its way there.
    guests,
  };
}

function clusterWarnings({ status }: Facts): readonly Message[] {
  return status?.options.isInMaintenance === true ? [message('cluster-in-maintenance')] : [];
}

function unmanaged(guest: { domain: string; resource: string }, { status }: Facts): readonly Message[] {
  const resource = status?.resources.find(({ id }) => id === guest.resource);
  const isConcern = resource?.isManaged === false && status?.options.isInMaintenance !== true;
  return isConcern ? [message('guest-unmanaged-warning', { guest: guest.domain })] : [];
}
