/** The clones of hosts as elements of the CIB. Ids within them are those that crmsh gives. */
import { type XmlElement, xmlElement } from '../../xml/xml-element.ts';
import type { CloneDefinition, CloneOrder, Pair } from './host-definition.ts';

export function cloneElement(definition: CloneDefinition): XmlElement {
  const { clone, primitive, agent, parameters, operations, metaAttributes } = definition;
  return xmlElement('clone', { id: clone }, [
    ...pairs('meta_attributes', clone, metaAttributes),
    xmlElement('primitive', { id: primitive, ...agent }, [
      ...pairs('instance_attributes', primitive, parameters),
      xmlElement(
        'operations',
        {},
        operations.map(({ name, interval, timeout, onFail }) =>
          xmlElement('op', {
            name,
            interval,
            timeout,
            'on-fail': onFail,
            id: `${primitive}-${name}-${interval}`,
          }),
        ),
      ),
    ]),
  ]);
}

function pairs(kind: string, of: string, values: readonly Pair[]): readonly XmlElement[] {
  if (values.length === 0) return [];
  const id = `${of}-${kind}`;
  const children = values.map(({ name, value }) =>
    xmlElement('nvpair', { name, value, id: `${id}-${name}` }),
  );
  return [xmlElement(kind, { id }, children)];
}

export const orderElement = ({ id, first, second }: CloneOrder): XmlElement =>
  xmlElement('rsc_order', {
    id,
    kind: 'Optional',
    symmetrical: 'true',
    first,
    // biome-ignore lint/suspicious/noThenProperty: the CIB calls it so, and nobody awaits this.
    then: second,
  });
