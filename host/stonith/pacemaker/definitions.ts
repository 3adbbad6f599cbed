/**
 * Which agent a resource has, which virtual machine it means, and who else means it: what is stopped as one resource runs as
 * another that has the same `config`. A parameter may stand in the resource itself, by rule or not, in a template, in its
 * group or clone, or be a reference (`id-ref`). Pure.
 *
 * Two stages, for the whole configuration of a large cluster takes its time: mostly a resource has its `config` itself, and
 * nobody else has that value or refers to it, which a narrow query tells. Where that is not so the configuration is read.
 */
import { type ElementById, idIndex, referred, scoreOf } from '../../pacemaker/attribute-sets.ts';
import { xpathLiteral } from '../../pacemaker/cib-query.ts';
import { childrenNamed, elementAt, type XmlElement } from '../../xml/xml-element.ts';

const SETS = 'instance_attributes';
const CONFIG = 'config';
const HYPERVISOR = 'hypervisor';

interface Agent {
  readonly provider: string | undefined;
  /** The URIs of libvirt that it may have: none is the agent's own choice, which is the system's. */
  readonly hypervisors: readonly string[];
}

/** Why what the agent tells proves no end. */
export function agentFaultOf({ provider, hypervisors }: Agent): string | undefined {
  if (provider !== 'extra')
    return `its resource agent is ocf:${provider}:VirtualDomain, which proves no end; fencing takes ocf:extra:VirtualDomain`;
  const other = hypervisors.find((uri) => uri !== 'qemu:///system');
  return other === undefined
    ? undefined
    : `its resource has hypervisor=${other}, where its agent proves no end; fencing takes qemu:///system`;
}

/** Of a resource that has all of its parameters itself. */
export interface PlainDefinition extends Agent {
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
  const valuesOf = (name: string) =>
    parts.flatMap(({ attributes }) => (attributes['name'] === name ? [attributes['value'] ?? ''] : []));
  return {
    provider: resource.attributes['provider'],
    hypervisors: valuesOf(HYPERVISOR),
    configs: valuesOf(CONFIG),
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

/** In `<configuration>`; `twin` is another resource that may have a `config` which this one may have, too. */
export function definitionIn(
  configuration: XmlElement,
  resource: string,
): Agent & { readonly twin: string | undefined } {
  const byId = idIndex(configuration);
  const all = new Map<string, Layers>();
  const visit = (element: XmlElement, ancestors: readonly XmlElement[]) => {
    const id = element.attributes['id'];
    if (element.name === 'primitive' && id !== undefined) all.set(id, layersOf(element, ancestors, byId));
    for (const child of element.children) visit(child, [element, ...ancestors]);
  };
  for (const section of childrenNamed(configuration, 'resources')) visit(section, []);
  const one = all.get(resource);
  if (one === undefined) return { provider: undefined, hypervisors: [], twin: undefined };
  const own = [...valuesIn(one, CONFIG)];
  const twin = [...all].find(([id, other]) => {
    const theirs = id === resource ? new Set() : valuesIn(other, CONFIG);
    return own.some((file) => theirs.has(file));
  });
  return { provider: one.provider, hypervisors: [...valuesIn(one, HYPERVISOR)], twin: twin?.[0] };
}

interface Layers {
  readonly provider: string | undefined;
  /** Nearest first: what a resource says itself goes before its template, and both before what it is in. */
  readonly elements: readonly XmlElement[];
  readonly hasTemplate: boolean;
  readonly byId: ElementById;
}

function layersOf(primitive: XmlElement, ancestors: readonly XmlElement[], byId: ElementById): Layers {
  const template = byId(primitive.attributes['template'] ?? '');
  return {
    provider: primitive.attributes['provider'] ?? template?.attributes['provider'],
    elements: [primitive, ...(template === undefined ? [] : [template]), ...ancestors],
    hasTemplate: template !== undefined,
    byId,
  };
}

/** Which values a parameter may have. */
function valuesIn({ elements, hasTemplate, byId }: Layers, name: string): ReadonlySet<string> {
  const layers = elements.map((one) => layerOf(one, name, byId));
  // By its score a set of the template may go before the resource's own.
  const nearest = hasTemplate && layers.slice(0, 2).some(({ isScored }) => isScored) ? 2 : 1;
  const decided = layers.findIndex(
    (_, index) => index + 1 >= nearest && layers.slice(0, index + 1).some(({ decides }) => decides),
  );
  const holding = decided < 0 ? layers : layers.slice(0, decided + 1);
  return new Set(holding.flatMap(({ values }) => values));
}

interface Layer {
  readonly values: readonly string[];
  /** One of them holds always. */
  readonly decides: boolean;
  readonly isScored: boolean;
}

function layerOf(element: XmlElement, name: string, byId: ElementById): Layer {
  const values: string[] = [];
  let [decides, isScored] = [false, false];
  for (const set of childrenNamed(element, SETS).map((one) => referred(one, byId))) {
    const own = childrenNamed(set, 'nvpair').flatMap((pair) => {
      const { attributes } = referred(pair, byId);
      const isNamed = (pair.attributes['name'] ?? attributes['name']) === name;
      return isNamed && attributes['value'] !== undefined ? [attributes['value']] : [];
    });
    values.push(...own);
    decides ||= own.length > 0 && elementAt(set, 'rule') === undefined;
    isScored ||= scoreOf(set.attributes['score']) !== 0;
  }
  return { values, decides, isScored };
}
