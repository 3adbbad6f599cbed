/**
 * The local socket of vm-connectd (docs/protocol.md, "The local socket"), the same in guests and on hosts: it
 * listens, greets, keeps the limits and hands over frames. What a frame means is its user's business.
 *
 *                 room                                   the peer closes, `close`
 *   accepted ------------> open (greeted with hello) ------------------------------> closed
 *      |                     |  a reply beyond the bound: dropped as slow              ^
 *      |                     +--garbage past the bound: error frame-------------------+
 *      +--- no room: error `too-many` ------------------------------------------------+
 *
 * Invariant: whatever one connection does costs the others nothing and this process at most its queue of
 * `maxWaitingBytes` and one frame. `onClosed` comes exactly once for each connection that was greeted.
 */
import type { Server, Socket } from 'node:net';
import { type Clock, systemClock } from '../clock.ts';
import type { Logger } from '../log.ts';
import { listenUnix } from '../unix-socket.ts';
import { FrameConnection, type Sent } from './connection.ts';
import { tooLongAnswer } from './encode-message.ts';
import type { Frame } from './frame-decoder.ts';
import { type ErrorCode, type Message, PROTOCOL_VERSION, type Reply } from './message.ts';

export interface LocalServerOptions {
  readonly path: string;
  readonly role: 'guest' | 'host';
  /** Program and version, for people: `vm-connectd 2.0.0`. */
  readonly agent: string;
  readonly session: string;
  readonly log: Logger;
  readonly handlers: LocalServerHandlers;
  readonly clock?: Clock;
  readonly limits?: Partial<LocalLimits>;
}

export interface LocalServerHandlers {
  readonly onFrame: (connection: LocalConnection, frame: Frame) => void;
  readonly onClosed: (connection: LocalConnection) => void;
  /** What waited has been written, after a message that was refused as `full`. */
  readonly onDrained?: (connection: LocalConnection) => void;
}

export interface LocalLimits {
  readonly connections: number;
  /** Bytes that wait for one peer to read them. */
  readonly waitingBytes: number;
  /** Of one connection, for as long as it lives. */
  readonly garbageBytes: number;
  readonly garbageRuns: number;
}

const DEFAULT_LIMITS: LocalLimits = {
  connections: 256,
  waitingBytes: 1024 * 1024,
  garbageBytes: 256 * 1024,
  garbageRuns: 100,
};

export interface LocalServerCounts {
  accepted: number;
  /** For want of room. */
  refused: number;
  droppedAsSlow: number;
  droppedForGarbage: number;
  /** Connections that could not be taken: out of file descriptors, say. */
  acceptErrors: number;
}

/** One local program, as the daemon sees it. */
export class LocalConnection {
  /** Counts up from 1; never given to another connection of this process. */
  readonly number: number;
  readonly #frames: FrameConnection;
  readonly #onSlow: (connection: LocalConnection) => void;
  #faultsTold = 0;

  constructor(number: number, frames: FrameConnection, onSlow: (connection: LocalConnection) => void) {
    this.number = number;
    this.#frames = frames;
    this.#onSlow = onSlow;
  }

  get isClosed(): boolean {
    return this.#frames.isClosed;
  }

  get waitingBytes(): number {
    return this.#frames.waitingBytes;
  }

  /** For what the peer has to get: one that has no room for it is dropped, and `full` says so. */
  send(message: Message): Sent {
    const sent = this.#frames.send(message);
    if (sent === 'too-long' && message.type === 'reply') return this.send(tooLong(message));
    if (sent === 'full') {
      this.#onSlow(this);
      this.#frames.close();
    }
    return sent;
  }

  /** For what can be told later, or to somebody else: `full` leaves the connection as it is. */
  offer(message: Message, withinBytes?: number): Sent {
    return this.#frames.send(message, withinBytes);
  }

