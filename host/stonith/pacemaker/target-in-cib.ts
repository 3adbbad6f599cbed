/** What the CIB says of a target: its configuration, that of the guest that asks, and what the nodes last did with it. */
import { isDeepStrictEqual } from 'node:util';
import { queryCibSection, queryCibXPath, xpathLiteral } from '../../pacemaker/cib-query.ts';
import type { Pacemaker, PacemakerFailure } from '../../pacemaker/pacemaker-call.ts';
import { historyIn, historyXPath, type NodeHistory } from '../../pacemaker/resource-history.ts';
import { childrenNamed, type XmlElement } from '../../xml/xml-element.ts';
import { parseRecord, RECORD_ATTRIBUTE } from '../decide/record.ts';
import type { ConfiguredTarget } from './cluster-facts.ts';
import {
  agentFaultOf,
  definitionIn,
  hasSuspects,
  inheritedXPath,
  type PlainDefinition,
  plainDefinitionOf,
  suspectsXPath,
} from './definitions.ts';
import { REFERENCES, sharedIn, TARGET_ROLE, valueIn, writableSet } from './meta-set.ts';
import { isDoomed, requesterXPath } from './requester.ts';

interface TargetInCib {
  readonly ok: true;
  readonly nodes: ReadonlyMap<string, NodeHistory>;
  /** The coordinator may call itself idle with work to do. */
  readonly waitsIdly: boolean;
  /** Undefined: it was not asked for. */
  readonly configured:
    | {
        readonly primitive: XmlElement | undefined;
        readonly target: ConfiguredTarget;
        readonly requesterIsDoomed: boolean;
        /** Ids of meta attributes that other resources refer to. */
        readonly shared: ReadonlySet<string>;
      }
    | undefined;
}

/** How long the coordinator waits before it acts on a change, calling itself idle. */
const DELAY = 'transition-delay';
const DELAYS = `//configuration/crm_config//nvpair[@name="${DELAY}"]`;
const NO_TIME = /^\s*0+[a-z]*\s*$/i;

const waitsIdlyIn = (elements: readonly XmlElement[]): boolean =>
  elements.some(({ attributes }) => attributes['name'] === DELAY && !NO_TIME.test(attributes['value'] ?? ''));

/** What every look has to know, from one query. */
const coursePaths = (resource: string) => [historyXPath(resource), DELAYS];

function courseIn(elements: readonly XmlElement[]) {
  const history = historyIn(elements);
  return history.ok ? { ...history, waitsIdly: waitsIdlyIn(elements) } : history;
}

export async function readHistory(
  pacemaker: Pacemaker,
  resource: string,
): Promise<TargetInCib | PacemakerFailure> {
  const answer = await queryCibXPath(pacemaker, coursePaths(resource).join(' | '));
  if (!answer.ok) return answer;
  const course = courseIn(answer.elements);
  return course.ok ? { ...course, configured: undefined } : course;
}

/** History and configuration by one query: each costs a process. */
export async function readTarget(
  pacemaker: Pacemaker,
  resource: string,
  requester: string,
  definitions: Definitions,
): Promise<TargetInCib | PacemakerFailure> {
  const known = definitions.get(resource);
  const wanted = [
    ...coursePaths(resource),
    virtualMachine(resource),
    inheritedXPath(resource),
    requesterXPath(requester, resource),
    REFERENCES,
    ...(known === undefined ? [] : [suspectsXPath(known)]),
  ];
  const answer = await queryCibXPath(pacemaker, wanted.join(' | '));
  if (!answer.ok) return answer;
  const course = courseIn(answer.elements);
  if (!course.ok) return course;
  const primitives = answer.elements.filter(({ name }) => name === 'primitive');
  const isTarget = ({ attributes }: XmlElement) => attributes['id'] === resource;
  const primitive = primitives.find(isTarget);
  const found = await obstacleOf(pacemaker, primitive, { known, elements: answer.elements }, definitions);
  if (!found.ok) return found;
  const requesterIsDoomed = primitives.some((one) => !isTarget(one) && isDoomed(one));
  const shared = sharedIn(answer.elements);
  const target = configuredTarget(primitive, found.obstacle, shared);
  return { ...course, configured: { primitive, target, requesterIsDoomed, shared } };
}

/** By resource, as they were last seen: so that suspects are looked for by the same query. */
export type Definitions = Map<string, PlainDefinition>;

/** Of what was found already, if it was looked for by what still holds: another look may have learned it since. */
async function obstacleOf(
  pacemaker: Pacemaker,
  primitive: XmlElement | undefined,
  found: { readonly known: PlainDefinition | undefined; readonly elements: readonly XmlElement[] },
  definitions: Definitions,
): Promise<{ readonly ok: true; readonly obstacle: string | undefined } | PacemakerFailure> {
  const resource = primitive?.attributes['id'];
  if (primitive === undefined || resource === undefined) return { ok: true, obstacle: undefined };
  const definition = plainDefinitionOf(primitive, found.elements);
  if (definition !== undefined) {
    definitions.set(resource, definition);
    const suspects = isDeepStrictEqual(definition, found.known)
      ? { ok: true as const, elements: found.elements }
      : await queryCibXPath(pacemaker, suspectsXPath(definition));
    if (!suspects.ok) return suspects;
    if (!hasSuspects(suspects.elements, definition)) return { ok: true, obstacle: agentFaultOf(definition) };
  }
  const configuration = await queryCibSection(pacemaker, 'configuration');
  if (!configuration.ok) return configuration;
  const { twin, ...agent } = definitionIn(configuration.section, resource);
  const obstacle =
    twin === undefined
      ? agentFaultOf(agent)
      : `resource ${twin} starts the same virtual machine; delete one of them`;
  return { ok: true, obstacle };
}

function configuredTarget(
  element: XmlElement | undefined,
  obstacle: string | undefined,
  shared: ReadonlySet<string>,
): ConfiguredTarget {
  if (element === undefined) return { kind: 'none' };
  const set = writableSet(element, shared);
  const record = valueIn(set, RECORD_ATTRIBUTE);
  return {
    kind: 'virtual-machine',
    ownRole: valueIn(set, TARGET_ROLE),
    record: record === undefined ? undefined : parseRecord(record),
    obstacle,
  };
}

/** Its resource agent may keep its memory when it is stopped, and start it with that: what a template says is not looked at. */
export const savesMemory = (primitive: XmlElement): boolean =>
  primitive.attributes['template'] !== undefined ||
  childrenNamed(primitive, 'instance_attributes').some((set) => (valueIn(set, 'snapshot') ?? '') !== '');

const KIND = '[@type="VirtualDomain" or @template=//template[@type="VirtualDomain"]/@id]';

/** A primitive of that type, its own or its template's, alone or in a group: in a clone it has no state of its own. */
export function virtualMachine(...resources: readonly string[]): string {
  const isNamed = resources.map((resource) => `@id=${xpathLiteral(resource)}`).join(' or ');
  return `//resources//primitive[${isNamed}]${KIND}[not(ancestor::clone or ancestor::master or ancestor::bundle)]`;
}
