/**
 * The set of meta attributes in which the order and the record stand, and how it is changed. Pure.
 *
 * A change replaces the whole set, and its XPath finds the set only while it is exactly what was read: Pacemaker itself
 * refuses the update when anybody was quicker (ENXIO, `no-such-object`).
 */
import { INFINITY_SCORE, scoreOf } from '../../pacemaker/attribute-sets.ts';
import { xpathLiteral } from '../../pacemaker/cib-query.ts';
import {
  childrenNamed,
  elementAt,
  withAttributes,
  withChildren,
  type XmlElement,
  xmlElement,
} from '../../xml/xml-element.ts';
import { parseRecord, RECORD_ATTRIBUTE } from '../decide/record.ts';

export const TARGET_ROLE = 'target-role';

/** Undefined: removed. */
export type MetaChanges = Readonly<Record<string, string | undefined>>;

/** Finds what takes its meta attributes from others, by reference. */
export const REFERENCES =
  '//configuration//meta_attributes[@id-ref] | //configuration//meta_attributes/nvpair[@id-ref]';

/** The ids that are referred to: what stands under them is not one resource's own. */
export const sharedIn = (references: readonly XmlElement[]): ReadonlySet<string> =>
  new Set(
    references
      .filter(({ name }) => name === 'meta_attributes' || name === 'nvpair')
      .flatMap(({ attributes }) => attributes['id-ref'] ?? []),
  );

/**
 * The resource's own set where its role stands, or else the one that decides; undefined: it has none that can be written
 * to. Two sets with a role would be one too many for everybody's tools.
 */
export function writableSet(
  primitive: XmlElement,
  shared: ReadonlySet<string> = new Set(),
): XmlElement | undefined {
  const isShared = (element: XmlElement): boolean =>
    shared.has(element.attributes['id'] ?? '') || element.children.some(isShared);
  const sets = childrenNamed(primitive, 'meta_attributes')
    .filter((set) => set.attributes['id-ref'] === undefined && elementAt(set, 'rule') === undefined)
    .filter((set) => !isShared(set))
    .toSorted((one, other) => scoreOf(other.attributes['score']) - scoreOf(one.attributes['score']));
  return sets.find((set) => valueIn(set, TARGET_ROLE) !== undefined) ?? sets[0];
}

/** The set that holds the record of this request. */
export function setWithRecord(primitive: XmlElement, id: string): XmlElement | undefined {
  return childrenNamed(primitive, 'meta_attributes').find((set) => {
    const text = valueIn(set, RECORD_ATTRIBUTE);
    return text !== undefined && parseRecord(text)?.id === id;
  });
}

export function valueIn(set: XmlElement | undefined, name: string): string | undefined {
  return pairIn(set, name)?.attributes['value'];
}

const pairIn = (set: XmlElement | undefined, name: string) =>
  set?.children.find((child) => child.name === 'nvpair' && child.attributes['name'] === name);

export function changedSet(set: XmlElement, changes: MetaChanges): XmlElement {
  const kept = set.children.flatMap((child) => {
    const name = child.name === 'nvpair' ? child.attributes['name'] : undefined;
    if (name === undefined || !Object.hasOwn(changes, name)) return [child];
    const value = changes[name];
    return value === undefined ? [] : [withAttributes(child, { value })];
  });
  const added = Object.entries(changes)
    .filter(([name, value]) => value !== undefined && pairIn(set, name) === undefined)
    .map(([name, value]) => xmlElement('nvpair', { id: `${set.attributes['id']}-${name}`, name, value }));
  return withChildren(set, [...kept, ...added]);
}

/** For a resource without a writable set: one that goes before all others. */
export const newSet = (resource: string): XmlElement =>
  xmlElement('meta_attributes', { id: ownSetId(resource), score: `${INFINITY_SCORE}` });

/** A set that we made, and that says nothing any more. */
export const isOwnAndEmpty = (resource: string, set: XmlElement): boolean =>
  set.attributes['id'] === ownSetId(resource) && set.children.length === 0;

const ownSetId = (resource: string) => `${resource}-vm-stonithd-meta`;

/** Finds the set of that resource while it is exactly this one. */
export function exactSet(resource: string, set: XmlElement): string {
  return `//primitive[@id=${xpathLiteral(resource)}]/${exactly(set)}`;
}

function exactly({ name, attributes, children }: XmlElement): string {
  const own = Object.entries(attributes).map(([key, value]) => `[@${key}=${xpathLiteral(value)}]`);
  const counts = [`[count(@*)=${own.length}]`, `[count(*)=${children.length}]`];
  return [name, ...own, ...counts, ...children.map((child) => `[${exactly(child)}]`)].join('');
}

/** Finds the resource while the configuration is the one of that version. */
export function primitiveAtVersion(
  resource: string,
  { adminEpoch, epoch }: { readonly adminEpoch: number; readonly epoch: number },
): string {
  const version = `[@admin_epoch="${adminEpoch}"][@epoch="${epoch}"]`;
  return `/cib${version}/configuration/resources//primitive[@id=${xpathLiteral(resource)}]`;
}

/** The same resource with one of its sets in place of the one of that id, or gone. */
export function withSet(primitive: XmlElement, id: string, set: XmlElement | undefined): XmlElement {
  const others = primitive.children.filter(
    (child) => child.name !== 'meta_attributes' || child.attributes['id'] !== id,
  );
  return withChildren(primitive, set === undefined ? others : [...others, set]);
}
