/** Plans `resource unmove`: what moves have left of constraints goes. */
import type { Facts } from '../cluster/facts.ts';
import { message } from '../messages/message.ts';
import { editSection } from './edit-cib.ts';
import type { WantedName } from './guest-names.ts';
import { meantGuests } from './meant-guests.ts';
import type { Plan } from './plan.ts';

export function planUnmove(names: readonly WantedName[], facts: Facts): Plan {
  const { guests, problems } = meantGuests(names, facts);
  const ids = new Set(guests.flatMap(({ moveConstraints }) => moveConstraints));
  return {
    problems,
    warnings: [],
    notes: guests
      .filter(({ moveConstraints }) => moveConstraints.length === 0)
      .map(({ domain }) => message('no-move-constraint', { guest: domain })),
    after: editSection(facts.cib.root, 'constraints', (all) =>
      all.filter(({ attributes }) => !ids.has(attributes['id'] ?? '')),
    ),
    guests: guests.filter(({ moveConstraints }) => moveConstraints.length > 0),
  };
}
