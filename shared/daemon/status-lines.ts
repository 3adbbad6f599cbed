/** A daemon's state for people: one line for what is simple, and a line for each part of what is not, indented. */
import type { Json } from '../protocol/message.ts';
import { plain } from '../status-text.ts';

type Scalar = string | number | boolean | null;

export function statusLines(status: Json): string {
  return `${linesOf(status).join('\n')}\n`;
}

function linesOf(value: Json): string[] {
  if (isScalar(value)) return [wordOf(value)];
  if (Array.isArray(value)) return value.flatMap((one) => asLine(one) ?? linesOf(one));
  return Object.entries(value).flatMap(([name, member]) => {
    const line = Array.isArray(member) && member.length > 0 ? undefined : asLine(member);
    return line === undefined ? [`${name}:`, ...linesOf(member).map(indented)] : [`${name}: ${line}`];
  });
}

/** Undefined: it takes more than one. */
function asLine(value: Json): string | undefined {
  if (isScalar(value)) return wordOf(value);
  const parts = Object.entries(value);
  if (parts.length === 0) return 'none';
  if (Array.isArray(value)) return undefined;
  const words = parts.map(([name, one]) => (isScalar(one) ? `${name} ${wordOf(one)}` : undefined));
  return words.includes(undefined) ? undefined : words.join(', ');
}

const isScalar = (value: Json): value is Scalar => value === null || typeof value !== 'object';

function wordOf(value: Scalar): string {
  if (value === null) return '-';
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  return plain(String(value));
}

const indented = (line: string) => `  ${line}`;