  /** Tells a person who types what was wrong, once for each run of garbage. */
  tellOfGarbage(): void {
    const { garbageRuns } = this.#frames.received;
    if (garbageRuns === this.#faultsTold) return;
    this.#faultsTold = garbageRuns;
    const message = 'that was no frame: one JSON object on one line is awaited (docs/protocol.md)';
    this.offer({ type: 'error', code: 'bad-request', message });
  }

  /** Last words, then the end. */
  endWithError(code: ErrorCode, message: string): void {
    this.#frames.send({ type: 'error', code, message });
    this.#frames.end();
  }

  close(): void {
    this.#frames.close();
  }
}

const tooLong = ({ id, guest }: Reply): Reply => ({
  type: 'reply',
  id,
  ...(guest === undefined ? {} : { guest }),
  ...tooLongAnswer(),
});

export class LocalServer {
  readonly counts: LocalServerCounts = {
    accepted: 0,
    refused: 0,
    droppedAsSlow: 0,
    droppedForGarbage: 0,
    acceptErrors: 0,
  };
  readonly #options: LocalServerOptions;
  readonly #limits: LocalLimits;
  readonly #clock: Clock;
  readonly #open = new Map<LocalConnection, FrameConnection>();
  /** Refused ones that are being told so. */
  readonly #leaving = new Set<FrameConnection>();
  #server: Server | undefined;
  #closing: Promise<void> | undefined;
  #onAllGone = () => {};

  private constructor(options: LocalServerOptions) {
    this.#options = options;
    this.#limits = { ...DEFAULT_LIMITS, ...options.limits };
    this.#clock = options.clock ?? systemClock;
  }

  static async listen(options: LocalServerOptions): Promise<LocalServer> {
    const local = new LocalServer(options);
    const server = await listenUnix({
      path: options.path,
      mode: 0o600,
      onConnection: (socket) => local.#accept(socket),
    });
    // Out of file descriptors, say: this connection is lost, the next may be not.
    server.on('error', (error) => {
      local.counts.acceptErrors++;
      options.log.warning('cannot accept a connection', { error: error.message });
    });
    local.#server = server;
    return local;
  }

  get connections(): number {
    return this.#open.size;
  }

  /** Closes every connection and takes the socket away; resolves when the user has been told of every end. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    const server = this.#server;
    if (server === undefined) return;
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    const gone = new Promise<void>((resolve) => {
      this.#onAllGone = resolve;
    });
    for (const frames of [...this.#open.values(), ...this.#leaving]) frames.end();
    this.#checkAllGone();
    await Promise.all([closed, gone]);
  }

  #checkAllGone(): void {
    if (this.#open.size === 0 && this.#leaving.size === 0) this.#onAllGone();
  }

  #accept(socket: Socket): void {
    if (this.#open.size >= this.#limits.connections) this.#refuse(socket);
    else this.#greet(socket);
  }

  #greet(socket: Socket): void {
    const { handlers, agent, session, role } = this.#options;
    this.counts.accepted++;
    const frames = new FrameConnection(
      socket,
      {
        onFrame: (frame) => handlers.onFrame(connection, frame),
        onDrained: () => handlers.onDrained?.(connection),
        onGarbage: () => this.#garbage(connection, frames),
        onClosed: () => {
          this.#open.delete(connection);
          handlers.onClosed(connection);
          this.#checkAllGone();
        },
      },
      this.#limits.waitingBytes,
      this.#clock,
    );
    const connection = new LocalConnection(this.counts.accepted, frames, (slow) => this.#slow(slow));
    this.#open.set(connection, frames);
    frames.send({ type: 'hello', version: PROTOCOL_VERSION, agent, session, role });
  }

  #refuse(socket: Socket): void {
    this.counts.refused++;
    if (this.#leaving.size >= this.#limits.connections) {
      socket.on('error', () => {});
      socket.destroy();
      return;
    }
    const frames: FrameConnection = new FrameConnection(
      socket,
      {
        onFrame() {},
        onClosed: () => {
          this.#leaving.delete(frames);
          this.#checkAllGone();
        },
      },
      this.#limits.waitingBytes,
      this.#clock,
    );
    this.#leaving.add(frames);
    const message = `${this.#limits.connections} connections are open already; close some of them`;
    frames.send({ type: 'error', code: 'too-many', message });
    frames.end();
  }

  #slow(connection: LocalConnection): void {
    this.counts.droppedAsSlow++;
    this.#options.log.warning('local connection dropped: it does not read what it asked for', {
      connection: connection.number,
      waitingBytes: connection.waitingBytes,
    });
  }

  #garbage(connection: LocalConnection, frames: FrameConnection): void {
    if (connection.isClosed) return;
    const { garbageBytes, garbageRuns } = frames.received;
    if (garbageBytes <= this.#limits.garbageBytes && garbageRuns <= this.#limits.garbageRuns) {
      connection.tellOfGarbage();
      return;
    }
    this.counts.droppedForGarbage++;
    this.#options.log.warning('local connection closed: too much garbage', {
      connection: connection.number,
      garbageBytes,
    });
    connection.endWithError(
      'bad-request',
      'too much that is no frame came; one JSON object on one line is awaited',
    );
  }
}
