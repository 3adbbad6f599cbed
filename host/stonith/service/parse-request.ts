/** The text of a request (docs/fencing.md): an operation and what it is asked for. */
import type { Operation } from '../token/grant.ts';

export type FenceRequest =
  | { readonly kind: 'one'; readonly operation: Operation; readonly token: string }
  | { readonly kind: 'list'; readonly tokens: readonly string[] };

const OPERATIONS: Readonly<Record<string, Operation>> = {
  off: 'off',
  on: 'on',
  reset: 'reset',
  reboot: 'reset',
  status: 'status',
};

export const MOST_TOKENS = 64;
const BLANKS = ' \t\r\n';

/** Undefined for what is no request. A token is taken as it is: whether it is one, its reader says. */
export function parseFenceRequest(text: string): FenceRequest | undefined {
  const [, word = '', rest = ''] = /^[ \t]*([a-z]+)(?:[ \t]+([\s\S]*))?$/.exec(withoutEnd(text)) ?? [];
  const tokens = rest === '' ? [] : rest.split(/[ \t]+/);
  if (word === 'list' && tokens.length > 0 && tokens.length <= MOST_TOKENS) return { kind: 'list', tokens };
  const operation = Object.hasOwn(OPERATIONS, word) ? OPERATIONS[word] : undefined;
  const [token, ...others] = tokens;
  if (operation === undefined || token === undefined || others.length > 0) return undefined;
  return { kind: 'one', operation, token };
}

/** Without the blanks at its end. No pattern: one would try anew at each of the blanks before. */
function withoutEnd(text: string): string {
  let end = text.length;
  while (end > 0 && BLANKS.includes(text.charAt(end - 1))) end--;
  return text.slice(0, end);
}
