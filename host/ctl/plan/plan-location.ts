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
  const running = nodesOfRunning(facts);
  const nowhere = guests.filter(({ resource }) => !running.has(resource));
  return planPreferences(guests, facts, [
    ...problems,
    ...nowhere.map(({ domain }) => message('guest-not-running', { guest: domain })),
  ]);
}

/** Every guest that prefers `node` and runs elsewhere. */
export function planLocationFromNode(node: string, facts: Facts): Plan {
  const nodes = nodesIn(facts.cib.root).map(({ name }) => name);
  if (!nodes.includes(node)) return planPreferences([], facts, [nodeProblem(node, nodes)]);
  const running = nodesOfRunning(facts);
  const guests = guestsIn(facts.cib.root).filter(({ preference: preferred, resource }) => {
    const now = running.get(resource);
    return preferred?.node === node && now !== undefined && now !== node;
  });
  const plan = planPreferences(guests, facts, []);
  return guests.length > 0 ? plan : { ...plan, notes: [message('no-guest-away-from', { node })] };
}

function planPreferences(guests: readonly Guest[], facts: Facts, problems: readonly Message[]): Plan {
  const running = nodesOfRunning(facts);
  const isThere = ({ resource, preference: preferred }: Guest) => running.get(resource) === preferred?.node;
  const changing = guests.filter((guest) => !isThere(guest));
  const wanted = changing.map((guest) => ({ guest, node: running.get(guest.resource) ?? '' }));
  return {
    problems,
    warnings: [],
    notes: guests
      .filter(isThere)
      .map((guest) =>
        message('prefers-already', { guest: guest.domain, node: guest.preference?.node ?? '' }),
      ),
    after: withPreferences(facts.cib.root, wanted, facts.settings.preferenceScore),
    guests: changing,
  };
}

/** A `<cib>` in which each guest prefers that node, with the weight that its preference had. */
export function withPreferences(
  cib: XmlElement,
  wanted: readonly { readonly guest: Guest; readonly node: string }[],
  scoreByDefault: string,
): XmlElement {
  const former = new Set(wanted.map(({ guest }) => guest.preference?.id));
  const others = editSection(cib, 'constraints', (all) =>
    all.filter(({ attributes }) => !former.has(attributes['id'] ?? '')),
  );
  const added = wanted.map(({ guest, node }) =>
    preference(guest.resource, {
      id: preferenceId(guest.domain, node),
      node,
      score: guest.preference?.score ?? scoreByDefault,
    }),
  );
  return withConstraints(others, added);
}

/** By resource, where it runs: those that run on one node. */
function nodesOfRunning({ status }: Facts): ReadonlyMap<string, string> {
  const active = status?.resources.filter(({ isActive, nodes }) => isActive && nodes.length === 1) ?? [];
  return new Map(active.map(({ id, nodes }) => [id, nodes[0] ?? '']));
}
