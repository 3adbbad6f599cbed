/**
 * Bytes in, frames out: of version 2 (lines) and version 1 (headers), told apart at the start of each frame.
 *
 *            LF, CR, blank                      LF
 *              +---+              '{'  +-------------------+
 *              |   v                   |                   v
 *   +------> [ start ] ------------> [ line ]            frame or garbage
 *   |          |   |                   |  too long, control byte
 *   |   0..3   |   | anything else     v
 *   |          |   +--------------> [ skip ] --LF or control byte--> start
 *   |          v
 *   |     [ header ] --plausible--> [ data ] --all there--> frame
 *   +--------- | no: one byte of garbage
 *
 * Invariant: it holds at most MAX_FRAME_BYTES of a frame that is not complete, whatever comes in, and any way of
 * cutting the same bytes into chunks gives the same frames and counts.
 */
import { type Json, MAX_FRAME_BYTES, type Message } from './message.ts';
import { parseMessage } from './parse-message.ts';
import { readV1Header, V1_HEADER_BYTES, type V1Frame, type V1Header } from './v1-frame.ts';

export type Frame =
  | { readonly kind: 'message'; readonly message: Message }
  | { readonly kind: 'v1'; readonly frame: V1Frame }
  /** JSON and a known type, but a member is wrong: the asker can be told. */
  | { readonly kind: 'bad-message'; readonly fault: string; readonly id?: string }
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
    return this.#state !== 'start';
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

  /** The rest of the frame won't come (it took too long, or the link is new): begin afresh. */
  abandon(): void {
    if (this.#state !== 'start') this.#countGarbage(this.#heldBytes);
    this.#inGarbage = false;
    this.#restart();
    this.#hold(EMPTY, 0);
  }

  /** Appends with room to spare, so that a frame that comes byte by byte costs no more than one that comes whole. */
  #append(chunk: Buffer): Buffer {
    const size = this.#heldBytes + chunk.length;
    if (size > this.#held.length) {
      const larger = Buffer.allocUnsafe(size * 2);
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
        if (isBlank(first)) return 1;
        this.#state = stateAfter(first);
        return this.#step(rest, 0);
      case 'line':
        return this.#line(rest, scanned);
      case 'skip':
        return this.#skip(rest);
      case 'header':
        return this.#v1Header(rest);
      case 'data':
        return this.#v1Data(rest);
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
    const end = rest.findIndex((byte) => byte === LF || byte <= LARGEST_V1_TYPE);
    if (end === -1) {
      this.#countGarbage(rest.length);
      return rest.length;
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
    if (header === 'implausible') {
      this.#countGarbage(1);
      this.#state = 'skip';
      return 1;
    }
    this.#header = header;
    this.#state = 'data';
    return this.#v1Data(rest);
  }

  #v1Data(rest: Buffer): number {
    const header = this.#header;
    const end = V1_HEADER_BYTES + (header?.dataBytes ?? 0);
    if (header === undefined || rest.length < end) return 0;
    const { type, id, client } = header;
    const text = rest.toString('utf8', V1_HEADER_BYTES, end);
    this.#restart();
    this.#deliver({ kind: 'v1', frame: { type, id, client, text } });
    return end;
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
  return parsed.kind === 'garbage' ? undefined : parsed;
}
