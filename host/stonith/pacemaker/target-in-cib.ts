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
): Promise<TargetInCib | PacemakerFailure> {
  const wanted = [historyXPath(resource), virtualMachine(resource), requesterXPath(requester, resource)];
  const answer = await queryCibXPath(pacemaker, wanted.join(' | '));
  if (!answer.ok) return answer;
  const history = historyIn(answer.elements);
  if (!history.ok) return history;
  const primitives = answer.elements.filter(({ name }) => name === 'primitive');
  const isTarget = ({ attributes }: XmlElement) => attributes['id'] === resource;
  const primitive = primitives.find(isTarget);
  const requesterIsDoomed = primitives.some((one) => !isTarget(one) && isDoomed(one));
  return {
    ...history,
    configured: { primitive, target: configuredTarget(primitive), requesterIsDoomed },
  };
}

function configuredTarget(element: XmlElement | undefined): ConfiguredTarget {
  if (element === undefined) return { kind: 'none' };
  const set = writableSet(element);
  const record = valueIn(set, RECORD_ATTRIBUTE);
  return {
    kind: 'virtual-machine',
    ownRole: valueIn(set, TARGET_ROLE),
    record: record === undefined ? undefined : parseRecord(record),
  };
}

/** A primitive of that type, its own or its template's, alone or in a group: in a clone it has no state of its own. */
export function virtualMachine(resource: string): string {
  const kind = '[@type="VirtualDomain" or @template=//template[@type="VirtualDomain"]/@id]';
  return `//resources//primitive[@id=${xpathLiteral(resource)}]${kind}[not(ancestor::clone or ancestor::master or ancestor::bundle)]`;
}
