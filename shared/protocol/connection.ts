/**
 * One connection that carries frames: a socket with a decoder before it and a bounded queue behind it.
 *
 * Invariant: at most `maxWaitingBytes` wait to be written; who sends more is told `full` and decides what to drop.
 * The handlers are called once the constructor has returned, `onClosed` exactly once and after every frame.
 */
import type { Duplex } from 'node:stream';
import { encodeMessage } from './encode-message.ts';
import { type DecoderCounts, type Frame, FrameDecoder } from './frame-decoder.ts';
import type { Message } from './message.ts';

export interface ConnectionHandlers {
  readonly onFrame: (frame: Frame) => void;
  /** `reason` is undefined at a regular end. */
  readonly onClosed: (reason: Error | undefined) => void;
  /** What waited has been written, after a `send` that was `full`. */
  readonly onDrained?: () => void;
  /** Bytes have come, before they are decoded. */
  readonly onBytes?: (count: number) => void;
}

export type Sent = 'sent' | 'full' | 'too-long' | 'closed';

export class FrameConnection {
  readonly #socket: Duplex;
  readonly #decoder: FrameDecoder;
  readonly #maxWaitingBytes: number;
  #isClosed = false;
  sentFrames = 0;
  sentBytes = 0;

  constructor(socket: Duplex, handlers: ConnectionHandlers, maxWaitingBytes: number) {
    this.#socket = socket;
    this.#maxWaitingBytes = maxWaitingBytes;
    this.#decoder = new FrameDecoder(handlers.onFrame);
    let reason: Error | undefined;
    socket.on('data', (chunk: Buffer) => {
      handlers.onBytes?.(chunk.length);
      if (!this.#isClosed) this.#decoder.push(chunk);
    });
    socket.on('drain', () => handlers.onDrained?.());
    socket.on('error', (error: Error) => {
      reason = error;
    });
    socket.on('end', () => socket.destroy());
    socket.on('close', () => {
      this.#isClosed = true;
      handlers.onClosed(reason);
    });
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

  send(message: Message): Sent {
    const bytes = encodeMessage(message);
    return bytes === undefined ? 'too-long' : this.sendBytes(bytes);
  }

  sendBytes(bytes: Buffer): Sent {
    if (this.#isClosed || this.#socket.destroyed) return 'closed';
    if (this.#socket.writableLength + bytes.length > this.#maxWaitingBytes) return 'full';
    this.#socket.write(bytes);
    this.sentFrames++;
    this.sentBytes += bytes.length;
    return 'sent';
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  abandonFrame(): void {
    this.#decoder.abandon();
  }

  /** Writes what waits, then closes. */
  end(): void {
    this.#socket.end(() => this.#socket.destroy());
  }

  /** Closes at once. */
  close(): void {
    this.#socket.destroy();
  }
}
