/**
 * The frames of version 1: a little-endian header of 80 bytes, then `datalen` bytes (docs/protocol.md, "Version 1").
 *
 *    0        4                              68       72      76        80
 *   | i32 type | char id[64], NUL padded ... | client | guest | datalen |  data ...
 *
 * The field `guest` is never read: whom a frame comes from is known from its socket.
 */

export const V1_HEADER_BYTES = 80;
export const V1_MAX_DATA_BYTES = 8_192;

export const V1_TYPE = { monitor: 0, stonith: 1, migrated: 2, serviceAway: 3 } as const;
export type V1Type = (typeof V1_TYPE)[keyof typeof V1_TYPE];

const OFFSET = { type: 0, id: 4, client: 68, guest: 72, datalen: 76 } as const;
const ID_BYTES = OFFSET.client - OFFSET.id;

const TAB = 0x09;
const LF = 0x0a;
const CR = 0x0d;
const OPEN_BRACE = 0x7b;

export interface V1Header {
  readonly type: V1Type;
  readonly id: string;
  readonly client: number;
  readonly dataBytes: number;
}

export interface V1Frame {
  readonly type: V1Type;
  readonly id: string;
  readonly client: number;
  readonly text: string;
}

/**
 * The header at the start of `bytes`. What can't become one is `implausible` as soon as its bytes show it, so that a
 * stray byte doesn't hold up what follows.
 */
export function readV1Header(bytes: Buffer): V1Header | 'more' | 'implausible' {
  if (!beginsLikeAHeader(bytes)) return 'implausible';
  if (bytes.length < V1_HEADER_BYTES) return 'more';
  const type = bytes.readInt32LE(OFFSET.type);
  const dataBytes = bytes.readUInt32LE(OFFSET.datalen);
  if (!isV1Type(type) || dataBytes > V1_MAX_DATA_BYTES) return 'implausible';
  const idField = bytes.subarray(OFFSET.id, OFFSET.client);
  const id = idField.toString('latin1', 0, idField.indexOf(0));
  return { type, id, client: bytes.readInt32LE(OFFSET.client), dataBytes };
}

/** A type in its one low byte; then printable ASCII, then NUL to the end of the id, of which there is at least one. */
function beginsLikeAHeader(bytes: Buffer): boolean {
  let idHasEnded = false;
  for (let at = 0; at < Math.min(bytes.length, OFFSET.client); at++) {
    const byte = bytes[at] ?? 0;
    if (at < OFFSET.id) {
      if (at === 0 ? !isV1Type(byte) : byte !== 0) return false;
    } else if (byte === 0) {
      idHasEnded = true;
    } else if (idHasEnded || byte < 0x20 || byte >= 0x7f || at === OFFSET.client - 1) {
      return false;
    }
  }
  return true;
}

/**
 * Whether the bytes from `from` to `to` can stand in the data of a frame: text, and one NUL at its end at most (C
 * programs may count it). Half a frame whose sender died is found out by it when another frame follows: a header has
 * NUL before other bytes, a line of version 2 comes after LF and begins with `{`.
 */
export function isV1Text(bytes: Buffer, from: number, to: number): boolean {
  for (let at = from; at < to; at++) {
    const byte = bytes[at] ?? 0;
    const former = at > V1_HEADER_BYTES ? bytes[at - 1] : undefined;
    if (former === 0 || (byte !== 0 && isControl(byte)) || (byte === OPEN_BRACE && former === LF))
      return false;
  }
  return true;
}

const isControl = (byte: number) => byte < 0x20 && byte !== TAB && byte !== LF && byte !== CR;

/** Without the NUL. */
export function v1Text(data: Buffer): string {
  const end = data.indexOf(0);
  return data.toString('utf8', 0, end === -1 ? data.length : end);
}

/** Undefined when the id or the text doesn't fit. `guest` is for tests that forge it; the programs write 0. */
export function writeV1Frame(frame: V1Frame, guest = 0): Buffer | undefined {
  const data = Buffer.from(frame.text, 'utf8');
  const id = Buffer.from(frame.id, 'latin1');
  if (id.length >= ID_BYTES || data.length > V1_MAX_DATA_BYTES) return undefined;
  const header = v1Header(frame.type, frame.client, guest, data.length);
  id.copy(header, OFFSET.id);
  return Buffer.concat([header, data]);
}

function v1Header(type: V1Type, client: number, guest: number, dataBytes: number): Buffer {
  const bytes = Buffer.alloc(V1_HEADER_BYTES);
  bytes.writeInt32LE(type, OFFSET.type);
  bytes.writeInt32LE(client, OFFSET.client);
  bytes.writeInt32LE(guest, OFFSET.guest);
  bytes.writeUInt32LE(dataBytes, OFFSET.datalen);
  return bytes;
}

/** What the host says first on every link (docs/protocol.md, "A link's life"). */
export const PREAMBLE: Buffer = v1Header(V1_TYPE.migrated, 0, 0, 0);

function isV1Type(type: number): type is V1Type {
  return type >= 0 && type <= 3;
}
