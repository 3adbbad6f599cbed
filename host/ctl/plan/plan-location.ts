/** Plans `location move`: the node where a guest runs now becomes the one it prefers. */
import { nodesIn } from '../../pacemaker/cib-nodes.ts';
import type { XmlElement } from '../../xml/xml-element.ts';
import type { Facts } from '../cluster/facts.ts';
import { type Guest, guestsIn } from '../cluster/guests.ts';
import { preference } from '../definition/guest-elements.ts';
import { preferenceId } from '../definition/guest-ids.ts';
import { type Message, message } from '../messages/message.ts';
import { editSection, withConstraints } from './edit-cib.ts';
import type { WantedName } from './guest-names.ts';
import { meantGuests } from './meant-guests.ts';
import { nodeProblem } from './node-problem.ts';
import type { Plan } from './plan.ts';

export function planLocationOfGuests(names: readonly WantedName[], facts: Facts): Plan {
  const { guests, problems } = meantGuests(names, facts);
  const nowhere = guests.filter((guest) => nodeOf(guest, facts) === undefined);
  return planPreferences(guests, facts, [
    ...problems,
    ...nowhere.map(({ domain }) => message('guest-not-running', { guest: domain })),
  ]);
}

/** Every guest that prefers `node` and runs elsewhere. */
export function planLocationFromNode(node: string, facts: Facts): Plan {
  const nodes = nodesIn(facts.cib.root).map(({ name }) => name);
  if (!nodes.includes(node)) return planPreferences([], facts, [nodeProblem(node, nodes)]);
  const guests = guestsIn(facts.cib.root).filter((guest) => {
    const now = nodeOf(guest, facts);
    return guest.preference?.node === node && now !== undefined && now !== node;
  });
  const plan = planPreferences(guests, facts, []);
  return guests.length > 0 ? plan : { ...plan, notes: [message('no-guest-away-from', { node })] };
}

function planPreferences(guests: readonly Guest[], facts: Facts, problems: readonly Message[]): Plan {
  const changing = guests.filter((guest) => nodeOf(guest, facts) !== guest.preference?.node);
  return {
    problems,
    warnings: [],
    notes: guests
      .filter((guest) => !changing.includes(guest))
      .map((guest) =>
        message('prefers-already', { guest: guest.domain, node: guest.preference?.node ?? '' }),
      ),
    after: changing.reduce(
      (cib, guest) => withPreference(cib, guest, nodeOf(guest, facts) ?? '', facts.settings.preferenceScore),
      facts.cib.root,
    ),
    guests: changing,
  };
}

/** A `<cib>` in which the guest prefers that node, with the weight that its preference had. */
export function withPreference(
  cib: XmlElement,
  guest: Guest,
  node: string,
  scoreByDefault: string,
): XmlElement {
  const added = preference(guest.resource, {
    id: preferenceId(guest.domain, node),
    node,
    score: guest.preference?.score ?? scoreByDefault,
  });
  const others = editSection(cib, 'constraints', (all) =>
    all.filter(({ attributes }) => attributes['id'] !== guest.preference?.id),
  );
  return withConstraints(others, [added]);
}

/** Where it runs; undefined while that is no single node. */
function nodeOf({ resource }: Guest, { status }: Facts): string | undefined {
  const active = status?.resources.find(({ id, isActive }) => id === resource && isActive);
  return active?.nodes.length === 1 ? active.nodes[0] : undefined;
}
