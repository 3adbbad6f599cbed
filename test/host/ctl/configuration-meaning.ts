/**
 * A configuration as a text that is equal exactly when the meaning is: order among resources, constraints and
 * attributes does not count, nor do the ids that nothing refers to (of sets, pairs, operations and expressions), nor
 * what says no more than the default: an order is one of starts.
 */
import assert from 'node:assert/strict';
import { parseXml } from '../../../host/xml/parse-xml.ts';
import { elementAt, type XmlElement } from '../../../host/xml/xml-element.ts';

const DEFAULTS = ['first-action="start"', 'then-action="start"'];
const NAMELESS = ['instance_attributes', 'meta_attributes', 'nvpair', 'op', 'expression'];

export function configurationMeaning(cib: string): string {
  const document = parseXml(cib);
  assert.ok(document.ok, JSON.stringify(document));
  const sections = ['resources', 'constraints', 'rsc_defaults'].map((name) =>
    elementAt(document.root, 'configuration', name),
  );
  return sections.flatMap((section) => (section === undefined ? [] : meaning(section, ''))).join('\n');
}

function meaning(element: XmlElement, indent: string): string[] {
  const attributes = Object.entries(element.attributes)
    .filter(([name]) => name !== 'id' || !NAMELESS.includes(element.name))
    .map(([name, value]) => `${name}=${JSON.stringify(value)}`)
    .filter((attribute) => !DEFAULTS.includes(attribute))
    .sort();
  const children = element.children.map((child) => meaning(child, `${indent}  `).join('\n')).sort();
  return [`${indent}${[element.name, ...attributes].join(' ')}`, ...children];
}
