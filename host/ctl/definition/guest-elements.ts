/** A guest's definition as elements of the CIB. Ids within a resource are those that crmsh gives. */
import { type XmlElement, xmlElement } from '../../xml/xml-element.ts';
import type { AttributeRule, GuestDefinition, Pair } from './guest-definition.ts';

export function guestPrimitive(guest: GuestDefinition): XmlElement {
  const { resource, agent } = guest;
  return xmlElement('primitive', { id: resource, ...agent }, [
    pairs('instance_attributes', resource, guest.parameters),
    pairs('meta_attributes', resource, guest.metaAttributes),
    xmlElement(
      'operations',
      {},
      guest.operations.map(({ name, interval, timeout, onFail }) =>
        xmlElement('op', {
          name,
          interval,
          timeout,
          'on-fail': onFail,
          id: `${resource}-${name}-${interval}`,
        }),
      ),
    ),
  ]);
}

function pairs(kind: string, resource: string, values: readonly Pair[]): XmlElement {
  const id = `${resource}-${kind}`;
  return xmlElement(
    kind,
    { id },
    values.map(({ name, value }) => xmlElement('nvpair', { name, value, id: `${id}-${name}` })),
  );
}

export function guestConstraints(guest: GuestDefinition): readonly XmlElement[] {
  const { resource } = guest;
  return [
    ...guest.attributeRules.map((rule) => attributeRule(resource, rule)),
    preference(resource, guest.preference),
    ...guest.colocations.map(({ id, clone, score }) =>
      xmlElement('rsc_colocation', { id, score, rsc: resource, 'with-rsc': clone }),
    ),
    ...guest.orders.map(({ id, clone, kind, isSymmetrical }) =>
      xmlElement('rsc_order', {
        id,
        kind,
        symmetrical: String(isSymmetrical),
        first: clone,
        // biome-ignore lint/suspicious/noThenProperty: the CIB calls it so, and nobody awaits this.
        then: resource,
      }),
    ),
  ];
}

export function preference(resource: string, to: { id: string; node: string; score: string }): XmlElement {
  return xmlElement('rsc_location', { id: to.id, rsc: resource, score: to.score, node: to.node });
}

function attributeRule(resource: string, rule: AttributeRule): XmlElement {
  const { id, attribute, operation, value } = rule;
  return xmlElement('rsc_location', { id, rsc: resource }, [
    xmlElement('rule', { id: `${id}-rule`, score: '-INFINITY', 'boolean-op': 'or' }, [
      xmlElement('expression', { operation: 'not_defined', attribute, id: `${id}-rule-expression` }),
      xmlElement('expression', { operation, attribute, value, id: `${id}-rule-expression-0` }),
    ]),
  ]);
}
