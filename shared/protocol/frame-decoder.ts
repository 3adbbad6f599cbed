/**
 * Bytes in, frames out: of version 2 (lines) and version 1 (headers), told apart at the start of each frame.
 *
 *           LF, CR, blank                                  LF
 *              +---+               '{'              +-------------> frame, or garbage
 *              |   v    +------------------> [ line ]
 *   +------> [ start ] -+                       | too long, or a control byte
 *   |          |        |  anything else        v
 *   |   0..3   |        +------------------> [ skip ] --after LF, or at a byte that may begin a header--> start
 *   |          v                                ^
 *   |     [ header ] --none: one byte of it-----+
 *   |          | plausible                      |
 *   |          v                                |
 *   +------ [ data ] --no text: one byte of it--+
 *    frame
 *
 * Invariant: it holds at most MAX_FRAME_BYTES of a frame that is not complete, whatever comes in, and any way of
 * cutting the same bytes into chunks gives the same frames and counts. The cost is linear in the bytes.
 */
import { type BadMessage, type Json, MAX_FRAME_BYTES, type Message } from './message.ts';
import { parseMessage } from './parse-message.ts';
import { isV1Text, readV1Header, V1_HEADER_BYTES, type V1Frame, type V1Header, v1Text } from './v1-frame.ts';

export type Frame =
  | { readonly kind: 'message'; readonly message: Message }
  | { readonly kind: 'v1'; readonly frame: V1Frame }
  /** JSON and a known type, but a member is wrong: the asker can be told. */
  | BadMessage
  | { readonly kind: 'unknown-type'; readonly name: string };

export interface DecoderCounts {
  frames: number;
  /** Runs of bytes that were no frame. */
  garbageRuns: number;
  garbageBytes: number;
}

const LF = 0x0a;
const CR = 0x0d;
const TAB = 0x09;
const SPACE = 0x20;
const OPEN_BRACE = 0x7b;
const LARGEST_V1_TYPE = 0x03;

type State = 'start' | 'line' | 'skip' | 'header' | 'data';

export class FrameDecoder {
  readonly counts: DecoderCounts = { frames: 0, garbageRuns: 0, garbageBytes: 0 };
  #state: State = 'start';
  /** What has come of a frame that is not complete lies in the first `#heldBytes` of it. */
  #held: Buffer = EMPTY;
  #heldBytes = 0;
  #header: V1Header | undefined;
  #inGarbage = false;
  readonly #onFrame: (frame: Frame) => void;

  constructor(onFrame: (frame: Frame) => void) {
    this.#onFrame = onFrame;
  }

  /** Whether a frame has begun and its rest is awaited. */
  get isMidFrame(): boolean {
    return this.#heldBytes > 0;
  }

  /** Memory that is held for it. */
  get heldBytes(): number {
    return this.#held.length;
  }

  push(chunk: Buffer): void {
    let scanned = this.#heldBytes;
    let rest = scanned === 0 ? chunk : this.#append(chunk);
    for (let taken = this.#step(rest, scanned); taken > 0; taken = this.#step(rest, 0)) {
      rest = rest.subarray(taken);
      scanned = 0;
    }
    this.#hold(rest, scanned);
  }

  /** The rest of the frame has not come in time. Should it come yet, it is garbage like what came before. */
  abandon(): void {
    if (!this.isMidFrame) return;
    this.#countGarbage(this.#heldBytes);
    this.#restart();
    this.#state = 'skip';
    this.#hold(EMPTY, 0);
  }

  /** Appends with room to spare, so that a frame that comes byte by byte costs no more than one that comes whole. */
  #append(chunk: Buffer): Buffer {
    const size = this.#heldBytes + chunk.length;
    if (size > this.#held.length) {
      const larger = Buffer.allocUnsafe(Math.max(size, Math.min(size * 2, MAX_FRAME_BYTES)));
      this.#held.copy(larger, 0, 0, this.#heldBytes);
      this.#held = larger;
    }
    chunk.copy(this.#held, this.#heldBytes);
    return this.#held.subarray(0, size);
  }

