/**
 * Which domain a virsh command means.
 *
 * virsh takes one word for id, UUID and name alike, in this order: a guest *named* `2` would have `virsh destroy 2`
 * kill the domain with the *id* 2. So a name that could be an id or a UUID is looked up first and goes by its UUID.
 */
import { quoted } from '../../shared/visible.ts';
import { findDomain } from './domain-list.ts';
import type { Virsh, VirshFailure } from './virsh.ts';

export type DomainSelector = { readonly uuid: string } | { readonly name: string };

export const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
/** Digits, also with signs and blanks as strtol takes them; 32 hexadecimal digits with dashes anywhere. */
const COULD_BE_ID = /^\s*[-+]?(?:\d+|0x[0-9a-f]+)\s*$/i;
const COULD_BE_UUID = /^[\s-]*(?:[0-9a-f][\s-]*){32}$/i;

/** The word that means this domain and no other. */
export async function domainWord(
  virsh: Virsh,
  selector: DomainSelector,
): Promise<{ readonly ok: true; readonly word: string } | VirshFailure> {
  if ('uuid' in selector) {
    return UUID.test(selector.uuid)
      ? { ok: true, word: selector.uuid }
      : { ok: false, kind: 'refused', fault: `${quoted(selector.uuid)} is no UUID` };
  }
  const { name } = selector;
  if (name === '' || name.includes('\0')) {
    return {
      ok: false,
      kind: 'no-such-domain',
      fault: `${quoted(name)} can't be the name of a domain`,
    };
  }
  if (!COULD_BE_ID.test(name) && !COULD_BE_UUID.test(name)) return { ok: true, word: name };
  const found = await findDomain(virsh, name);
  return found.ok ? { ok: true, word: found.domain.uuid } : found;
}
