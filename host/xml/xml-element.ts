/**
 * An XML document as an immutable tree, for the documents of Pacemaker and libvirt.
 *
 * Invariant: names, values and texts are data as they were meant, entities resolved; only `print-xml.ts` escapes.
 * White space between elements is dropped, so are comments and processing instructions: none of the documents we
 * edit means anything by them. An element's own text stands before its children (no mixed content).
 */
export interface XmlElement {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: readonly XmlElement[];
  readonly text: string;
}

/** Attributes that are undefined are left out. */
export function xmlElement(
  name: string,
  attributes: Readonly<Record<string, string | undefined>> = {},
  children: readonly XmlElement[] = [],
  text = '',
): XmlElement {
  // Without a prototype: an attribute may be called `constructor`.
  const own: Record<string, string> = Object.create(null);
  for (const [key, value] of Object.entries(attributes)) {
    if (value !== undefined) own[key] = value;
  }
  return { name, attributes: own, children, text };
}

export function childrenNamed(element: XmlElement, name: string): readonly XmlElement[] {
  return element.children.filter((child) => child.name === name);
}

/** The first element down a path of names. */
export function elementAt(element: XmlElement, ...path: readonly string[]): XmlElement | undefined {
  let found: XmlElement | undefined = element;
  for (const name of path) {
    found = found?.children.find((child) => child.name === name);
  }
  return found;
}

/** All elements with one of these names below this one, in document order. */
export function* descendantsNamed(element: XmlElement, ...names: readonly string[]): Generator<XmlElement> {
  for (const child of element.children) {
    if (names.includes(child.name)) yield child;
    yield* descendantsNamed(child, ...names);
  }
}

/** A copy with some attributes set, or removed where the value is undefined. */
export function withAttributes(
  element: XmlElement,
  changes: Readonly<Record<string, string | undefined>>,
): XmlElement {
  return xmlElement(element.name, { ...element.attributes, ...changes }, element.children, element.text);
}

export function withChildren(element: XmlElement, children: readonly XmlElement[]): XmlElement {
  return { ...element, children };
}
