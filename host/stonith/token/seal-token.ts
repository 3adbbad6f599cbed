/**
 * Sealing a grant: AES-256-GCM over the grant, with the token's own header (version and key id) as additional data.
 *
 *   sealed = nonce (12 bytes, random) ‖ ciphertext ‖ tag (16 bytes)
 *
 * A random nonce is safe for 2^32 tokens under one key; nobody makes so many.
 */
import { createCipheriv, randomBytes } from 'node:crypto';
import type { GrantRequest, SealedGrant } from './grant.ts';
import { grantToBytes } from './grant-bytes.ts';
import type { Key, Random } from './key.ts';
import { LONGEST_TOKEN, printToken } from './token-text.ts';

export const CIPHER = 'aes-256-gcm';
export const NONCE_BYTES = 12;
export const TAG_BYTES = 16;
const SERIAL_BYTES = 8;

export interface SealedToken {
  readonly token: string;
  readonly grant: SealedGrant;
}

/** Undefined when it would be longer than a token may be. The request has been found without problems. */
export function sealToken(
  { resource, operations, guests, expiresMs }: GrantRequest,
  key: Key,
  wallMs: number,
  random: Random = randomBytes,
): SealedToken | undefined {
  const grant: SealedGrant = {
    version: 2,
    resource,
    operations,
    guests,
    issuedMs: wallMs,
    ...(expiresMs === undefined ? {} : { expiresMs }),
    serial: random(SERIAL_BYTES).toString('hex'),
    keyId: key.id,
  };
  const bytes = grantToBytes(grant);
  const token = printToken(key.id, (header) => {
    const nonce = random(NONCE_BYTES);
    const cipher = createCipheriv(CIPHER, key.secret, nonce, { authTagLength: TAG_BYTES });
    cipher.setAAD(Buffer.from(header));
    return Buffer.concat([nonce, cipher.update(bytes), cipher.final(), cipher.getAuthTag()]);
  });
  return token.length > LONGEST_TOKEN ? undefined : { token, grant };
}
