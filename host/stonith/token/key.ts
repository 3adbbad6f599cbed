/**
 * The keys that seal tokens.
 *
 *              make                rotate                 withdraw
 *   (nothing) ------> active ----------------> accepted ------------> withdrawn
 *                       |                                                ^
 *                       +------------------------------------------------+
 *
 * New tokens are sealed with the active key, of which there is at most one. Tokens under an accepted key are obeyed,
 * those under a withdrawn one refused; it is kept so that the log can still say whose they are.
 *
 * Invariant: a secret is a KeyObject, which neither prints nor turns into JSON.
 */
import { createHash, createSecretKey, type KeyObject, randomBytes } from 'node:crypto';

export const KEY_STATES = ['active', 'accepted', 'withdrawn'] as const;
export type KeyState = (typeof KEY_STATES)[number];

export interface Key {
  readonly id: string;
  readonly state: KeyState;
  readonly createdMs: number;
  readonly secret: KeyObject;
}

export type KeySet = readonly Key[];

export const SECRET_BYTES = 32;
export const MOST_KEYS = 100;

const ID = /^[A-Za-z0-9_-]{1,32}$/;
const FINGERPRINT_LETTERS = 16;

export type Random = (size: number) => Buffer;

export function isKeyId(text: string): boolean {
  return ID.test(text);
}

export function findKey(keys: KeySet, id: string): Key | undefined {
  return keys.find((key) => key.id === id);
}

export function activeKey(keys: KeySet): Key | undefined {
  return keys.find(({ state }) => state === 'active');
}

export function newKey(keys: KeySet, wallMs: number, random: Random = randomBytes): Key {
  let id: string;
  do {
    id = random(4).toString('hex');
  } while (findKey(keys, id) !== undefined);
  return { id, state: 'active', createdMs: wallMs, secret: createSecretKey(random(SECRET_BYTES)) };
}

/**
 * The same on two hosts exactly when they obey the same tokens. Of a whole set with 256-bit secrets it gives nothing
 * away, so it can be a node attribute.
 */
export function fingerprint(keys: KeySet): string {
  const lines = keys.map(({ id, state, secret }) => `${id} ${state} ${secret.export().toString('hex')}\n`);
  const digest = createHash('sha256').update('pm-kvm-tools keys 2\n').update(lines.toSorted().join(''));
  return digest.digest('hex').slice(0, FINGERPRINT_LETTERS);
}
