/**
 * The link to one guest: makes and keeps the connection (`link-state.ts` says how), greets, and tells who is there.
 *
 * Invariant: whatever comes over its connection is handed over as this guest's and nobody else's. A link is tried
 * again for ever.
 */
import type { Socket } from 'node:net';
import { backOffDelays } from '../../../shared/back-off.ts';
import type { Clock, Timer } from '../../../shared/clock.ts';
import type { Logger } from '../../../shared/log.ts';
import type { FrameConnection, Sent } from '../../../shared/protocol/connection.ts';
import type { Frame } from '../../../shared/protocol/frame-decoder.ts';
import { PREAMBLE, V1_TYPE, writeV1Frame } from '../../../shared/protocol/v1-frame.ts';
import { type LinkLimits, PENALTY_DELAYS, RETRY_DELAYS } from '../limits.ts';
import type { GuestFrame } from '../router/router-effect.ts';
import { LinkConnection } from './link-connection.ts';
import { type LinkCounts, newLinkCounts } from './link-counts.ts';
import { type LinkEffect, type LinkEvent, type LinkState, stepLink } from './link-state.ts';
import { type LinkTarget, type SocketSource, socketSource } from './socket-source.ts';

/** What all links share. */
export interface LinkEnvironment {
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Logger;
  readonly limits: LinkLimits;
  readonly onFrame: (guest: string, frame: Frame) => void;
  /** Nobody has watched who is behind its socket since it was last open; it is about to be tried again. */
  readonly onLost: (guest: string) => void;
  /** There is room again: for the answers to these requests, and for whatever else was dropped. */
  readonly onRoom: (guest: string, dropped: readonly string[]) => void;
}

export type ShownState = 'absent' | 'listening' | 'mute' | 'up' | 'penalty';

export interface AgentWords {
  readonly agent: string;
  readonly session: string;
  readonly boot: string;
  readonly name: string;
}

export interface LinkView {
  readonly guest: string;
  readonly state: ShownState;
  /** While it is up. */
  readonly version: 1 | 2 | undefined;
  readonly sinceMs: number;
  readonly mode: LinkTarget['mode'];
  readonly path: string;
  /** Why there is no connection, or why the next one may not come about. */
  readonly fault: string | undefined;
  /** What the agent said of itself, for people. */
  readonly peer: AgentWords | undefined;
  readonly counts: LinkCounts;
}

/** A guest that kept the peace for so long begins with the shortest penalty again. */
const FORGIVEN_AFTER_MS = 10 * 60_000;

export class GuestLink {
  readonly guest: string;
  readonly #environment: LinkEnvironment;
  readonly #counts = newLinkCounts();
  #target: LinkTarget;
  #source: SocketSource;
  #state: LinkState = 'absent';
  #sinceMs: number;
  #fault: string | undefined;
  /** With the listener, whether there is a connection or not. */
  #trouble: string | undefined;
  #peer: AgentWords | undefined;
  #connection: LinkConnection | undefined;
  #retryDelays: Iterator<number, never> | undefined;
  #penaltyDelays: Iterator<number, never> | undefined;
  #penaltyEndsMs = Number.NEGATIVE_INFINITY;
  #timer: Timer | undefined;

  constructor(guest: string, target: LinkTarget, environment: LinkEnvironment) {
    this.guest = guest;
    this.#environment = environment;
    this.#target = target;
    this.#sinceMs = environment.clock.wallMs();
    this.#source = this.#newSource();
    this.#apply('poked');
  }

  /** There is reason to think that it would work now: the socket has appeared, the guest has been started. */
  poke(): void {
    this.attend();
    this.#apply('poked');
  }

  /** Sees to it that QEMU finds the socket that it is to connect to. */
  attend(): void {
    this.#source.attend(this.#target.owner);
  }

