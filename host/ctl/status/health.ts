/** Whether a node attribute is what a rule of vm-ctl.conf calls bad, compared as Pacemaker does. Pure. */
import type { AttributeTest } from '../config/settings.ts';

const NUMBER = /^[-+]?\d+(?:\.\d+)?$/;

export function isBad(value: string, { operation, value: limit }: AttributeTest): boolean {
  const order =
    NUMBER.test(value) && NUMBER.test(limit) ? Number(value) - Number(limit) : textOrder(value, limit);
  switch (operation) {
    case 'lt':
      return order < 0;
    case 'lte':
      return order <= 0;
    case 'gt':
      return order > 0;
    case 'gte':
      return order >= 0;
    case 'ne':
      return order !== 0;
    default:
      return order === 0;
  }
}

const textOrder = (one: string, other: string) => (one === other ? 0 : one < other ? -1 : 1);
