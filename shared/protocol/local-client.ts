/**
 * One question to the local daemon, and its one answer (docs/protocol.md, "The local socket").
 *
 *                 connected                  reply
 *   connecting ---------------> waiting -----------------> answered
 *      ^  | no, or refused         |  the connection breaks
 *      |  v                        |
 *   back-off <---------------------+       at the deadline, from every state: failed
 *
 * Invariant: the request is asked under one id with what is left of its deadline, however often the daemon has to
 * be asked anew, so its restart costs the asker nothing. When the promise settles nothing is left open. It imports
 * as little as it can: fence agents start often and have to start fast.
 */
import { randomUUID } from 'node:crypto';
import type { Socket } from 'node:net';
import { backOffDelays } from '../back-off.ts';
import { type Clock, systemClock } from '../clock.ts';
import type { PmError } from '../errors.ts';
import { connectOnce } from '../unix-socket.ts';
import { type AskFailure, askError, connectFailure } from './ask-failure.ts';
import { FrameConnection } from './connection.ts';
import { encodeMessage } from './encode-message.ts';
import type { Frame } from './frame-decoder.ts';
import {
  type Answer,
  type Json,
  MAX_DEADLINE_MS,
  MAX_FRAME_BYTES,
  type Request,
  tellableDeadlineMs,
} from './message.ts';

export interface AskOptions {
  readonly socketPath: string;
  readonly service: string;
  readonly text: string;
  readonly detail?: Json;
  /** Names the job: the same id is the same job. A random one unless given. */
  readonly id?: string;
  /** How long to wait for the answer, at most MAX_DEADLINE_MS. */
  readonly deadlineMs: number;
  /** A quick no rather than a late yes: retriable errors at once, and no waiting for a daemon that is away. */
  readonly impatient?: boolean;
  /** How long to wait for a daemon that has not been there at all: until the deadline unless given. */
  readonly absentMs?: number;
  /** False: the answer only says that the daemon has taken the request over. */
  readonly reply?: boolean;
  readonly clock?: Clock;
  readonly random?: () => number;
  readonly signal?: AbortSignal;
}

export type Asked =
  | { readonly ok: true; readonly answer: Answer }
  | { readonly ok: false; readonly failure: AskFailure; readonly error: PmError };

const BACK_OFF = { firstMs: 50, ceilingMs: 500 };

/** How long an impatient asker waits for a daemon that went away while it was asked. */
const IMPATIENT_AWAY_MS = 1_000;

/** The daemon answers at the deadline itself and knows better what was wrong: it is given so long to say so. */
const LAST_WORDS_MS = 300;

/** How one attempt ended. */
type Outcome =
  | { readonly kind: 'answer'; readonly answer: Answer }
  | {
      readonly kind: 'failure';
      readonly failure: AskFailure;
      readonly fault: string;
      readonly cause?: unknown;
    }
  /** Worth another attempt. */
  | Away;

type Final = Exclude<Outcome, Away>;

interface Away {
  readonly kind: 'away';
  /** What it is called when the deadline comes first. */
  readonly failure: AskFailure;
  readonly fault: string;
  /** A daemon was there. */
  readonly greeted: boolean;
  readonly cause?: unknown;
}

export async function ask(options: AskOptions): Promise<Asked> {
  const asking = new Asking(options);
  const outcome = await asking.run();
  if (outcome.kind === 'answer') return { ok: true, answer: outcome.answer };
  return { ok: false, failure: outcome.failure, error: askError(options, outcome) };
}

class Asking {
  readonly #options: AskOptions;
  readonly #clock: Clock;
  readonly #id: string;
  readonly #untilMs: number;

  constructor(options: AskOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#id = options.id ?? randomUUID();
    this.#untilMs = this.#clock.nowMs() + Math.min(options.deadlineMs, MAX_DEADLINE_MS);
  }

  get #leftMs(): number {
    return Math.max(0, this.#untilMs - this.#clock.nowMs());
  }

  async run(): Promise<Final> {
    const random = this.#options.random ?? Math.random;
    const beganMs = this.#clock.nowMs();
    let delays = backOffDelays(BACK_OFF, random);
    let goneSinceMs: number | undefined;
    for (;;) {
      const outcome = await this.#attempt();
      if (outcome.kind !== 'away') return outcome;
      if (outcome.greeted) {
        delays = backOffDelays(BACK_OFF, random);
        goneSinceMs = this.#clock.nowMs();
      }
      if (this.#hasWaitedEnough(beganMs, goneSinceMs)) return { ...outcome, kind: 'failure' };
      const paused = await this.#pause(delays.next().value);
      if (paused !== undefined) return paused;
    }
  }

  /** `goneSinceMs`: since when a daemon that was there has been gone. */
  #hasWaitedEnough(beganMs: number, goneSinceMs: number | undefined): boolean {
    if (this.#leftMs === 0) return true;
    const nowMs = this.#clock.nowMs();
    const { impatient, absentMs } = this.#options;
    if (impatient === true) return goneSinceMs === undefined || nowMs - goneSinceMs >= IMPATIENT_AWAY_MS;
    return goneSinceMs === undefined && absentMs !== undefined && nowMs - beganMs >= absentMs;
  }

  async #pause(delayMs: number): Promise<Final | undefined> {
    try {
      await this.#clock.sleep(Math.min(delayMs, this.#leftMs), this.#options.signal);
      return undefined;
    } catch {
      return ABORTED;
    }
  }

