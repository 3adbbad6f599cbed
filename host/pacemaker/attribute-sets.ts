/**
 * Name and value pairs, which Pacemaker keeps in sets with a score: the first set of the highest score that has a
 * name decides. Sets under a `<rule>` hold only at times or places and are left out.
 */
import { childrenNamed, elementAt, type XmlElement } from '../xml/xml-element.ts';

export type NamedValues = ReadonlyMap<string, string>;

/** Finds what an `id-ref` means. */
export type ElementById = (id: string) => XmlElement | undefined;

export function idIndex(root: XmlElement): ElementById {
  let index: Map<string, XmlElement> | undefined;
  return (id) => {
    index ??= indexById(root);
    return index.get(id);
  };
}

function indexById(root: XmlElement): Map<string, XmlElement> {
  const index = new Map<string, XmlElement>();
  const visit = (element: XmlElement) => {
    const id = element.attributes['id'];
    if (id !== undefined && !index.has(id)) index.set(id, element);
    element.children.forEach(visit);
  };
  visit(root);
  return index;
}

/** The values that hold for `parent`, from its sets called `setName`. */
export function valuesIn(parent: XmlElement, setName: string, byId: ElementById): NamedValues {
  const sets = childrenNamed(parent, setName)
    .map((set) => referred(set, byId))
    .filter((set) => elementAt(set, 'rule') === undefined)
    .sort((one, other) => scoreOf(other.attributes['score']) - scoreOf(one.attributes['score']));
  const values = new Map<string, string>();
  for (const set of sets) {
    for (const pair of childrenNamed(set, 'nvpair')) {
      const target = referred(pair, byId);
      const name = pair.attributes['name'] ?? target.attributes['name'];
      const value = target.attributes['value'];
      if (name !== undefined && value !== undefined && !values.has(name)) values.set(name, value);
    }
  }
  return values;
}

/** What it stands for, by its `id-ref`; itself where that is not there. */
export function referred(element: XmlElement, byId: ElementById): XmlElement {
  const reference = element.attributes['id-ref'];
  return (reference === undefined ? undefined : byId(reference)) ?? element;
}

export const INFINITY_SCORE = 1_000_000;

/** Pacemaker's arithmetic: INFINITY is a million, nothing is beyond it. */
export function scoreOf(text: string | undefined): number {
  const word = (text ?? '').trim();
  const [, sign, isInfinite] = /^([-+]?)(inf(?:inity)?)$/i.exec(word) ?? [];
  if (isInfinite !== undefined) return sign === '-' ? -INFINITY_SCORE : INFINITY_SCORE;
  const score = Number.parseInt(word, 10);
  if (Number.isNaN(score)) return 0;
  return Math.max(-INFINITY_SCORE, Math.min(INFINITY_SCORE, score));
}

/** Pacemaker's truth. */
export const isTrue = (text: string | undefined): boolean => /^(?:1|true|on|yes|y)$/i.test(text ?? '');

/** As Pacemaker's tools print it. */
export const scoreText = (score: number): string => {
  if (score <= -INFINITY_SCORE) return '-INFINITY';
  return score >= INFINITY_SCORE ? 'INFINITY' : String(score);
};
