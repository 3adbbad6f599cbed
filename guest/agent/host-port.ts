/**
 * The agent's side of the link as bytes: the port that is open just now, its frames, and the queue before it.
 *
 * Invariant: the events of the link come in the order of port-opened, host-there, heard, frame, host-gone,
 * port-lost, and a frame is written whole or not at all.
 */
import type { Clock } from '../../shared/clock.ts';
import type { Logger } from '../../shared/log.ts';
import { FrameConnection } from '../../shared/protocol/connection.ts';
import { encodeMessage, LINE_END } from '../../shared/protocol/encode-message.ts';
import type { DecoderCounts } from '../../shared/protocol/frame-decoder.ts';
import type { Hello, Message } from '../../shared/protocol/message.ts';
import type { AgentEvent } from './agent.ts';
import type { OpenPort } from './open-port.ts';
import { PortKeeper, type PortStatus } from './port-keeper.ts';
import type { PortStream } from './port-stream.ts';

export interface HostPortOptions {
  readonly path: string;
  readonly open: (path: string) => Promise<OpenPort>;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Logger;
  readonly onEvent: (event: AgentEvent) => void;
}

export interface ByteCounts {
  receivedBytes: number;
  receivedFrames: number;
  garbageRuns: number;
  garbageBytes: number;
  sentBytes: number;
  sentFrames: number;
  /** Found no room in the queue. */
  unsentFrames: number;
}

/** More than all open requests together. */
const MAX_WAITING_BYTES = 1024 * 1024;

export class HostPort {
  readonly #onEvent: (event: AgentEvent) => void;
  readonly #clock: Clock;
  readonly #keeper: PortKeeper;
  #frames: FrameConnection | undefined;
  /** Of this port and all before it; what `#frames` counts comes on top. */
  readonly #counts: ByteCounts = {
    receivedBytes: 0,
    receivedFrames: 0,
    garbageRuns: 0,
    garbageBytes: 0,
    sentBytes: 0,
    sentFrames: 0,
    unsentFrames: 0,
  };

  constructor(options: HostPortOptions) {
    this.#onEvent = options.onEvent;
    this.#clock = options.clock;
    this.#keeper = new PortKeeper({
      path: options.path,
      open: options.open,
      clock: options.clock,
      random: options.random,
      log: options.log,
      onOpen: (stream) => this.#opened(stream),
      onThere: () => this.#onEvent({ kind: 'host-there' }),
      onAway: () => this.#away(),
      onLost: () => this.#onEvent({ kind: 'port-lost' }),
    });
  }

  get status(): PortStatus {
    return this.#keeper.status;
  }

  get counts(): ByteCounts {
    return addCounts(this.#counts, this.#frames?.received ?? NOTHING);
  }

  start(): Promise<void> {
    return this.#keeper.start();
  }

  /** Somebody begins to wait for the host. */
  look(): void {
    this.#keeper.look();
  }

  changePath(path: string): Promise<void> {
    return this.#keeper.changePath(path);
  }

  end(): Promise<void> {
    return this.#keeper.end();
  }

  /** What was half said before, by whoever held the port then, ends with the first byte. */
  greet(hello: Hello): void {
    const bytes = encodeMessage(hello);
    if (bytes !== undefined) this.#write(Buffer.concat([LINE_END, bytes]));
  }

  send(message: Message): void {
    const bytes = encodeMessage(message);
    if (bytes !== undefined) this.#write(bytes);
  }

  #write(bytes: Buffer): void {
    switch (this.#frames?.sendBytes(bytes)) {
      case 'sent':
        this.#counts.sentFrames++;
        this.#counts.sentBytes += bytes.length;
        break;
      case 'full':
        this.#counts.unsentFrames++;
        this.#onEvent({ kind: 'stuck' });
        break;
      default:
        break; // there is no port to send through; the hello on the next one makes up for it
    }
  }

  #opened(stream: PortStream): void {
    const frames: FrameConnection = new FrameConnection(
      stream,
      {
        onBytes: (count) => {
          this.#counts.receivedBytes += count;
          this.#onEvent({ kind: 'heard' });
        },
        onFrame: (frame) => this.#onEvent({ kind: 'frame', frame }),
        onClosed: () => this.#closed(frames),
      },
      MAX_WAITING_BYTES,
      this.#clock,
    );
    this.#frames = frames;
    this.#onEvent({ kind: 'port-opened' });
  }

  #away(): void {
    this.#frames?.abandonFrame();
    this.#onEvent({ kind: 'host-gone' });
  }

  #closed(frames: FrameConnection): void {
    Object.assign(this.#counts, addCounts(this.#counts, frames.received));
    if (this.#frames === frames) this.#frames = undefined;
  }
}

const NOTHING: DecoderCounts = { frames: 0, garbageRuns: 0, garbageBytes: 0 };

const addCounts = (counts: ByteCounts, more: Readonly<DecoderCounts>): ByteCounts => ({
  ...counts,
  receivedFrames: counts.receivedFrames + more.frames,
  garbageRuns: counts.garbageRuns + more.garbageRuns,
  garbageBytes: counts.garbageBytes + more.garbageBytes,
});
