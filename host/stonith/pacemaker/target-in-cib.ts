/** What the CIB says of a target: its configuration, that of the guest that asks, and what the nodes last did with it. */
import { isDeepStrictEqual } from 'node:util';
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
import { REFERENCES, sharedIn, TARGET_ROLE, valueIn, writableSet } from './meta-set.ts';
import { isDoomed, requesterXPath } from './requester.ts';
import { type Definition, definitionOf, isTwin, sourcesXPath, twinsXPath } from './twins.ts';

interface TargetInCib {
  readonly ok: true;
  readonly nodes: ReadonlyMap<string, NodeHistory>;
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
  const known = definitions.get(resource);
  const wanted = [
    historyXPath(resource),
    virtualMachine(resource),
    requesterXPath(requester, resource),
    REFERENCES,
    ...(known === undefined ? [] : [twinsXPath(resource, known)]),
  ];
  const answer = await queryCibXPath(pacemaker, wanted.join(' | '));
  if (!answer.ok) return answer;
  const history = historyIn(answer.elements);
  if (!history.ok) return history;
  const resources = answer.elements.filter(({ name }) => name === 'primitive' || name === 'template');
  const isTarget = ({ attributes }: XmlElement) => attributes['id'] === resource;
  const primitive = resources.find(isTarget);
  const others = resources.filter((one) => !isTarget(one));
  const twin = await twinOf(pacemaker, primitive, { known, others }, definitions);
  if (!twin.ok) return twin;
  const requesterIsDoomed = others.some(
    (one) => one.name === 'primitive' && one !== twin.twin && isDoomed(one),
  );
  const shared = sharedIn(answer.elements);
  const target = configuredTarget(primitive, twin.twin?.attributes['id'], shared);
  return { ...history, configured: { primitive, target, requesterIsDoomed, shared } };
}

/** By resource, as they were last seen: so that twins are looked for by the same query. */
export type Definitions = Map<string, Definition>;

/** Of what was found already, if it was looked for by what still holds: another look may have learned it since. */
async function twinOf(
  pacemaker: Pacemaker,
  primitive: XmlElement | undefined,
  found: { readonly known: Definition | undefined; readonly others: readonly XmlElement[] },
  definitions: Definitions,
): Promise<{ readonly ok: true; readonly twin: XmlElement | undefined } | PacemakerFailure> {
  const resource = primitive?.attributes['id'];
  if (primitive === undefined || resource === undefined) return { ok: true, twin: undefined };
  let definition = definitionOf(primitive);
  const elsewhere = definition === undefined ? sourcesXPath(primitive) : undefined;
  if (elsewhere !== undefined) {
    const sources = await queryCibXPath(pacemaker, elsewhere);
    if (!sources.ok) return sources;
    definition = definitionOf(primitive, sources.elements);
  }
  if (definition === undefined) return { ok: true, twin: undefined };
  const { known, others } = found;
  if (known !== undefined && isDeepStrictEqual(definition, known))
    return { ok: true, twin: others.find((one) => isTwin(one, known)) };
  definitions.set(resource, definition);
  const twins = await queryCibXPath(pacemaker, twinsXPath(resource, definition));
  return twins.ok ? { ok: true, twin: twins.elements[0] } : twins;
}

function configuredTarget(
  element: XmlElement | undefined,
  twin: string | undefined,
  shared: ReadonlySet<string>,
): ConfiguredTarget {
  if (element === undefined) return { kind: 'none' };
  const set = writableSet(element, shared);
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
