/** What `vm-ctl token make|explain` say, as values. */
import { type GrantRequest, grantProblems, type SealedGrant } from './grant.ts';
import { activeKey, type KeySet, type KeyState, type Random } from './key.ts';
import { isExpired, unsealToken } from './open-token.ts';
import type { Refusal } from './refusal.ts';
import { sealToken } from './seal-token.ts';
import { LONGEST_TOKEN, TOKEN_PREFIX } from './token-text.ts';
import type { V1Decrypted, V1Decrypter } from './v1-decrypter.ts';

export type MadeToken =
  | { readonly ok: true; readonly token: string; readonly grant: SealedGrant }
  | { readonly ok: false; readonly problems: readonly string[] };

/** Seals it with the active key, or lists everything that is in the way. */
export function makeToken(request: GrantRequest, keys: KeySet, wallMs: number, random?: Random): MadeToken {
  const problems = grantProblems(request, wallMs);
  const key = activeKey(keys);
  if (key === undefined) problems.push('no key is active; make one with vm-ctl key make');
  if (key === undefined || problems.length > 0) return { ok: false, problems };
  const made = sealToken(request, key, wallMs, random);
  if (made !== undefined) return { ok: true, ...made };
  return { ok: false, problems: [`it would be longer than ${LONGEST_TOKEN} letters; name fewer guests`] };
}

export type ExplainedToken =
  | {
      readonly kind: 'version-2';
      readonly grant: SealedGrant;
      readonly keyState: KeyState;
      readonly isExpired: boolean;
    }
  | { readonly kind: 'version-1'; readonly decrypted: V1Decrypted }
  | { readonly kind: 'refused'; readonly refusal: Refusal };

/** What a token says, whoever may use it and whether or not it is still good. */
export async function explainToken(
  token: string,
  keys: KeySet,
  wallMs: number,
  decryptV1?: V1Decrypter,
): Promise<ExplainedToken> {
  if (decryptV1 !== undefined && !token.startsWith(`${TOKEN_PREFIX}.`)) {
    return { kind: 'version-1', decrypted: await decryptV1(token) };
  }
  const unsealed = unsealToken(token, keys);
  if (!unsealed.ok) return { kind: 'refused', refusal: unsealed };
  const { grant, key } = unsealed;
  return { kind: 'version-2', grant, keyState: key.state, isExpired: isExpired(grant, wallMs) };
}
