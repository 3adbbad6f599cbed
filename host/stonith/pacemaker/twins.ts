/**
 * Other resources that start the same virtual machine: what is stopped as one of them runs as the other. They may have the
 * same `config`, in whichever way it is written: in themselves, by rule or not, in a template, in their group or clone, or
 * by reference (`id-ref`). Pure.
 *
 * Two stages, for the whole configuration of a large cluster takes its time: mostly a resource has its `config` itself, and
 * nobody else has that value or refers to it, which a narrow query tells. Where that is not so the configuration is read.
 */
import { type ElementById, idIndex, referred, scoreOf } from '../../pacemaker/attribute-sets.ts';
import { xpathLiteral } from '../../pacemaker/cib-query.ts';
import { childrenNamed, elementAt, type XmlElement } from '../../xml/xml-element.ts';

const SETS = 'instance_attributes';
const CONFIG = 'config';

/** Of a resource that has all of its `config` itself. */
export interface PlainDefinition {
  /** Domain XML files: more than one where rules choose. */
  readonly configs: readonly string[];
  /** Of its sets and values, which others may refer to. */
  readonly ids: readonly string[];
}

/** Finds what the resource may have from its group or clone. */
export const inheritedXPath = (resource: string): string =>
  `//resources//primitive[@id=${xpathLiteral(resource)}]/ancestor::*/${SETS}`;

/** Undefined: what it is stands elsewhere, too. `inherited` is what `inheritedXPath` has found, also beside other things. */
export function plainDefinitionOf(
  resource: XmlElement,
  inherited: readonly XmlElement[],
): PlainDefinition | undefined {
  const sets = childrenNamed(resource, SETS);
  const parts = sets.flatMap((set) => [set, ...childrenNamed(set, 'nvpair')]);
  const isElsewhere =
    resource.attributes['template'] !== undefined ||
    inherited.some(({ name }) => name === SETS) ||
    parts.some(({ attributes }) => attributes['id-ref'] !== undefined);
  if (isElsewhere) return undefined;
  return {
    configs: parts.flatMap(({ attributes }) =>
      attributes['name'] === CONFIG ? [attributes['value'] ?? ''] : [],
    ),
    ids: parts.flatMap(({ attributes }) => attributes['id'] ?? []),
  };
}

/** Finds whatever has to do with the same files, the resource's own values included. */
export function suspectsXPath({ configs, ids }: PlainDefinition): string {
  const anyOf = (attribute: string, values: readonly string[]) =>
    values.map((value) => `@${attribute}=${xpathLiteral(value)}`).join(' or ') || 'false()';
  const sameFile = `//configuration//nvpair[@name="${CONFIG}"][${anyOf('value', configs)}]`;
  return `${sameFile} | //configuration//*[${anyOf('id-ref', ids)}]`;
}

/** Of what `suspectsXPath` and other paths have found together. */
export function hasSuspects(elements: readonly XmlElement[], { configs, ids }: PlainDefinition): boolean {
  return elements.some(({ attributes }) => {
    const reference = attributes['id-ref'];
    if (reference !== undefined) return ids.includes(reference);
    const isSame = attributes['name'] === CONFIG && configs.includes(attributes['value'] ?? '');
    return isSame && !ids.includes(attributes['id'] ?? '');
  });
}

/** In `<configuration>`: a resource that may have a `config` which this one may have, too. */
export function twinIn(configuration: XmlElement, resource: string): string | undefined {
  const byId = idIndex(configuration);
  const files = new Map<string, ReadonlySet<string>>();
  const visit = (element: XmlElement, ancestors: readonly XmlElement[]) => {
    const id = element.attributes['id'];
    if (element.name === 'primitive' && id !== undefined) files.set(id, filesOf(element, ancestors, byId));
    for (const child of element.children) visit(child, [element, ...ancestors]);
  };
  for (const section of childrenNamed(configuration, 'resources')) visit(section, []);
  const own = [...(files.get(resource) ?? [])];
  const others = [...files].filter(([id]) => id !== resource);
  return others.find(([, theirs]) => own.some((file) => theirs.has(file)))?.[0];
}

/** Nearest first: what a resource says itself goes before its template, and both before what it is in. */
function filesOf(
  primitive: XmlElement,
  ancestors: readonly XmlElement[],
  byId: ElementById,
): ReadonlySet<string> {
  const template = byId(primitive.attributes['template'] ?? '');
  const layers = [primitive, ...(template === undefined ? [] : [template]), ...ancestors].map((one) =>
    layerOf(one, byId),
  );
  // By its score a set of the template may go before the resource's own.
  const nearest = template !== undefined && layers.slice(0, 2).some(({ isScored }) => isScored) ? 2 : 1;
  const decided = layers.findIndex(
    (_, index) => index + 1 >= nearest && layers.slice(0, index + 1).some(({ decides }) => decides),
  );
  const holding = decided < 0 ? layers : layers.slice(0, decided + 1);
  return new Set(holding.flatMap(({ files }) => files));
}

interface Layer {
  readonly files: readonly string[];
  /** One of them holds always. */
  readonly decides: boolean;
  readonly isScored: boolean;
}

function layerOf(element: XmlElement, byId: ElementById): Layer {
  const files: string[] = [];
  let [decides, isScored] = [false, false];
  for (const set of childrenNamed(element, SETS).map((one) => referred(one, byId))) {
    const own = childrenNamed(set, 'nvpair').flatMap((pair) => {
      const { attributes } = referred(pair, byId);
      const name = pair.attributes['name'] ?? attributes['name'];
      return name === CONFIG && attributes['value'] !== undefined ? [attributes['value']] : [];
    });
    files.push(...own);
    decides ||= own.length > 0 && elementAt(set, 'rule') === undefined;
    isScored ||= scoreOf(set.attributes['score']) !== 0;
  }
  return { files, decides, isScored };
}
