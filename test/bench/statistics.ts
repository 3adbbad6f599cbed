/** What is told of many measurements. */
export interface Stats {
  readonly count: number;
  readonly least: number;
  readonly lowerQuartile: number;
  readonly median: number;
  readonly upperQuartile: number;
  readonly p99: number;
  readonly most: number;
}

/** The value below which this share of all lies; the values are sorted. */
export function percentile(sorted: readonly number[], share: number): number {
  const index = Math.min(sorted.length - 1, Math.ceil(sorted.length * share) - 1);
  return sorted[Math.max(0, index)] ?? Number.NaN;
}

export function statsOf(values: readonly number[]): Stats {
  if (values.length === 0 || values.some((value) => !Number.isFinite(value))) {
    throw new Error(`there is nothing to tell of ${JSON.stringify(values.slice(0, 9))}: measure anew`);
  }
  const sorted = values.toSorted((one, other) => one - other);
  const at = (share: number) => rounded(percentile(sorted, share));
  return {
    count: sorted.length,
    least: at(0),
    lowerQuartile: at(0.25),
    median: at(0.5),
    upperQuartile: at(0.75),
    p99: at(0.99),
    most: at(1),
  };
}

/** To four figures: more of them would be noise. */
const rounded = (value: number) => Number(value.toPrecision(4));
