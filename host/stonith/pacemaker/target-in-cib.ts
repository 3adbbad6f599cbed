/** What the CIB says of a target: its configuration, that of the guest that asks, and what the nodes last did with it. */
import { queryCibXPath, xpathLiteral } from '../../pacemaker/cib-query.ts';
import type { Pacemaker, PacemakerFailure } from '../../pacemaker/pacemaker-call.ts';
import {
  historyIn,
  historyXPath,
  type NodeHistory,
  queryResourceHistory,
} from '../../pacemaker/resource-history.ts';
import type { XmlElement } from '../../xml/xml-element.ts';
import { parseRecord, RECORD_ATTRIBUTE } from '../decide/record.ts';
import type { ConfiguredTarget } from './cluster-facts.ts';
import { TARGET_ROLE, valueIn, writableSet } from './meta-set.ts';
import { isDoomed, requesterXPath } from './requester.ts';

interface TargetInCib {
  readonly ok: true;
  readonly nodes: ReadonlyMap<string, NodeHistory>;
  /** Undefined: it was not asked for. */
  readonly configured:
    | {
        readonly primitive: XmlElement | undefined;
        readonly target: ConfiguredTarget;
        readonly requesterIsDoomed: boolean;
      }
    | undefined;
}

export async function readHistory(
  pacemaker: Pacemaker,
  resource: string,
): Promise<TargetInCib | PacemakerFailure> {
  const history = await queryResourceHistory(pacemaker, resource);
  return history.ok ? { ...history, configured: undefined } : history;
}

/** History and configuration by one query: each costs a process. */
export async function readTarget(
  pacemaker: Pacemaker,
  resource: string,
  requester: string,
  definitions: Definitions,
): Promise<TargetInCib | PacemakerFailure> {
  const wanted = [
    historyXPath(resource),
    virtualMachine(resource),
    requesterXPath(requester, resource),
    ...twinXPaths(resource, definitions.get(resource)),
  ];
  const answer = await queryCibXPath(pacemaker, wanted.join(' | '));
  if (!answer.ok) return answer;
  const history = historyIn(answer.elements);
  if (!history.ok) return history;
  const primitives = answer.elements.filter(({ name }) => name === 'primitive');
  const isTarget = ({ attributes }: XmlElement) => attributes['id'] === resource;
  const primitive = primitives.find(isTarget);
  const definition = definitionIn(primitive);
  const others = primitives.filter((one) => !isTarget(one));
  const isTwin = (one: XmlElement) => definition !== undefined && definitionIn(one) === definition;
  const requesterIsDoomed = others.some((one) => !isTwin(one) && isDoomed(one));
  let twin = others.find(isTwin);
  if (definition !== undefined && definition !== definitions.get(resource)) {
    const twins = await queryCibXPath(pacemaker, twinXPaths(resource, definition).join(' | '));
    if (!twins.ok) return twins;
    twin = twins.elements[0];
    definitions.set(resource, definition);
  }
  const target = configuredTarget(primitive, twin?.attributes['id']);
  return { ...history, configured: { primitive, target, requesterIsDoomed } };
}

/** By resource, as they were last seen: so that twins are looked for by the same query. */
export type Definitions = Map<string, string>;

/** The file that says which virtual machine it is. */
const definitionIn = (primitive: XmlElement | undefined): string | undefined =>
  primitive?.children
    .filter(({ name }) => name === 'instance_attributes')
    .map((set) => valueIn(set, 'config'))
    .find((value) => value !== undefined);

const twinXPaths = (resource: string, definition: string | undefined): readonly string[] =>
  definition === undefined
    ? []
    : [
        `//resources//primitive[@id!=${xpathLiteral(resource)}]${KIND}[instance_attributes/nvpair[@name="config" and @value=${xpathLiteral(definition)}]]`,
      ];

function configuredTarget(element: XmlElement | undefined, twin: string | undefined): ConfiguredTarget {
  if (element === undefined) return { kind: 'none' };
  const set = writableSet(element);
  const record = valueIn(set, RECORD_ATTRIBUTE);
  return {
    kind: 'virtual-machine',
    ownRole: valueIn(set, TARGET_ROLE),
    record: record === undefined ? undefined : parseRecord(record),
    twin,
  };
}

const KIND = '[@type="VirtualDomain" or @template=//template[@type="VirtualDomain"]/@id]';

/** A primitive of that type, its own or its template's, alone or in a group: in a clone it has no state of its own. */
export function virtualMachine(...resources: readonly string[]): string {
  const isNamed = resources.map((resource) => `@id=${xpathLiteral(resource)}`).join(' or ');
  return `//resources//primitive[${isNamed}]${KIND}[not(ancestor::clone or ancestor::master or ancestor::bundle)]`;
}
