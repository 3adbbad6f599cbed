/**
 * Transient node attributes: `attrd_updater`, and the status section of the CIB for many at once.
 *
 * Facts of Pacemaker 2.1.5: an update is in pacemaker-attrd's hands when the tool ends, is seen by a local query at
 * once and reaches the other nodes in order with whatever the cluster is told next; the CIB has it a moment later. A
 * deletion takes the attribute out of the CIB, while pacemaker-attrd keeps an empty value: so an empty value *is* an
 * unset one, and none can be set. A node that does not exist is accepted silently: the caller must know the node.
 */
import { childrenNamed } from '../xml/xml-element.ts';
import { idIndex, type NamedValues, valuesIn } from './attribute-sets.ts';
import { queryCibXPath } from './cib-query.ts';
import { cibTextFault } from './cib-text.ts';
import { callPacemaker, type Pacemaker, type PacemakerFailure } from './pacemaker-call.ts';
import { callForResult, requiredText } from './pacemaker-result.ts';

export interface NodeAttribute {
  readonly name: string;
  readonly node: string;
}

export async function setNodeAttribute(
  pacemaker: Pacemaker,
  attribute: NodeAttribute,
  value: string,
): Promise<{ readonly ok: true } | PacemakerFailure> {
  const fault =
    value === '' ? 'an empty value would be none' : (cibTextFault(attribute.name) ?? cibTextFault(value));
  if (fault !== undefined)
    return { ok: false, kind: 'refused', fault: `cannot set ${attribute.name}: ${fault}` };
  return changeAttribute(pacemaker, attribute, [`--update=${value}`]);
}

/** An attribute that is not set is as good as deleted. */
export async function deleteNodeAttribute(
  pacemaker: Pacemaker,
  attribute: NodeAttribute,
): Promise<{ readonly ok: true } | PacemakerFailure> {
  return changeAttribute(pacemaker, attribute, ['--delete']);
}

export async function changeAttribute(
  pacemaker: Pacemaker,
  { name, node }: NodeAttribute,
  change: readonly string[],
): Promise<{ readonly ok: true } | PacemakerFailure> {
  const answer = await callPacemaker(pacemaker, [
    'attrd_updater',
    `--name=${name}`,
    `--node=${node}`,
    ...change,
  ]);
  return answer.ok ? { ok: true } : answer;
}

/** Not set is an empty map: pacemaker-attrd says so in words, with an exit code of its own. */
const NO_SUCH_ATTRIBUTE = /attribute does not exist|no such (?:device|attribute|object)/i;

/** The values of one attribute on all nodes that have it, as pacemaker-attrd knows them: newer than the CIB. */
export async function queryNodeAttribute(
  pacemaker: Pacemaker,
  name: string,
): Promise<{ readonly ok: true; readonly values: ReadonlyMap<string, string> } | PacemakerFailure> {
  const argv = ['attrd_updater', `--name=${name}`, '--query', '--all'];
  const answer = await callForResult(pacemaker, argv, (result) => ({
    values: new Map(
      childrenNamed(result, 'attribute')
        .map((attribute) => [requiredText(attribute, 'host'), attribute.attributes['value'] ?? ''] as const)
        .filter(([, value]) => value !== ''),
    ),
  }));
  if (answer.ok) return answer;
  const isUnset =
    (answer.kind === 'invalid' || answer.kind === 'no-such-object') && NO_SUCH_ATTRIBUTE.test(answer.fault);
  return isUnset ? { ok: true, values: new Map() } : answer;
}

/** All transient attributes of all nodes, by one query however many there are (10 ms). */
export async function queryAllNodeAttributes(
  pacemaker: Pacemaker,
): Promise<{ readonly ok: true; readonly nodes: ReadonlyMap<string, NamedValues> } | PacemakerFailure> {
  const answer = await queryCibXPath(
    pacemaker,
    '/cib/configuration/nodes/node|/cib/status/node_state/transient_attributes',
  );
  if (!answer.ok) return answer;
  const nodes = new Map<string, NamedValues>();
  for (const { name, attributes } of answer.elements) {
    if (name !== 'node') continue;
    const own = answer.elements.find(
      (element) => element.name === 'transient_attributes' && element.attributes['id'] === attributes['id'],
    );
    const values = own === undefined ? [] : [...valuesIn(own, 'instance_attributes', idIndex(own))];
    nodes.set(attributes['uname'] ?? '', new Map(values.filter(([, value]) => value !== '')));
  }
  return { ok: true, nodes };
}
