/** A token of either version, to the right that it gives: the one question that vm-stonithd asks about tokens. */
import type { Grant } from './grant.ts';
import type { KeySet } from './key.ts';
import { openToken, type TokenUse } from './open-token.ts';
import { type Refusal, refuse } from './refusal.ts';
import { LONGEST_TOKEN, TOKEN_PREFIX } from './token-text.ts';
import type { V1Decrypter } from './v1-decrypter.ts';

export interface TokenPolicy {
  readonly keys: KeySet;
  /** Undefined: tokens of version 1 are off, which is the default. */
  readonly decryptV1: V1Decrypter | undefined;
}

export type ReadToken = { readonly ok: true; readonly grant: Grant } | Refusal;

export async function readToken(
  token: string,
  { keys, decryptV1 }: TokenPolicy,
  use: TokenUse,
): Promise<ReadToken> {
  if (token === '' || token.length > LONGEST_TOKEN) {
    return refuse('malformed', `it has ${token.length} letters; a token has 1 to ${LONGEST_TOKEN}`);
  }
  if (token.startsWith(`${TOKEN_PREFIX}.`)) return openToken(token, keys, use);
  if (decryptV1 !== undefined) return decryptV1(token);
  return refuse('version-1-off', 'it is no token of version 2, and those of version 1 are turned off');
}
