/**
 * How it stands with a source of guests (Pacemaker, libvirt), and when to try again.
 *
 *   starting --an answer--> followed --no answer--> away --an answer--> followed
 *                                                    |  ^
 *                                                    +--+ after 1 s to 30 s, for ever
 */
import { backOffDelays } from '../../../shared/back-off.ts';
import type { Clock, Timer } from '../../../shared/clock.ts';
import type { Logger } from '../../../shared/log.ts';

export interface SourceView {
  readonly state: 'starting' | 'followed' | 'away';
  readonly sinceMs: number;
  readonly fault: string | undefined;
}

const RETRY = { firstMs: 1_000, ceilingMs: 30_000 };

export interface SourceStateOptions {
  readonly name: string;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Logger;
  readonly tryAgain: () => void;
}

export class SourceState {
  readonly #options: SourceStateOptions;
  #state: SourceView['state'] = 'starting';
  #sinceMs: number;
  #fault: string | undefined;
  #delays: Iterator<number, never> | undefined;
  #timer: Timer | undefined;

  constructor(options: SourceStateOptions) {
    this.#options = options;
    this.#sinceMs = options.clock.wallMs();
  }

  get view(): SourceView {
    return { state: this.#state, sinceMs: this.#sinceMs, fault: this.#fault };
  }

  /** It is there; `complete` or `incomplete` says whether all that was asked was answered. */
  answered(): void {
    this.#timer?.cancel();
    this.#become('followed', undefined);
  }

  complete(): void {
    this.#timer?.cancel();
    this.#delays = undefined;
    this.#become('followed', undefined);
  }

  /** It is there and did not tell all: what is missing is asked for later. */
  incomplete(fault: string): void {
    this.#become('followed', fault);
    this.#tryAgainLater();
  }

  /** Tries again later. */
  failed(fault: string): void {
    this.#become('away', fault);
    this.#tryAgainLater();
  }

  #tryAgainLater(): void {
    const { clock, random, tryAgain } = this.#options;
    this.#delays ??= backOffDelays(RETRY, random);
    this.#timer?.cancel();
    this.#timer = clock.after(this.#delays.next().value, tryAgain);
  }

  close(): void {
    this.#timer?.cancel();
  }

  #become(state: SourceView['state'], fault: string | undefined): void {
    this.#fault = fault;
    if (state === this.#state) return;
    const { name, clock, log } = this.#options;
    log.info(`${name}: ${this.#state} => ${state}`, { reason: fault });
    this.#state = state;
    this.#sinceMs = clock.wallMs();
  }
}
