/** Guests as text for `crm configure load update`. */
import type { GuestDefinition, Pair } from '../definition/guest-definition.ts';
import { crmQuoted as quoted } from './words.ts';

export function crmText(guests: readonly GuestDefinition[]): string {
  return guests.map(guestText).join('');
}

function guestText(guest: GuestDefinition): string {
  const { resource, agent, preference } = guest;
  const primitive = [
    `primitive ${resource} ${agent.class}:${agent.provider}:${agent.type}`,
    `  params ${pairs(guest.parameters)}`,
    `  meta ${pairs(guest.metaAttributes)}`,
    ...guest.operations.map(
      ({ name, interval, timeout, onFail }) =>
        `  op ${name} interval=${quoted(interval)} timeout=${quoted(timeout)} on-fail=${quoted(onFail)}`,
    ),
  ].join(' \\\n');
  const constraints = [
    ...guest.attributeRules.map(
      ({ id, attribute, operation, value }) =>
        `location ${id} ${resource} \\\n  rule $id=${quoted(`${id}-rule`)} -inf: ` +
        `not_defined ${attribute} or ${attribute} ${operation} ${word(value)}`,
    ),
    `location ${preference.id} ${resource} ${shortScore(preference.score)}: ${preference.node}`,
    ...guest.colocations.map(
      ({ id, clone, score }) => `colocation ${id} ${shortScore(score)}: ${resource} ${clone}`,
    ),
    ...guest.orders.map(
      ({ id, clone, kind, isSymmetrical }) =>
        `order ${id} ${kind}: ${clone} ${resource} symmetrical=${isSymmetrical}`,
    ),
  ];
  return `${[primitive, ...constraints].join('\n')}\n`;
}

const pairs = (all: readonly Pair[]) => all.map(({ name, value }) => `${name}=${quoted(value)}`).join(' ');

const word = (value: string) => (/^[\w.#:-]+$/.test(value) ? value : quoted(value));

const shortScore = (score: string) => score.replace('INFINITY', 'inf');
