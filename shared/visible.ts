/**
 * Text from outside in what people read: logs, messages, complaints.
 *
 * Invariant: what comes out is one line that steers no terminal and turns no order of reading. JSON's own escapes leave
 * DEL, the upper control characters, and the signs that part lines or turn text.
 */

/** Control, format and line-parting characters as their JSON escapes; of a text that is longer than `most` the beginning. */
export function visible(text: string, most = Number.POSITIVE_INFINITY): string {
  return cutTo(most, text).replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (character) =>
    character.replace(/[\s\S]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`),
  );
}

/**
 * The JSON of a value, which is the same to whoever parses it: what `visible` spells out can only stand in its strings.
 * With `indent` in lines for people.
 */
export const visibleJson = (value: unknown, indent?: number): string =>
  JSON.stringify(value, undefined, indent)
    .split('\n')
    .map((line) => visible(line))
    .join('\n');

export const cutTo = (most: number, text: string): string =>
  text.length > most ? `${text.slice(0, most)}…` : text;

const LONGEST_QUOTE = 200;

/** In quotes, for a message that names it. */
export const quoted = (text: string | undefined, most = LONGEST_QUOTE): string =>
  visible(JSON.stringify(cutTo(most, text ?? '')));
