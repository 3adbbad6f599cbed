/** `--timeout SECONDS` */
import type { GivenOptions } from '../../../shared/command-line.ts';

const BY_DEFAULT_MS = 600_000;

/** Undefined when it is no number of seconds. */
export function timeoutOf(options: GivenOptions): number | undefined {
  const text = options.text('timeout');
  if (text === undefined) return BY_DEFAULT_MS;
  return /^[1-9]\d{0,5}$/.test(text) ? Number(text) * 1000 : undefined;
}
