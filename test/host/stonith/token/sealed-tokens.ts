/** Keys and tokens for these tests. */
import { type GrantRequest, OPERATIONS } from '../../../../host/stonith/token/grant.ts';
import { type Key, type KeySet, newKey } from '../../../../host/stonith/token/key.ts';
import { makeToken } from '../../../../host/stonith/token/token-commands.ts';

export const WALL_MS = Date.UTC(2026, 0, 1);

export const activeOnly: KeySet = [newKey([], WALL_MS)];

export const request: GrantRequest = {
  resource: 'prmVMCTL_guest2',
  operations: OPERATIONS,
  guests: ['guest1'],
};

/** The request of these tests with some of it changed, sealed. */
export function tokenFor(changed: Partial<GrantRequest> = {}, keys: KeySet = activeOnly): string {
  const made = makeToken({ ...request, ...changed }, keys, WALL_MS);
  if (!made.ok) throw new Error(made.problems.join('; '));
  return made.token;
}

export const inState = (keys: KeySet, state: Key['state']): KeySet =>
  keys.map((key): Key => ({ ...key, state }));
