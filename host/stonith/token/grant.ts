/**
 * What a token allows: which operations on which resource, asked for by which guests, until when.
 *
 * Names are as Pacemaker (a resource id is an XML NCName) and libvirt (a domain name) take them; whatever is no such
 * name is refused before it gets near a command or the CIB.
 */
import { quoted } from '../../../shared/visible.ts';
export const OPERATIONS = ['on', 'off', 'reset', 'status'] as const;
export type Operation = (typeof OPERATIONS)[number];

/** The right inside a token of version 2. */
export interface SealedGrant {
  readonly version: 2;
  readonly resource: string;
  readonly operations: readonly Operation[];
  /** Domain names. There is no wildcard: a token that any guest may use is one that any guest may steal. */
  readonly guests: readonly string[];
  readonly issuedMs: number;
  /** From this millisecond on it is worth nothing. */
  readonly expiresMs?: number;
  /** Names this token in logs, where the token itself must not stand. */
  readonly serial: string;
  readonly keyId: string;
}

/** A token of version 1 holds a name and nothing else: any operation, any guest, for ever. */
export interface BearerGrant {
  readonly version: 1;
  readonly resource: string;
}

export type Grant = SealedGrant | BearerGrant;

/** In logs: the key that sealed it, and which of its tokens it is. */
export const nameOf = (grant: Grant): string =>
  grant.version === 1 ? 'version 1' : `${grant.keyId}/${grant.serial}`;

/** The right that a token is made for. */
export type GrantRequest = Pick<SealedGrant, 'resource' | 'operations' | 'guests' | 'expiresMs'>;

export const MOST_GUESTS = 64;
const LONGEST_NAME_BYTES = 255;
/** The last millisecond that has a date: all times are compared and printed as dates. */
export const LAST_MS = 8_640_000_000_000_000;

const NAME_START =
  'A-Z_a-z\\u{C0}-\\u{D6}\\u{D8}-\\u{F6}\\u{F8}-\\u{2FF}\\u{370}-\\u{37D}\\u{37F}-\\u{1FFF}\\u{200C}\\u{200D}' +
  '\\u{2070}-\\u{218F}\\u{2C00}-\\u{2FEF}\\u{3001}-\\u{D7FF}\\u{F900}-\\u{FDCF}\\u{FDF0}-\\u{FFFD}\\u{10000}-\\u{EFFFF}';
const NAME_REST = `${NAME_START}0-9.\\u{B7}\\u{300}-\\u{36F}\\u{203F}\\u{2040}-`;
const NC_NAME = new RegExp(`^[${NAME_START}][${NAME_REST}]*$`, 'u');
const UNNAMEABLE = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}/]/u;

/** An XML NCName, which every id in the CIB is. U+FFFD stands for bytes that were no text. */
export function isResourceId(text: string): boolean {
  return NC_NAME.test(text) && !text.includes('\uFFFD') && Buffer.byteLength(text) <= LONGEST_NAME_BYTES;
}

export function isGuestName(text: string): boolean {
  return (
    text.trim() === text &&
    text !== '' &&
    !UNNAMEABLE.test(text) &&
    Buffer.byteLength(text) <= LONGEST_NAME_BYTES
  );
}

export function isOperation(text: unknown): text is Operation {
  return OPERATIONS.some((operation) => operation === text);
}

/** Everything that is wrong with what was wished for, each with its remedy; empty when it can be granted. */
export function grantProblems(request: GrantRequest, wallMs: number): string[] {
  const { resource, operations, guests, expiresMs } = request;
  const problems: string[] = [];
  if (!isResourceId(resource)) {
    problems.push(`${quote(resource)} is no resource id; take one from crm_resource --list`);
  }
  if (operations.length === 0) problems.push(`no operation is allowed; name some of ${OPERATIONS.join(' ')}`);
  if (hasDuplicates(operations)) problems.push('an operation is named twice; name each once');
  if (guests.length === 0) problems.push('no guest may use it; name the domains of the guests that may');
  if (guests.length > MOST_GUESTS) {
    problems.push(
      `${guests.length} guests are more than ${MOST_GUESTS}; make a token for each group of guests`,
    );
  }
  if (hasDuplicates(guests)) problems.push('a guest is named twice; name each once');
  for (const guest of guests) {
    if (!isGuestName(guest)) {
      problems.push(`${quote(guest)} is no domain name; take one from virsh list --all --name`);
    }
  }
  if (expiresMs !== undefined && !isTime(expiresMs)) {
    problems.push('the time of expiry is no date; write it as in 2030-12-31T23:59:59Z');
  } else if (expiresMs !== undefined && expiresMs <= wallMs) {
    problems.push(`${new Date(expiresMs).toISOString()} is past; choose a time to come`);
  }
  return problems;
}

export function isTime(ms: unknown): ms is number {
  return typeof ms === 'number' && Number.isSafeInteger(ms) && ms >= 0 && ms <= LAST_MS;
}

function hasDuplicates(names: readonly string[]): boolean {
  return new Set(names).size < names.length;
}

const quote = (text: string) => quoted(text, 64);
