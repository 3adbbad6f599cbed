/** How long to wait before off and reboot, so that two nodes that fence each other don't both succeed. */
import type { Action } from './actions.ts';
import type { Settings } from './settings.ts';

/** `random` is from 0 up to, but not including, 1. */
export function delayMs(
  action: Action,
  { leastDelayMs, mostDelayMs }: Pick<Settings, 'leastDelayMs' | 'mostDelayMs'>,
  random: () => number,
): number {
  if (action !== 'off' && action !== 'reboot') return 0;
  return Math.round(leastDelayMs + random() * (mostDelayMs - leastDelayMs));
}
