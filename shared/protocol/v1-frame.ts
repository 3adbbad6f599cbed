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

/** `guest` is for tests that forge it; the programs write 0. */
export function writeV1Frame(frame: V1Frame, guest = 0): Buffer {
  const data = Buffer.from(frame.text, 'utf8');
  const bytes = Buffer.alloc(V1_HEADER_BYTES + data.length);
  bytes.writeInt32LE(frame.type, OFFSET.type);
  bytes.write(frame.id, OFFSET.id, ID_BYTES - 1, 'latin1');
  bytes.writeInt32LE(frame.client, OFFSET.client);
  bytes.writeInt32LE(guest, OFFSET.guest);
  bytes.writeUInt32LE(data.length, OFFSET.datalen);
  data.copy(bytes, V1_HEADER_BYTES);
  return bytes;
}

/** What the host says first on every link (docs/protocol.md, "A link's life"). */
export const PREAMBLE: Buffer = writeV1Frame({ type: V1_TYPE.migrated, id: '', client: 0, text: '' });

function isV1Type(type: number): type is V1Type {
  return type >= 0 && type <= 3;
}
