/**
 * What `vm-ctl key make|list|rotate|withdraw` do to a set of keys. Each gives the new set or says why there is none;
 * nothing here reads or writes a file.
 */
import { activeKey, findKey, type Key, type KeySet, MOST_KEYS, newKey, type Random } from './key.ts';

export type KeyChange =
  | { readonly ok: true; readonly keys: KeySet; readonly key: Key }
  | { readonly ok: false; readonly fault: string; readonly remedy: string };

/** The first key, or one after the active key was withdrawn. */
export function makeKey(keys: KeySet, wallMs: number, random?: Random): KeyChange {
  const active = activeKey(keys);
  if (active !== undefined) {
    return no(`key ${active.id} is active already`, 'use rotate to put a new one in its place');
  }
  return add(keys, wallMs, random);
}

/** A new active key; tokens under the former one stay good. */
export function rotateKey(keys: KeySet, wallMs: number, random?: Random): KeyChange {
  if (activeKey(keys) === undefined) return no('no key is active', 'use make to get the first one');
  const former = keys.map((key): Key => (key.state === 'active' ? { ...key, state: 'accepted' } : key));
  return add(former, wallMs, random);
}

/** From now on every token under it is refused. The active one can be withdrawn too: its secret may be known. */
export function withdrawKey(keys: KeySet, id: string): KeyChange {
  const key = findKey(keys, id);
  if (key === undefined) return no(`there is no key ${id}`, 'see vm-ctl key list');
  if (key.state === 'withdrawn') return no(`key ${id} has been withdrawn before`, 'nothing is left to do');
  const withdrawn: Key = { ...key, state: 'withdrawn' };
  return { ok: true, key: withdrawn, keys: keys.map((one) => (one === key ? withdrawn : one)) };
}

function add(keys: KeySet, wallMs: number, random?: Random): KeyChange {
  if (keys.length >= MOST_KEYS) {
    return no(`there are ${keys.length} keys`, 'remove withdrawn ones from the key file, on every host');
  }
  const key = newKey(keys, wallMs, random);
  return { ok: true, key, keys: [...keys, key] };
}

const no = (fault: string, remedy: string): KeyChange => ({ ok: false, fault, remedy });
