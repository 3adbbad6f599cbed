/**
 * The difference between two configurations as Pacemaker's own patch operations (diff format 2).
 *
 * Objects are told apart by element name and id. Laws, which tests hold against Pacemaker's `cibadmin --patch`: old
 * patched is new; what can't be addressed (children without ids, or in another order), or would cost Pacemaker too
 * much, is replaced with the smallest parent that can be; nothing else is touched that is equal.
 */
import { type XmlElement, xmlElement } from '../xml/xml-element.ts';

export type CibChange =
  | { readonly operation: 'delete'; readonly path: string }
  | {
      readonly operation: 'create';
      /** Of the parent. */
      readonly path: string;
      /** Among the children that the parent has in the end. */
      readonly position: number;
      readonly element: XmlElement;
    }
  | {
      readonly operation: 'modify';
      readonly path: string;
      readonly from: XmlElement;
      readonly to: XmlElement;
    };

/** Of two `<cib>`: what turns the configuration of the first into that of the second. Status is left alone. */
export function diffConfiguration(from: XmlElement, to: XmlElement): readonly CibChange[] {
  const [before, after] = [from, to].map((cib) =>
    cib.children.find((child) => child.name === 'configuration'),
  );
  if (before === undefined || after === undefined) throw new TypeError('a <cib> has a <configuration>');
  const changes = changesOf(before, after, '/cib/configuration');
  if (changes === 'replace') throw new TypeError('the sections of a configuration can be told apart');
  return changes;
}

/**
 * Pacemaker 2.1.5 finds the place of a new child in steps that grow with the square of the number of children before it:
 * 400 guests added one by one held its CIB manager for minutes, and cost a node. Beyond this a section is replaced as a
 * whole, which is one step.
 */
const MAX_CREATION_STEPS = 10_000_000;
const creationSteps = (position: number) => position ** 2 / 2;

/** `replace`: only the element as a whole can be exchanged. */
function changesOf(from: XmlElement, to: XmlElement, path: string): readonly CibChange[] | 'replace' {
  if (from.text !== to.text) return 'replace';
  const before = keyed(from.children);
  const after = keyed(to.children);
  if (before === undefined || after === undefined) return isEqual(from, to) ? [] : 'replace';
  const kept = [...before.keys()].filter((key) => after.has(key));
  const keptAfter = [...after.keys()].filter((key) => before.has(key));
  if (kept.some((key, index) => key !== keptAfter[index])) return 'replace';

  const changes: CibChange[] = isEqualFlat(from, to) ? [] : [{ operation: 'modify', path, from, to }];
  for (const [key, child] of before) {
    if (!after.has(key)) changes.push({ operation: 'delete', path: pathOf(path, child) });
  }
  const creations: CibChange[] = [];
  let steps = 0;
  for (const [position, [key, child]] of [...after].entries()) {
    const old = before.get(key);
    const inner = old === undefined ? undefined : changesOf(old, child, pathOf(path, child));
    if (inner === 'replace') changes.push({ operation: 'delete', path: pathOf(path, child) });
    if (inner === 'replace' || inner === undefined) {
      creations.push({ operation: 'create', path, position, element: child });
      steps += creationSteps(position);
    } else changes.push(...inner);
  }
  return steps > MAX_CREATION_STEPS ? 'replace' : [...changes, ...creations];
}

/** Children by what tells them apart; undefined if something does not. */
function keyed(children: readonly XmlElement[]): Map<string, XmlElement> | undefined {
  const byKey = new Map<string, XmlElement>();
  for (const child of children) {
    const id = child.attributes['id'];
    if (id !== undefined && /['"\n]/.test(id)) return undefined;
    const key = `${child.name} ${id ?? ''}`;
    // A section is addressed by its name alone, which must then be the name of no other child.
    if (byKey.has(key)) return undefined;
    byKey.set(key, child);
  }
  const nameless = children.filter((child) => child.attributes['id'] === undefined);
  const isAmbiguous = nameless.some((child) => children.filter(({ name }) => name === child.name).length > 1);
  return isAmbiguous ? undefined : byKey;
}

function pathOf(parent: string, { name, attributes }: XmlElement): string {
  const id = attributes['id'];
  return id === undefined ? `${parent}/${name}` : `${parent}/${name}[@id='${id}']`;
}

function isEqualFlat(one: XmlElement, other: XmlElement): boolean {
  const names = Object.keys(one.attributes);
  return (
    one.name === other.name &&
    names.length === Object.keys(other.attributes).length &&
    names.every((name) => one.attributes[name] === other.attributes[name])
  );
}

function isEqual(one: XmlElement, other: XmlElement): boolean {
  return (
    isEqualFlat(one, other) &&
    one.text === other.text &&
    one.children.length === other.children.length &&
    one.children.every((child, index) => {
      const twin = other.children[index];
      return twin !== undefined && isEqual(child, twin);
    })
  );
}

/** A change as it stands in Pacemaker's `<diff>`. */
export function changeElement(change: CibChange): XmlElement {
  const { operation, path } = change;
  switch (operation) {
    case 'delete':
      return xmlElement('change', { operation, path });
    case 'create':
      return xmlElement('change', { operation, path, position: String(change.position) }, [change.element]);
    case 'modify':
      return xmlElement('change', { operation, path }, [
        xmlElement('change-list', {}, attributeChanges(change.from, change.to)),
        xmlElement('change-result', {}, [xmlElement(change.to.name, change.to.attributes)]),
      ]);
  }
}

function attributeChanges(from: XmlElement, to: XmlElement): readonly XmlElement[] {
  const names = new Set([...Object.keys(from.attributes), ...Object.keys(to.attributes)]);
  return [...names]
    .filter((name) => from.attributes[name] !== to.attributes[name])
    .map((name) => {
      const value = to.attributes[name];
      return xmlElement('change-attr', { name, operation: value === undefined ? 'unset' : 'set', value });
    });
}
