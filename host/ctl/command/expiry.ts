/** `--expires WHEN` */

const UNITS: Readonly<Record<string, number>> = { h: 3_600_000, d: 86_400_000, y: 31_557_600_000 };

/** A date and time of ISO 8601, or a while such as `90d`. */
export function expiryOf(text: string | undefined, wallMs: number): number | undefined | 'unreadable' {
  if (text === undefined) return undefined;
  const [, count, unit] = /^([1-9]\d{0,4})([hdy])$/.exec(text) ?? [];
  if (count !== undefined && unit !== undefined) return wallMs + Number(count) * (UNITS[unit] ?? 0);
  const isDate = /^\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d)?(?:Z|[+-]\d\d:\d\d)?)?$/.test(text);
  const ms = isDate ? Date.parse(text) : Number.NaN;
  return Number.isNaN(ms) ? 'unreadable' : ms;
}
