/** The clones of hosts as text for crmsh, for pcs, and for cibadmin. */
import { printXml } from '../../xml/print-xml.ts';
import { xmlElement } from '../../xml/xml-element.ts';
import { crmQuoted, shellWord } from '../format/words.ts';
import { agentName, type CloneDefinition, type HostDefinition, type Pair } from './host-definition.ts';
import { cloneElement, orderElement } from './host-elements.ts';
import { DEFAULTS_SET, STICKINESS, stickinessSet } from './stickiness.ts';

/** For `crm configure load update`. */
export function hostCrmText({ clones, orders }: HostDefinition): string {
  const lines = clones.flatMap((one) => [
    [
      `primitive ${one.primitive} ${agentName(one.agent)}`,
      ...(one.parameters.length === 0 ? [] : [`  params ${crmPairs(one.parameters)}`]),
      ...one.operations.map(
        ({ name, interval, timeout, onFail }) =>
          `  op ${name} interval=${crmQuoted(interval)} timeout=${crmQuoted(timeout)} on-fail=${crmQuoted(onFail)}`,
      ),
    ].join(' \\\n'),
    `clone ${one.clone} ${one.primitive}${one.metaAttributes.length === 0 ? '' : ` \\\n  meta ${crmPairs(one.metaAttributes)}`}`,
  ]);
  const ordered = orders.map(
    ({ id, first, second }) => `order ${id} Optional: ${first} ${second} symmetrical=true`,
  );
  const defaults = `rsc_defaults ${DEFAULTS_SET}: ${STICKINESS.name}=${STICKINESS.value}`;
  return `${[...lines, ...ordered, defaults].join('\n')}\n`;
}

const crmPairs = (all: readonly Pair[]) =>
  all.map(({ name, value }) => `${name}=${crmQuoted(value)}`).join(' ');

/** A script for a file that `pcs cluster cib` has written. */
export function hostPcsText({ clones, orders }: HostDefinition): string {
  const commands = [
    ...clones.map(cloneCommand),
    ...orders.map(({ id, first, second }) => [
      ...['constraint', 'order', first, 'then', second],
      ...['kind=Optional', 'symmetrical=true', `id=${id}`],
    ]),
    [
      ...['resource', 'defaults', 'set', 'create', `id=${DEFAULTS_SET}`],
      ...['meta', `${STICKINESS.name}=${STICKINESS.value}`],
    ],
  ].map((words) => `pcs -f "$1" ${words.map(shellWord).join(' ')}\n`);
  return `#!/bin/sh\nset -e\n: "\${1:?the file that pcs cluster cib has written}"\n${commands.join('')}`;
}

/** One command for both: pcs clones no resource afterwards whose agent is not installed where the file is written. */
function cloneCommand(one: CloneDefinition): readonly string[] {
  const pairs = (all: readonly Pair[]) => all.map(({ name, value }) => `${name}=${value}`);
  return [
    ...['resource', 'create', one.primitive, agentName(one.agent), ...pairs(one.parameters), 'op'],
    ...one.operations.flatMap(({ name, interval, timeout, onFail }) => [
      name,
      `interval=${interval}`,
      `timeout=${timeout}`,
      `on-fail=${onFail}`,
    ]),
    ...['clone', one.clone, ...pairs(one.metaAttributes)],
    ...['--no-default-ops', '--force'],
  ];
}

/** For `cibadmin --modify --allow-create --scope configuration`. */
export function hostXmlText({ clones, orders }: HostDefinition): string {
  return printXml(
    xmlElement('configuration', {}, [
      xmlElement('resources', {}, clones.map(cloneElement)),
      xmlElement('constraints', {}, orders.map(orderElement)),
      xmlElement('rsc_defaults', {}, [stickinessSet()]),
    ]),
  );
}
