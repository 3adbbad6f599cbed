/** What speaks against a family that has ended, and with it against the whole run. */
import type { Ended } from './run-family.ts';

/** Less than a byte for each of ten million inputs. */
const MOST_GROWN_BYTES = 4 * 1024 * 1024;

export function faultsOf(name: string, one: Ended): readonly string[] {
  if (one.kind === 'died')
    return [`${name}: ${one.fault}; ${one.file ?? 'by which input is not known: it was not met again'}`];
  const { broken, functions, fuzzed } = one;
  const { grownBytes } = fuzzed;
  return [
    ...(broken === undefined ? [] : [`${name}: ${broken.file}\n${broken.fault}\n`]),
    ...(functions > 0 ? [] : [`${name}: no code of ours was reached: it tries nothing, or can't see it`]),
    ...(grownBytes === undefined && broken === undefined
      ? [`${name}: whether its heap grew was not measured`]
      : []),
    ...(grownBytes !== undefined && grownBytes > MOST_GROWN_BYTES
      ? [`${name}: its heap grew by ${grownBytes} bytes`]
      : []),
  ];
}
