/** Changes to a `<cib>` tree, each giving a new one. */
import { idIndex } from '../../pacemaker/attribute-sets.ts';
import {
  childrenNamed,
  elementAt,
  withAttributes,
  withChildren,
  type XmlElement,
  xmlElement,
} from '../../xml/xml-element.ts';

type Section = 'resources' | 'constraints' | 'tags' | 'fencing-topology' | 'acls' | 'rsc_defaults';

/** Exchanges the children of a section of the configuration; a section that is not there has none. */
export function editSection(
  cib: XmlElement,
  section: Section,
  edit: (children: readonly XmlElement[]) => readonly XmlElement[],
): XmlElement {
  const configuration = elementAt(cib, 'configuration') ?? xmlElement('configuration');
  const current = elementAt(configuration, section);
  if (current === undefined) {
    const children = edit([]);
    if (children.length === 0) return cib;
    const added = withChildren(configuration, [...configuration.children, xmlElement(section, {}, children)]);
    return replaceChild(cib, configuration, added);
  }
  const edited = withChildren(current, edit(current.children));
  return replaceChild(cib, configuration, replaceChild(configuration, current, edited));
}

/**
 * New constraints stand before the others: their order means nothing, and Pacemaker finds the place of a new element by
 * counting from the first.
 */
export const withConstraints = (cib: XmlElement, constraints: readonly XmlElement[]): XmlElement =>
  editSection(cib, 'constraints', (all) => [...constraints, ...all]);

export function replaceChild(parent: XmlElement, child: XmlElement, by: XmlElement): XmlElement {
  return withChildren(
    parent,
    parent.children.map((one) => (one === child ? by : one)),
  );
}

/** Exchanges elements wherever they stand in a list of elements; what is not named stays the same object. */
export function replaceDeep(
  elements: readonly XmlElement[],
  changes: ReadonlyMap<XmlElement, XmlElement>,
): readonly XmlElement[] {
  return elements.map((element) => {
    const changed = changes.get(element);
    if (changed !== undefined) return changed;
    const children = replaceDeep(element.children, changes);
    return children.some((child, index) => child !== element.children[index])
      ? withChildren(element, children)
      : element;
  });
}

/** A primitive with a meta attribute of that value, set where it stands, or anew. */
export function withMetaAttribute(primitive: XmlElement, name: string, value: string): XmlElement {
  const sets = childrenNamed(primitive, 'meta_attributes');
  const place = sets
    .flatMap((set) => childrenNamed(set, 'nvpair').map((pair) => ({ set, pair })))
    .find(({ pair }) => pair.attributes['name'] === name);
  if (place !== undefined) {
    const set = replaceChild(place.set, place.pair, withAttributes(place.pair, { value }));
    return replaceChild(primitive, place.set, set);
  }
  const own = sets.find(
    (set) => set.attributes['id-ref'] === undefined && elementAt(set, 'rule') === undefined,
  );
  const setId = own?.attributes['id'] ?? `${primitive.attributes['id']}-meta_attributes`;
  const pair = xmlElement('nvpair', { name, value, id: `${setId}-${name}` });
  if (own !== undefined) return replaceChild(primitive, own, withChildren(own, [...own.children, pair]));
  const [operations, rest] = [childrenNamed(primitive, 'operations'), primitive.children].map((all) => [
    ...all,
  ]);
  const set = xmlElement('meta_attributes', { id: setId }, [pair]);
  const others = (rest ?? []).filter((child) => child.name !== 'operations');
  return withChildren(primitive, [...others, set, ...(operations ?? [])]);
}

/** Whether anything in a CIB has this id. */
export function takenIds(cib: XmlElement): (id: string) => boolean {
  const byId = idIndex(elementAt(cib, 'configuration') ?? cib);
  return (id) => byId(id) !== undefined;
}
