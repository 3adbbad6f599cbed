/**
 * A grant as the bytes that are sealed: JSON, filled up with spaces so that the length of a token tells little of the
 * names in it.
 *
 * A member that this version does not know makes the whole grant unreadable: it may be a restriction.
 */
import {
  isGuestName,
  isOperation,
  isResourceId,
  isTime,
  MOST_GUESTS,
  OPERATIONS,
  type Operation,
  type SealedGrant,
} from './grant.ts';

/** A multiple of 3, so that base64 needs no filling up of its own. */
const BLOCK_BYTES = 96;

const SERIAL = /^[0-9a-f]{16}$/;
const MEMBERS = new Set(['resource', 'operations', 'guests', 'issued', 'expires', 'serial']);

export function grantToBytes(grant: Omit<SealedGrant, 'keyId' | 'version'>): Buffer {
  const { resource, operations, guests, issuedMs, expiresMs, serial } = grant;
  const members = { resource, operations, guests, issued: issuedMs, expires: expiresMs, serial };
  const json = Buffer.from(JSON.stringify(members));
  const size = Math.ceil(json.length / BLOCK_BYTES) * BLOCK_BYTES;
  return Buffer.concat([json, Buffer.alloc(size - json.length, ' ')]);
}

/** Undefined for what is no grant, or one of a kind that is not known here. */
export function grantFromBytes(bytes: Buffer, keyId: string): SealedGrant | undefined {
  const members = parseObject(bytes);
  if (members === undefined || [...members.keys()].some((name) => !MEMBERS.has(name))) return undefined;
  const resource = members.get('resource');
  const operations = distinct(members.get('operations'), isOperation, OPERATIONS.length);
  const guests = distinct(members.get('guests'), isGuest, MOST_GUESTS);
  const issuedMs = members.get('issued');
  const expiresMs = members.get('expires');
  const serial = members.get('serial');
  if (typeof resource !== 'string' || !isResourceId(resource)) return undefined;
  if (operations === undefined || guests === undefined) return undefined;
  if (!isTime(issuedMs) || (expiresMs !== undefined && !isTime(expiresMs))) return undefined;
  if (typeof serial !== 'string' || !SERIAL.test(serial)) return undefined;
  return {
    version: 2,
    resource,
    operations,
    guests,
    issuedMs,
    ...(expiresMs === undefined ? {} : { expiresMs }),
    serial,
    keyId,
  };
}

function parseObject(bytes: Buffer): Map<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(bytes.toString('utf8'));
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
    return new Map(Object.entries(value));
  } catch {
    return undefined;
  }
}

/** A list of 1 to `most` different values, each of the kind wanted. */
function distinct<T extends string | Operation>(
  value: unknown,
  isWanted: (item: unknown) => item is T,
  most: number,
): readonly T[] | undefined {
  if (!Array.isArray(value) || value.length === 0 || value.length > most) return undefined;
  const items: T[] = [];
  for (const item of value) {
    if (!isWanted(item) || items.includes(item)) return undefined;
    items.push(item);
  }
  return items;
}

const isGuest = (item: unknown): item is string => typeof item === 'string' && isGuestName(item);