  /** Keeps `rest`, of which the first `inPlace` bytes lie where they have to. */
  #hold(rest: Buffer, inPlace: number): void {
    this.#heldBytes = rest.length;
    if (rest.length === 0) this.#held = EMPTY;
    else if (inPlace === 0) this.#held = Buffer.from(rest);
  }

  /** How many bytes of `rest` are dealt with; 0: more have to come. `scanned` of them were looked at before. */
  #step(rest: Buffer, scanned: number): number {
    const first = rest[0];
    if (first === undefined) return 0;
    switch (this.#state) {
      case 'start':
        if (isBlank(first)) return blankBytes(rest);
        this.#state = stateAfter(first);
        return this.#step(rest, 0);
      case 'line':
        return this.#line(rest, scanned);
      case 'skip':
        return this.#skip(rest);
      case 'header':
        return this.#v1Header(rest);
      case 'data':
        return this.#v1Data(rest, scanned);
    }
  }

  #line(rest: Buffer, scanned: number): number {
    for (let at = scanned; at < rest.length; at++) {
      const byte = rest[at] ?? 0;
      if (at >= MAX_FRAME_BYTES) break;
      if (byte === LF) {
        this.#restart();
        this.#deliverLine(rest.subarray(0, at));
        return at + 1;
      }
      if (isControl(byte)) {
        this.#countGarbage(at);
        this.#restart();
        return at;
      }
    }
    if (rest.length < MAX_FRAME_BYTES) return 0;
    this.#countGarbage(MAX_FRAME_BYTES);
    this.#state = 'skip';
    return MAX_FRAME_BYTES;
  }

  /** To the end of the line, or to what may be a header of version 1. */
  #skip(rest: Buffer): number {
    const end = endOfSkipped(rest);
    if (end === rest.length) {
      this.#countGarbage(end);
      return end;
    }
    this.#restart();
    if (rest[end] !== LF) {
      this.#countGarbage(end);
      return end > 0 ? end : this.#step(rest, 0);
    }
    this.#countGarbage(end + 1);
    this.#inGarbage = false;
    return end + 1;
  }

  #v1Header(rest: Buffer): number {
    const header = readV1Header(rest);
    if (header === 'more') return 0;
    if (header === 'implausible') return this.#noHeader();
    this.#header = header;
    this.#state = 'data';
    return this.#v1Data(rest, 0);
  }

  #v1Data(rest: Buffer, scanned: number): number {
    const header = this.#header;
    if (header === undefined) return this.#noHeader();
    const end = V1_HEADER_BYTES + header.dataBytes;
    if (!isV1Text(rest, Math.max(V1_HEADER_BYTES, scanned), Math.min(end, rest.length)))
      return this.#noHeader();
    if (rest.length < end) return 0;
    const { type, id, client } = header;
    const text = v1Text(rest.subarray(V1_HEADER_BYTES, end));
    this.#restart();
    this.#deliver({ kind: 'v1', frame: { type, id, client, text } });
    return end;
  }

  /** What looked like a frame of version 1 is none: the next one may begin at its second byte. */
  #noHeader(): number {
    this.#countGarbage(1);
    this.#restart();
    this.#state = 'skip';
    return 1;
  }

  #deliverLine(line: Buffer): void {
    const frame = parseLine(line);
    if (frame === undefined) {
      this.#countGarbage(line.length + 1);
      this.#inGarbage = false;
    } else {
      this.#deliver(frame);
    }
  }

  #deliver(frame: Frame): void {
    this.#inGarbage = false;
    this.counts.frames++;
    this.#onFrame(frame);
  }

  #countGarbage(bytes: number): void {
    this.counts.garbageBytes += bytes;
    if (!this.#inGarbage) this.counts.garbageRuns++;
    this.#inGarbage = true;
  }

  #restart(): void {
    this.#state = 'start';
    this.#header = undefined;
  }
}

function stateAfter(first: number): State {
  if (first === OPEN_BRACE) return 'line';
  return first <= LARGEST_V1_TYPE ? 'header' : 'skip';
}

const EMPTY: Buffer = Buffer.alloc(0);

function blankBytes(rest: Buffer): number {
  let end = 0;
  while (end < rest.length && isBlank(rest[end] ?? 0)) end++;
  return end;
}

function endOfSkipped(rest: Buffer): number {
  for (let at = 0; at < rest.length; at++) {
    const byte = rest[at] ?? 0;
    if (byte === LF || byte <= LARGEST_V1_TYPE) return at;
  }
  return rest.length;
}

const isBlank = (byte: number) => byte === LF || byte === CR || byte === TAB || byte === SPACE;

/** A byte that can't stand in a line of JSON. */
const isControl = (byte: number) => byte < SPACE && byte !== LF && byte !== CR && byte !== TAB;

function parseLine(line: Buffer): Frame | undefined {
  let value: Json;
  try {
    value = JSON.parse(line.toString('utf8'));
  } catch {
    return undefined;
  }
  const parsed = parseMessage(value);
  if (parsed.ok) return { kind: 'message', message: parsed.message };
  const { ok: _ok, ...frame } = parsed;
  return frame.kind === 'garbage' ? undefined : frame;
}
