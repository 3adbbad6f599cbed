/** Plans `resource delete`: the guest and everything in the configuration that names it. */
import {
  childrenNamed,
  descendantsNamed,
  elementAt,
  withChildren,
  type XmlElement,
} from '../../xml/xml-element.ts';
import type { Facts } from '../cluster/facts.ts';
import type { Guest } from '../cluster/guests.ts';
import { type Message, message } from '../messages/message.ts';
import { editSection } from './edit-cib.ts';
import type { WantedName } from './guest-names.ts';
import { meantGuests } from './meant-guests.ts';
import type { Plan } from './plan.ts';

export function planDelete(names: readonly WantedName[], facts: Facts): Plan {
  const { guests, problems } = meantGuests(names, facts);
  const ids = new Set(guests.map(({ resource }) => resource));
  let after = editSection(facts.cib.root, 'resources', (all) =>
    all.filter((element) => !ids.has(element.attributes['id'] ?? '')),
  );
  after = editSection(after, 'constraints', (all) => all.flatMap((one) => withoutGuests(one, ids)));
  after = editSection(after, 'tags', (tags) => tags.flatMap((tag) => withoutReferences(tag, 'obj_ref', ids)));
  return {
    problems: [...problems, ...problemsOf(guests, facts)],
    warnings: [],
    notes: [],
    after,
    guests,
  };
}

function problemsOf(guests: readonly Guest[], { cib, status }: Facts): readonly Message[] {
  const active = new Map(
    status?.resources.filter(({ isActive }) => isActive).map(({ id, nodes }) => [id, nodes]),
  );
  const acls = elementAt(cib.root, 'configuration', 'acls');
  const permissions = acls === undefined ? [] : [...descendantsNamed(acls, 'acl_permission')];
  return guests.flatMap(({ domain, resource, primitive }) => {
    const problems: Message[] = [];
    const nodes = active.get(resource);
    if (nodes !== undefined) {
      problems.push(message('guest-still-runs', { guest: domain, node: nodes.join(', ') || '?' }));
    }
    const container = primitive.within[0];
    if (container !== undefined) {
      problems.push(message('guest-in-container', { guest: domain, container: container.id }));
    }
    for (const { attributes } of permissions) {
      if (attributes['reference'] === resource)
        problems.push(message('guest-in-acl', { guest: domain, id: attributes['id'] ?? '' }));
    }
    return problems;
  });
}

const NAMING = ['rsc', 'with-rsc', 'first', 'then'];

/** A constraint without what is deleted: gone, or with sets that are left. */
function withoutGuests(constraint: XmlElement, ids: ReadonlySet<string>): readonly XmlElement[] {
  if (NAMING.some((name) => ids.has(constraint.attributes[name] ?? ''))) return [];
  if (childrenNamed(constraint, 'resource_set').length === 0) return [constraint];
  const children = constraint.children.flatMap((child) => withoutReferences(child, 'resource_ref', ids));
  const isLeft = children.some(({ name }) => name === 'resource_set');
  return isLeft ? [withChildren(constraint, children)] : [];
}

function withoutReferences(
  parent: XmlElement,
  name: string,
  ids: ReadonlySet<string>,
): readonly XmlElement[] {
  if (childrenNamed(parent, name).length === 0) return [parent];
  const children = parent.children.filter(
    (child) => child.name !== name || !ids.has(child.attributes['id'] ?? ''),
  );
  return children.length === 0 ? [] : [withChildren(parent, children)];
}
