/**
 * One connection of a link, held to the limits of docs/protocol.md.
 *
 * It is read while none of these holds: more has come than is allowed (`flood`, until the time that it is worth has
 * passed), a frame had no room because the guest does not read (`unread`, until what waited is written), it is a
 * penalty for garbage (`penalty`, until `release`), or enough has come at once (`turn`, until others have had theirs):
 * some frames, or any garbage, of which the kernel would hand over megabytes in one go.
 */
import type { Socket } from 'node:net';
import type { Clock, Timer } from '../../../shared/clock.ts';
import { FrameConnection, type Sent } from '../../../shared/protocol/connection.ts';
import type { Frame } from '../../../shared/protocol/frame-decoder.ts';
import type { LinkLimits } from '../limits.ts';
import { Intake } from './intake.ts';
import type { LinkCounts } from './link-counts.ts';

export interface LinkConnectionOptions {
  readonly socket: Socket;
  readonly limits: LinkLimits;
  readonly clock: Clock;
  /** Of the link, over all its connections. */
  readonly counts: LinkCounts;
  readonly onFrame: (frame: Frame) => void;
  readonly onTooMuchGarbage: () => void;
  /** There is room again: for the answers to these requests, and for whatever else was dropped. */
  readonly onRoom: (dropped: readonly string[]) => void;
  readonly onClosed: (reason: Error | undefined) => void;
}

const PAUSE = { flood: 1, unread: 2, penalty: 4, turn: 8 } as const;
/** Of what is read at once: a burst that is within its limits keeps nobody waiting for longer than these take. */
const FRAMES_A_TURN = 4;
/** Until its next turn, in times what this one took: so a link has a fifth of the daemon's time at most. */
const TURN_REST = 4;
const SHORTEST_REST_MS = 1;

export class LinkConnection {
  readonly #options: LinkConnectionOptions;
  readonly #frames: FrameConnection;
  readonly #intake: Intake;
  #pauses = 0;
  #floodTimer: Timer | undefined;
  #turnTimer: Timer | undefined;
  #framesThisTurn = 0;
  #turnBeganMs = 0;
  #dropped: Set<string> | undefined;

  constructor(options: LinkConnectionOptions) {
    const { socket, limits, clock, counts } = options;
    this.#options = options;
    this.#intake = new Intake(limits, clock.nowMs());
    const handlers = {
      onFrame: (frame: Frame) => this.#heard(frame),
      onBytes: (count: number) => {
        counts.bytesIn += count;
        this.#beginTurn();
        this.#intake.tookBytes(count, clock.nowMs());
        this.#pauseForFlood();
      },
      onGarbage: () => {
        this.#pauseForOthers();
        if (this.#intake.isTooMuchGarbage(this.#frames.received, clock.nowMs())) options.onTooMuchGarbage();
      },
      onDrained: () => this.#drained(),
      onClosed: (reason: Error | undefined) => {
        this.#floodTimer?.cancel();
        this.#turnTimer?.cancel();
        this.addTo(counts);
        options.onClosed(reason);
      },
    };
    this.#frames = new FrameConnection(socket, handlers, limits.waitingBytes, clock);
  }

  /** `answers`: the request whose answer this is. */
  send(send: (frames: FrameConnection) => Sent, answers?: string): Sent {
    const sent = send(this.#frames);
    if (sent === 'sent') return sent;
    this.#options.counts.dropped++;
    if (sent === 'full') {
      this.#options.counts.unread++;
      this.#dropped ??= new Set();
      if (answers !== undefined) this.#dropped.add(answers);
      this.#pause(PAUSE.unread);
    }
    return sent;
  }

  hold(): void {
    this.#pause(PAUSE.penalty);
  }

  /** What came before no longer counts against it. */
  release(): void {
    // First forgiven: half a frame that is given up counts as garbage, which must not begin the penalty anew.
    this.#intake.forgive(this.#frames.received, this.#options.clock.nowMs());
    this.#frames.abandonFrame();
    this.#resume(PAUSE.penalty);
  }

  close(): void {
    this.#frames.close();
  }

  /** Adds what this connection has counted so far. */
  addTo(counts: LinkCounts): void {
    const { received, sentFrames, sentBytes } = this.#frames;
    counts.framesIn += received.frames;
    counts.garbageRuns += received.garbageRuns;
    counts.garbageBytes += received.garbageBytes;
    counts.framesOut += sentFrames;
    counts.bytesOut += sentBytes;
  }

  #heard(frame: Frame): void {
    if ((this.#pauses & PAUSE.penalty) !== 0) {
      this.#options.counts.ignored++;
      return;
    }
    this.#intake.tookFrame(this.#options.clock.nowMs());
    this.#pauseForFlood();
    this.#framesThisTurn++;
    if (this.#framesThisTurn === FRAMES_A_TURN) this.#pauseForOthers();
    this.#options.onFrame(frame);
  }

  #pauseForOthers(): void {
    if ((this.#pauses & PAUSE.turn) !== 0) return;
    this.#pause(PAUSE.turn);
    const { clock } = this.#options;
    const restMs = Math.max(SHORTEST_REST_MS, Math.ceil(TURN_REST * (clock.nowMs() - this.#turnBeganMs)));
    this.#turnTimer = clock.after(restMs, () => {
      this.#beginTurn();
      this.#resume(PAUSE.turn);
    });
  }

  #beginTurn(): void {
    this.#framesThisTurn = 0;
    this.#turnBeganMs = this.#options.clock.nowMs();
  }

  #drained(): void {
    const dropped = [...(this.#dropped ?? [])];
    this.#dropped = undefined;
    this.#resume(PAUSE.unread);
    this.#options.onRoom(dropped);
  }

  #pauseForFlood(): void {
    const { pauseMs } = this.#intake;
    if (pauseMs === 0 || this.#floodTimer !== undefined) return;
    this.#options.counts.throttled++;
    this.#pause(PAUSE.flood);
    this.#resumeAfter(pauseMs);
  }

  /** More of what was read already may have made the debt larger meanwhile. */
  #resumeAfter(pauseMs: number): void {
    const { clock } = this.#options;
    this.#floodTimer = clock.after(pauseMs, () => {
      this.#floodTimer = undefined;
      this.#intake.refill(clock.nowMs());
      const restMs = this.#intake.pauseMs;
      if (restMs > 0) this.#resumeAfter(restMs);
      else this.#resume(PAUSE.flood);
    });
  }

  #pause(why: number): void {
    if (this.#pauses === 0) this.#frames.pause();
    this.#pauses |= why;
  }

  #resume(why: number): void {
    if (this.#pauses === 0) return;
    this.#pauses &= ~why;
    if (this.#pauses === 0) this.#frames.resume();
  }
}
