/**
 * One connection that carries frames: a socket with a decoder before it and a bounded queue behind it.
 *
 *            end()              the other side has read it and closes, or 1 s
 *   open ----------------> closing --------------------------------------------> closed
 *     |   close(), end of stream, an error of the socket                           ^
 *     +----------------------------------------------------------------------------+
 *
 * Invariants: at most `maxWaitingBytes` wait to be written, or as many as the send in question says; who sends more is
 * told `full` and decides what to drop. No handler is called before the constructor has returned, none but `onClosed`
 * after `end` or `close`, and that one exactly once, last.
 */
import type { Duplex } from 'node:stream';
import { type Clock, systemClock, type Timer } from '../clock.ts';
import { encodeMessage } from './encode-message.ts';
import { type DecoderCounts, type Frame, FrameDecoder } from './frame-decoder.ts';
import type { Message } from './message.ts';

/** When no byte of the rest of a frame has come for so long, it is given up (docs/protocol.md, "Limits"). */
export const STALLED_AFTER_MS = 10_000;

/** Bytes are decoded in pieces of this size, so that `pause` takes effect within what was read at once. */
const PIECE_BYTES = 512;

/** How long the other side may take to read the last words and close. */
const CLOSING_MS = 1_000;

export interface ConnectionHandlers {
  readonly onFrame: (frame: Frame) => void;
  /** `reason` is undefined at a regular end. */
  readonly onClosed: (reason: Error | undefined) => void;
  /** What waited has been written, after a `send` that was `full`. */
  readonly onDrained?: () => void;
  /** Bytes have come, before they are decoded. */
  readonly onBytes?: (count: number) => void;
  /** The bytes just decoded held garbage (`received` counts it), or half a frame has been given up. */
  readonly onGarbage?: () => void;
}

export type Sent = 'sent' | 'full' | 'too-long' | 'closed';

export class FrameConnection {
  readonly #socket: Duplex;
  readonly #handlers: ConnectionHandlers;
  readonly #decoder: FrameDecoder;
  readonly #maxWaitingBytes: number;
  readonly #clock: Clock;
  #state: 'open' | 'closing' | 'closed' = 'open';
  #reason: Error | undefined;
  #isPaused = false;
  #wasFull = false;
  #isCorked = false;
  /** What was read and not decoded yet when a handler paused. */
  #undecoded: Buffer | undefined;
  #lastBytesMs = 0;
  #stallTimer: Timer | undefined;
  #closingTimer: Timer | undefined;
  sentFrames = 0;
  sentBytes = 0;

  constructor(
    socket: Duplex,
    handlers: ConnectionHandlers,
    maxWaitingBytes: number,
    clock: Clock = systemClock,
  ) {
    this.#socket = socket;
    this.#handlers = handlers;
    this.#maxWaitingBytes = maxWaitingBytes;
    this.#clock = clock;
    this.#decoder = new FrameDecoder((frame) => {
      if (this.#state === 'open') handlers.onFrame(frame);
    });
    socket.on('data', (chunk: Buffer) => this.#receive(chunk));
    socket.on('error', (error: Error) => {
      this.#reason = error;
    });
    socket.on('end', () => this.close());
    socket.on('close', () => this.#closed());
  }

  get isClosed(): boolean {
    return this.#state !== 'open';
  }

  get received(): Readonly<DecoderCounts> {
    return this.#decoder.counts;
  }

  get isMidFrame(): boolean {
    return this.#decoder.isMidFrame;
  }

  get waitingBytes(): number {
    return this.#socket.writableLength;
  }

  /** `withinBytes`: it is `full` when more than that would wait. */
  send(message: Message, withinBytes = this.#maxWaitingBytes): Sent {
    const bytes = encodeMessage(message);
    return bytes === undefined ? 'too-long' : this.sendBytes(bytes, withinBytes);
  }

  sendBytes(bytes: Buffer, withinBytes = this.#maxWaitingBytes): Sent {
    if (this.#state !== 'open' || this.#socket.destroyed) return 'closed';
    if (this.#socket.writableLength + bytes.length > withinBytes) {
      this.#wasFull = true;
      return 'full';
    }
    this.#corkForThisTurn();
    this.#socket.write(bytes, this.#written);
    this.sentFrames++;
    this.sentBytes += bytes.length;
    return 'sent';
  }

  /** Hands over no more than what has been decoded already, and reads no more. */
  pause(): void {
    this.#isPaused = true;
    this.#socket.pause();
  }

  resume(): void {
    this.#isPaused = false;
    this.#lastBytesMs = this.#clock.nowMs();
    const undecoded = this.#undecoded;
    this.#undecoded = undefined;
    if (undecoded !== undefined) this.#decode(undecoded);
    if (!this.#isPaused) this.#socket.resume();
  }

  /** Gives up the frame whose rest does not come: what was there is garbage, and so is its rest. */
  abandonFrame(): void {
    if (this.isClosed || !this.#decoder.isMidFrame) return;
    this.#decoder.abandon();
    this.#handlers.onGarbage?.();
  }

  /** Writes what waits, lets the other side read it, and closes. Frames that still come are ignored. */
  end(): void {
    if (this.#state !== 'open') return;
    this.#state = 'closing';
    this.#closingTimer = this.#clock.after(CLOSING_MS, () => this.#socket.destroy());
    this.#socket.end();
    this.#socket.resume();
  }

  /** Closes at once. */
  close(): void {
    if (this.#state === 'open') this.#state = 'closing';
    this.#socket.destroy();
  }

  /** What is sent in answer to one chunk of bytes goes out in one system call. */
  #corkForThisTurn(): void {
    if (this.#isCorked) return;
    this.#isCorked = true;
    this.#socket.cork();
    process.nextTick(() => {
      this.#isCorked = false;
      this.#socket.uncork();
    });
  }

  #receive(chunk: Buffer): void {
    if (this.#state !== 'open') return;
    this.#handlers.onBytes?.(chunk.length);
    this.#lastBytesMs = this.#clock.nowMs();
    this.#decode(chunk);
  }

  #decode(bytes: Buffer): void {
    const { garbageBytes } = this.#decoder.counts;
    for (let start = 0; start < bytes.length; start += PIECE_BYTES) {
      if (this.isClosed) return;
      if (this.#isPaused) {
        this.#undecoded = bytes.subarray(start);
        break;
      }
      this.#decoder.push(bytes.subarray(start, start + PIECE_BYTES));
    }
    if (this.isClosed) return;
    if (this.#decoder.isMidFrame) this.#watchForStall(STALLED_AFTER_MS);
    if (this.#decoder.counts.garbageBytes > garbageBytes) this.#handlers.onGarbage?.();
  }

  #watchForStall(delayMs: number): void {
    this.#stallTimer ??= this.#clock.after(delayMs, () => {
      this.#stallTimer = undefined;
      if (!this.#decoder.isMidFrame) return;
      const quietMs = this.#isPaused ? 0 : this.#clock.nowMs() - this.#lastBytesMs;
      if (quietMs >= STALLED_AFTER_MS) this.abandonFrame();
      else this.#watchForStall(Math.ceil(STALLED_AFTER_MS - quietMs));
    });
  }

  readonly #written = (error?: Error | null): void => {
    if (error || !this.#wasFull || this.#state !== 'open' || this.#socket.writableLength > 0) return;
    this.#wasFull = false;
    this.#handlers.onDrained?.();
  };

  #closed(): void {
    this.#state = 'closed';
    this.#stallTimer?.cancel();
    this.#closingTimer?.cancel();
    this.#handlers.onClosed(this.#reason);
  }
}
