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

/** The value below which this share of all lies, between two of them where it has to be; the values are sorted. */
export function percentile(sorted: readonly number[], share: number): number {
  const place = (sorted.length - 1) * share;
  const [below, above] = [sorted[Math.floor(place)] ?? Number.NaN, sorted[Math.ceil(place)] ?? Number.NaN];
  return below + (above - below) * (place - Math.floor(place));
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
