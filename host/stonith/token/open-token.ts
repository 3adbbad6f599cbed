/**
 * Opening a token of version 2: who holds it, and for what, is decided here and nowhere else.
 *
 *   built like a token? -> key known? -> seal good? -> key not withdrawn? -> not expired? -> guest? -> operation?
 *
 * Invariant: `ok` only if every question was answered yes; the first no is the reason. Nothing in the token is believed
 * before its seal is.
 *
 * What a guest can learn from the time it takes: the questions before the seal depend on the token's own text only, and
 * the ids of keys are no secret. The seal is compared by OpenSSL in constant time. The questions behind it are reached
 * by the holder of a genuine token only, and the answer is the same word for all of them.
 */
import { createDecipheriv } from 'node:crypto';
import type { Operation, SealedGrant } from './grant.ts';
import { grantFromBytes } from './grant-bytes.ts';
import { findKey, type Key, type KeySet } from './key.ts';
import { type Refusal, refuse } from './refusal.ts';
import { CIPHER, NONCE_BYTES, TAG_BYTES } from './seal-token.ts';
import { parseToken, type TokenParts } from './token-text.ts';

/** The use that somebody wants to make of a token. */
export interface TokenUse {
  /** The domain whose socket the token came through. */
  readonly guest: string;
  readonly operation: Operation;
  readonly wallMs: number;
}

export type OpenedToken = { readonly ok: true; readonly grant: SealedGrant } | Refusal;

export function openToken(token: string, keys: KeySet, use: TokenUse): OpenedToken {
  const unsealed = unsealToken(token, keys);
  if (!unsealed.ok) return unsealed;
  const { grant, key } = unsealed;
  const it = describeGrant(grant);
  if (key.state === 'withdrawn') {
    return refuse('withdrawn-key', `${it} is sealed with key ${key.id}, which has been withdrawn`);
  }
  if (isExpired(grant, use.wallMs)) {
    return refuse('expired', `${it} expired at ${new Date(grant.expiresMs ?? 0).toISOString()}`);
  }
  if (!grant.guests.includes(use.guest)) {
    return refuse('wrong-guest', `${it} came from ${use.guest} and is for ${grant.guests.join(', ')}`);
  }
  if (!grant.operations.includes(use.operation)) {
    return refuse('wrong-operation', `${it} allows ${grant.operations.join(', ')} and not ${use.operation}`);
  }
  return { ok: true, grant };
}

export type UnsealedToken = { readonly ok: true; readonly grant: SealedGrant; readonly key: Key } | Refusal;

/** Whether it is genuine and what it says, not whether it may be used. */
export function unsealToken(token: string, keys: KeySet): UnsealedToken {
  const parts = parseToken(token);
  if (parts === undefined || parts.sealed.length <= NONCE_BYTES + TAG_BYTES) {
    return refuse('malformed', 'it is not built like a token; it may have been cut or mistyped');
  }
  const key = findKey(keys, parts.keyId);
  if (key === undefined) {
    return refuse('unknown-key', `it is sealed with key ${parts.keyId}, which is not in the key file`);
  }
  const bytes = unseal(parts, key);
  if (bytes === undefined) {
    return refuse(
      'altered',
      `its seal is broken: it was altered, or made with another key of the name ${key.id}`,
    );
  }
  const grant = grantFromBytes(bytes, key.id);
  if (grant === undefined) {
    return refuse('unsupported', `key ${key.id} sealed it, and this version can't read what it says`);
  }
  return { ok: true, grant, key };
}

export function isExpired({ expiresMs }: SealedGrant, wallMs: number): boolean {
  return expiresMs !== undefined && wallMs >= expiresMs;
}

function unseal({ header, sealed }: TokenParts, key: Key): Buffer | undefined {
  const nonce = sealed.subarray(0, NONCE_BYTES);
  const decipher = createDecipheriv(CIPHER, key.secret, nonce, { authTagLength: TAG_BYTES });
  decipher.setAAD(Buffer.from(header));
  decipher.setAuthTag(sealed.subarray(-TAG_BYTES));
  try {
    return Buffer.concat([decipher.update(sealed.subarray(NONCE_BYTES, -TAG_BYTES)), decipher.final()]);
  } catch {
    return undefined;
  }
}

const describeGrant = ({ serial, resource }: SealedGrant) => `token ${serial} for ${resource}`;
