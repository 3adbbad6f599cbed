/**
 * A token of version 2 as text: `pkt2.<key id>.<sealed>`.
 *
 * One word of `A-Za-z0-9._-`, which no shell, crm, pcs or XML gives a meaning. `sealed` is base64url in its only
 * canonical spelling, so that no two texts are the same token: decoders overlook the unused bits of the last letter,
 * and this one does not.
 */
import { isKeyId } from './key.ts';

export const TOKEN_PREFIX = 'pkt2';

/** Of any version. Some 200 are usual, and about 3,000 are needed for 64 guests with long names. */
export const LONGEST_TOKEN = 4096;

export interface TokenParts {
  /** All before the sealed part: what the seal also covers. */
  readonly header: string;
  readonly keyId: string;
  readonly sealed: Buffer;
}

export function printToken(keyId: string, seal: (header: string) => Buffer): string {
  const header = `${TOKEN_PREFIX}.${keyId}.`;
  return `${header}${seal(header).toString('base64url')}`;
}

export function parseToken(token: string): TokenParts | undefined {
  if (token.length > LONGEST_TOKEN) return undefined;
  const [prefix, keyId, text, ...rest] = token.split('.');
  if (prefix !== TOKEN_PREFIX || keyId === undefined || text === undefined || rest.length > 0)
    return undefined;
  if (!isKeyId(keyId)) return undefined;
  const sealed = Buffer.from(text, 'base64url');
  if (sealed.toString('base64url') !== text) return undefined;
  return { header: `${prefix}.${keyId}.`, keyId, sealed };
}