  async #attempt(): Promise<Outcome> {
    if (this.#options.signal?.aborted === true) return ABORTED;
    const bytes = encodeMessage(this.#request());
    if (bytes === undefined) {
      const fault = `the request is longer than the ${MAX_FRAME_BYTES} bytes of a frame`;
      return { kind: 'failure', failure: 'unusable', fault };
    }
    try {
      return await this.#exchange(await connectOnce(this.#options.socketPath), bytes);
    } catch (thrown) {
      return connectOutcome(thrown);
    }
  }

  #request(): Request {
    const { service, text, detail, impatient, reply } = this.#options;
    return {
      type: 'request',
      id: this.#id,
      service,
      text,
      deadlineMs: tellableDeadlineMs(this.#leftMs),
      ...(detail === undefined ? {} : { detail }),
      ...(impatient === undefined ? {} : { impatient }),
      ...(reply === undefined ? {} : { reply }),
    };
  }

  /** Asks over a fresh connection and closes it. */
  #exchange(socket: Socket, bytes: Buffer): Promise<Outcome> {
    return new Promise((resolve) => {
      const { signal } = this.#options;
      let outcome: Outcome = away('the daemon closed the connection');
      const settle = (final: Outcome) => {
        outcome = final;
        connection.close();
      };
      const connection = new FrameConnection(
        socket,
        {
          onFrame: (frame) => {
            if (isMessage(frame, 'hello') && outcome.kind === 'away') outcome = { ...outcome, greeted: true };
            const final = this.#finalFor(frame);
            if (final !== undefined) settle(final);
          },
          onGarbage: () => settle(malformed('what came is no frame of this protocol')),
          onClosed: (reason) => {
            timer.cancel();
            signal?.removeEventListener('abort', onAbort);
            resolve(outcome.kind === 'away' ? { ...outcome, cause: reason } : outcome);
          },
        },
        Number.POSITIVE_INFINITY,
        this.#clock,
      );
      const timer = this.#clock.after(this.#leftMs + LAST_WORDS_MS, () =>
        settle({ kind: 'failure', failure: 'deadline', fault: `no answer came in ${this.#deadlineText()}` }),
      );
      const onAbort = () => settle(ABORTED);
      signal?.addEventListener('abort', onAbort, { once: true });
      if (signal?.aborted === true) onAbort();
      else connection.sendBytes(bytes);
    });
  }

  /** Undefined for what does not end the attempt. */
  #finalFor(frame: Frame): Outcome | undefined {
    switch (frame.kind) {
      case 'unknown-type':
        return undefined;
      case 'v1':
        return malformed('it speaks version 1 of the protocol');
      case 'bad-message':
        if (frame.id !== undefined && frame.id !== this.#id) return undefined;
        return malformed(`a wrong message came: ${frame.fault}`);
      case 'message':
        break;
    }
    const { message } = frame;
    if (message.type === 'reply' && message.id === this.#id) {
      const { type: _type, id: _id, guest: _guest, ...answer } = message;
      return { kind: 'answer', answer };
    }
    if (message.type !== 'error') return undefined;
    if (message.code === 'too-many') return { ...away(message.message), failure: 'no-room' };
    return {
      kind: 'answer',
      answer: { error: { code: message.code, message: message.message, retry: false } },
    };
  }

  #deadlineText(): string {
    return `${Math.round(Math.min(this.#options.deadlineMs, MAX_DEADLINE_MS) / 100) / 10} s`;
  }
}

const ABORTED = { kind: 'failure', failure: 'aborted', fault: 'it was called off' } as const;

const away = (fault: string, cause?: unknown): Away => ({
  kind: 'away',
  failure: 'not-running',
  fault,
  greeted: false,
  cause,
});

const malformed = (fault: string): Outcome => ({ kind: 'failure', failure: 'malformed', fault });

function isMessage(frame: Frame, type: string): boolean {
  return frame.kind === 'message' && frame.message.type === type;
}

function connectOutcome(thrown: unknown): Outcome {
  const failed = connectFailure(thrown);
  return failed.failure === 'not-running' ? away(failed.fault, thrown) : { kind: 'failure', ...failed };
}