  /** The same guest, perhaps behind another socket. */
  retarget(target: LinkTarget): void {
    const isSame = target.mode === this.#target.mode && target.path === this.#target.path;
    if (!isSame) this.#disconnect(true, 'its socket is another one now');
    this.#target = target;
    if (isSame) {
      this.#source.attend(target.owner);
    } else {
      this.#source = this.#newSource();
      this.#apply('poked');
    }
  }

  /** `forGood`: the guest is no longer known here. */
  close(forGood: boolean): void {
    this.#disconnect(forGood, forGood ? 'it is no longer known here' : 'we stop');
  }

  /** Not while the guest speaks another version, or has not spoken yet. `answers`: the request that this answers. */
  send(frame: GuestFrame, answers?: string): void {
    if (frame.kind === 'message') {
      this.#sendIn('up-v2', (frames) => frames.send(frame.message), answers);
      return;
    }
    const bytes = writeV1Frame(frame.frame);
    this.#sendIn('up-v1', (frames) => (bytes === undefined ? 'too-long' : frames.sendBytes(bytes)), answers);
  }

  /** A frame for all guests of version 2 that are up, encoded once. */
  broadcast(bytes: Buffer): void {
    if (this.#state === 'up-v2') this.#connection?.send((frames) => frames.sendBytes(bytes));
  }

  get view(): LinkView {
    const counts = { ...this.#counts };
    this.#connection?.addTo(counts);
    return {
      guest: this.guest,
      state: shownState(this.#state),
      version: versionOf(this.#state),
      sinceMs: this.#sinceMs,
      mode: this.#target.mode,
      path: this.#target.path,
      fault: this.#trouble ?? (this.#connection === undefined ? this.#fault : undefined),
      peer: this.#peer,
      counts,
    };
  }

  #sendIn(state: LinkState, send: (frames: FrameConnection) => Sent, answers?: string): void {
    if (this.#connection !== undefined && this.#state === state) this.#connection.send(send, answers);
    else this.#counts.dropped++;
  }

  // ---- states

  #apply(event: LinkEvent, reason?: string): void {
    const { state, effects } = stepLink(this.#target.mode, this.#state, event);
    this.#become(state, reason);
    for (const effect of effects) this.#run(effect);
  }

  #become(state: LinkState, reason?: string): void {
    const [before, after] = [shownState(this.#state), shownState(state)];
    this.#state = state;
    if (before === after) return;
    const { clock, log } = this.#environment;
    this.#sinceMs = clock.wallMs();
    log.info(`guest ${this.guest}: ${before} => ${after}`, { version: versionOf(state), reason });
  }

  #run(effect: LinkEffect): void {
    switch (effect) {
      case 'open':
        this.#timer?.cancel();
        this.#source.open();
        break;
      case 'greet':
        this.#connection?.send((frames) => frames.sendBytes(PREAMBLE));
        break;
      case 'retry-later':
        this.#retryDelays ??= backOffDelays(RETRY_DELAYS, this.#environment.random);
        this.#dueAfter(this.#retryDelays.next().value);
        break;
      case 'reset-delays':
        this.#retryDelays = undefined;
        break;
      case 'penalise':
        this.#penalise();
        break;
      case 'end-penalty':
        this.#timer?.cancel();
        break;
      case 'close':
        this.#connection?.close();
        break;
      case 'hold':
        this.#connection?.hold();
        break;
      case 'release':
        this.#connection?.release();
        break;
    }
  }

  #dueAfter(delayMs: number): void {
    this.#timer?.cancel();
    this.#timer = this.#environment.clock.after(delayMs, () => this.#apply('due'));
  }

  #penalise(): void {
    const { clock, random, log } = this.#environment;
    const nowMs = clock.nowMs();
    if (nowMs - this.#penaltyEndsMs > FORGIVEN_AFTER_MS) this.#penaltyDelays = undefined;
    this.#penaltyDelays ??= backOffDelays(PENALTY_DELAYS, random);
    const delayMs = this.#penaltyDelays.next().value;
    this.#penaltyEndsMs = nowMs + delayMs;
    this.#counts.penalties++;
    log.warning(`guest ${this.guest}: too much garbage`, { againAfterMs: Math.round(delayMs) });
    this.#timer?.cancel();
    this.#timer = clock.after(delayMs, () => this.#penaltyOver());
  }

  /** A connection that we closed ourselves is lost only now: told before, it would be made again without its penalty. */
  #penaltyOver(): void {
    if (this.#target.mode === 'bind') this.#environment.onLost(this.guest);
    if (this.#state === 'penalty') this.#apply('due');
  }

  // ---- connections

  #newSource(): SocketSource {
    return socketSource(this.#target, {
      onSocket: (socket) => this.#opened(socket),
      onListening: () => this.#apply('listens'),
      onFailed: (fault) => this.#failed(fault),
      onTrouble: (fault) => this.#troubled(fault),
      onSecond: () => {
        this.#counts.secondConnections++;
      },
    });
  }

  #failed(fault: string): void {
    this.#counts.failed++;
    if (fault !== this.#fault) this.#environment.log.debug(`guest ${this.guest}: no link`, { fault });
    this.#fault = fault;
    this.#apply('failed');
  }

  #troubled(fault: string): void {
    if (fault !== '') this.#counts.troubles++;
    if (fault === (this.#trouble ?? '')) return;
    this.#trouble = fault === '' ? undefined : fault;
    const { log } = this.#environment;
    if (fault === '') log.info(`guest ${this.guest}: its socket is in order again`);
    else log.warning(`guest ${this.guest}: its socket is in trouble`, { fault });
  }

  #opened(socket: Socket): void {
    const { clock, limits, onRoom } = this.#environment;
    this.#counts.linked++;
    this.#fault = undefined;
    const connection: LinkConnection = new LinkConnection({
      socket,
      limits,
      clock,
      counts: this.#counts,
      onFrame: (frame) => {
        if (this.#connection === connection) this.#heard(frame);
      },
      onTooMuchGarbage: () => this.#apply('garbage'),
      onRoom: (dropped) => onRoom(this.guest, dropped),
      onClosed: (reason) => {
        if (this.#connection === connection) this.#lost(reason?.message);
      },
    });
    this.#connection = connection;
    this.#apply('opened');
  }

  #lost(reason: string | undefined): void {
    this.#counts.lost++;
    this.#connection = undefined;
    this.#peer = undefined;
    const isOurDoing = this.#state === 'penalty' && this.#target.mode === 'bind';
    this.#apply('closed', reason);
    this.#source.released();
    if (!isOurDoing) this.#environment.onLost(this.guest);
  }

  #disconnect(forGood: boolean, reason: string): void {
    this.#timer?.cancel();
    this.#source.close(forGood);
    this.#connection?.close();
    this.#connection = undefined;
    this.#peer = undefined;
    this.#become('absent', reason);
  }

  #heard(frame: Frame): void {
    if (frame.kind === 'v1') {
      // A terminal that echoes sends our own greeting back; only a request shows that there is somebody.
      const { type } = frame.frame;
      if (type === V1_TYPE.monitor || type === V1_TYPE.stonith) this.#apply('v1-frame');
    } else if (frame.kind === 'message' && frame.message.type === 'hello') {
      const { agent, session, boot, name } = frame.message;
      this.#peer = { agent, session, boot: boot ?? '', name: name ?? '' };
      this.#counts.hellos++;
      this.#apply('hello');
    }
    this.#environment.onFrame(this.guest, frame);
  }
}

const versionOf = (state: LinkState): 1 | 2 | undefined => {
  if (state === 'up-v1') return 1;
  return state === 'up-v2' ? 2 : undefined;
};

function shownState(state: LinkState): ShownState {
  switch (state) {
    case 'connecting':
      return 'absent';
    case 'up-v1':
    case 'up-v2':
      return 'up';
    case 'absent':
    case 'listening':
    case 'mute':
    case 'penalty':
      return state;
  }
}
