/**
 * How long to wait before trying again: doubling, with a ceiling, spread by chance so that a thousand links that
 * broke together don't all come back in one instant. It never ends: giving up is the caller's decision.
 */
export interface BackOffLimits {
  readonly firstMs: number;
  readonly ceilingMs: number;
}

/** Each delay lies between half of its nominal value and all of it. `random` gives [0, 1). */
export function* backOffDelays(limits: BackOffLimits, random: () => number): Generator<number, never> {
  let nominalMs = Math.min(limits.firstMs, limits.ceilingMs);
  for (;;) {
    yield nominalMs * (0.5 + random() / 2);
    nominalMs = Math.min(nominalMs * 2, limits.ceilingMs);
  }
}
