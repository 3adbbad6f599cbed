/**
 * Guests as a shell script of pcs commands on a file, which pcs then pushes to the cluster as one change:
 *
 *   pcs cluster cib cib.xml; sh guests.sh cib.xml; pcs cluster cib-push cib.xml
 */
import type { GuestDefinition, Pair } from '../definition/guest-definition.ts';
import { shellWord } from './words.ts';

export function pcsText(guests: readonly GuestDefinition[]): string {
  const commands = guests
    .flatMap(guestCommands)
    .map((words) => `pcs -f "$1" ${words.map(shellWord).join(' ')}`);
  return `#!/bin/sh\nset -e\n: "\${1:?the file that pcs cluster cib has written}"\n${commands.join('\n')}\n`;
}

function guestCommands(guest: GuestDefinition): readonly (readonly string[])[] {
  const { resource, agent, preference } = guest;
  return [
    [
      ...['resource', 'create', resource, `${agent.class}:${agent.provider}:${agent.type}`],
      ...pairs(guest.parameters),
      'op',
      ...guest.operations.flatMap(({ name, interval, timeout, onFail }) => [
        name,
        `interval=${interval}`,
        `timeout=${timeout}`,
        `on-fail=${onFail}`,
      ]),
      ...['meta', ...pairs(guest.metaAttributes)],
      // The agent need not be installed where the file is written.
      ...['--no-default-ops', '--force'],
    ],
    ...guest.attributeRules.map(({ id, attribute, operation, value }) => [
      ...['constraint', 'location', resource, 'rule', `id=${id}-rule`, `constraint-id=${id}`],
      ...['score=-INFINITY', 'not_defined', attribute, 'or', attribute, operation, value],
    ]),
    ['constraint', 'location', 'add', preference.id, resource, preference.node, preference.score, '--force'],
    ...guest.colocations.map(({ id, clone, score }) => [
      ...['constraint', 'colocation', 'add', resource, 'with', clone, score, `id=${id}`],
    ]),
    ...guest.orders.map(({ id, clone, kind, isSymmetrical }) => [
      ...['constraint', 'order', clone, 'then', resource],
      ...[`kind=${kind}`, `symmetrical=${isSymmetrical}`, `id=${id}`],
    ]),
  ];
}

const pairs = (all: readonly Pair[]) => all.map(({ name, value }) => `${name}=${value}`);
