/** The registered guests that a command line means. */
import type { Facts } from '../cluster/facts.ts';
import { type Guest, guestsIn } from '../cluster/guests.ts';
import { type Message, message } from '../messages/message.ts';
import { meantNames, type WantedName } from './guest-names.ts';

export function meantGuests(
  names: readonly WantedName[],
  { cib }: Pick<Facts, 'cib'>,
): { readonly guests: readonly Guest[]; readonly problems: readonly Message[] } {
  const byDomain = new Map(guestsIn(cib.root).map((guest) => [guest.domain, guest]));
  const meant = meantNames(names, new Set(byDomain.keys()), (guest) =>
    message('guest-not-registered', { guest }),
  );
  return { guests: meant.names.flatMap((name) => byDomain.get(name) ?? []), problems: meant.problems };
}
