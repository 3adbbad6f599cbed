/**
 * Keeps the port to the host open, for ever: it may not be there yet, be held by somebody else, be unplugged and
 * come back.
 *
 *              opened                             read or write error, unplugged, another path
 *    closed ------------> open (a PortStream) ----------------------------------------------+
 *      ^  |                                                                                 |
 *      |  | refused: again after 250 ms to 5 s                                              |
 *      +--+<--------------------------------------------------------------------------------+
 *
 * What is wrong is said once, and again only when it is something else. Invariant: `onOpen` and `onLost` alternate.
 */
import { backOffDelays } from '../../shared/back-off.ts';
import type { Clock, Timer } from '../../shared/clock.ts';
import type { PmError } from '../../shared/errors.ts';
import type { Logger } from '../../shared/log.ts';
import { type OpenPort, type PortKind, portError } from './open-port.ts';
import { PortStream } from './port-stream.ts';

export interface PortKeeperOptions {
  readonly path: string;
  readonly open: (path: string) => Promise<OpenPort>;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Logger;
  readonly onOpen: (stream: PortStream) => void;
  readonly onThere: () => void;
  readonly onAway: () => void;
  readonly onLost: () => void;
}

export interface PortStatus {
  readonly path: string;
  readonly kind: PortKind | undefined;
  /** Why it is not open. */
  readonly fault: string | undefined;
}

const BACK_OFF = { firstMs: 250, ceilingMs: 5_000 };
/** A port that was open for so long is tried again at once; one that comes and goes is not. */
const STEADY_MS = 10_000;

export class PortKeeper {
  readonly #options: PortKeeperOptions;
  #path: string;
  #stream: PortStream | undefined;
  #kind: PortKind | undefined;
  #fault: PmError | undefined;
  #delays: Generator<number, never> | undefined;
  #timer: Timer | undefined;
  #openedMs = 0;
  #isEnded = false;
  /** The attempt or the closing that is under way; the next one begins behind it. */
  #last: Promise<void> = Promise.resolve();

  constructor(options: PortKeeperOptions) {
    this.#options = options;
    this.#path = options.path;
  }

  get status(): PortStatus {
    return { path: this.#path, kind: this.#kind, fault: this.#fault?.message };
  }

  /** Resolves after the first attempt, whatever came of it. */
  start(): Promise<void> {
    return this.#attempt();
  }

  /** Somebody begins to wait for the host. */
  look(): void {
    this.#stream?.look();
  }

  /** Leaves the former port for another one. */
  async changePath(path: string): Promise<void> {
    if (path === this.#path) return;
    this.#path = path;
    this.#fault = undefined;
    await this.#closeStream();
    await this.#attempt();
  }

  async end(): Promise<void> {
    this.#isEnded = true;
    this.#timer?.cancel();
    await this.#last;
    await this.#closeStream();
  }

  #attempt(): Promise<void> {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#last = this.#last.then(() => this.#open(this.#path));
    return this.#last;
  }

  async #open(path: string): Promise<void> {
    if (this.#isEnded || this.#stream !== undefined) return;
    try {
      const port = await this.#options.open(path);
      if (this.#isEnded || path !== this.#path) await port.binding.close();
      else this.#opened(port);
    } catch (thrown) {
      this.#refused(portError(path, thrown));
    }
  }

  #opened({ kind, binding }: OpenPort): void {
    const { clock, log, onOpen, onThere, onAway } = this.#options;
    const atZero = kind === 'serial' ? 'hung-up' : 'host-away';
    const stream = new PortStream(binding, { onThere, onAway, atZero, clock });
    let reason: Error | undefined;
    stream.on('error', (error) => {
      reason = error;
    });
    stream.on('close', () => this.#lost(stream, reason));
    this.#stream = stream;
    this.#kind = kind;
    this.#fault = undefined;
    this.#openedMs = clock.nowMs();
    log.info('port opened', { path: this.#path, kind });
    onOpen(stream);
  }

  #lost(stream: PortStream, reason: Error | undefined): void {
    if (this.#stream !== stream) return;
    this.#stream = undefined;
    this.#kind = undefined;
    const { log, clock, onLost } = this.#options;
    if (!this.#isEnded) log.warning('port lost', { path: this.#path, reason: reason?.message });
    if (clock.nowMs() - this.#openedMs >= STEADY_MS) this.#delays = undefined;
    onLost();
    this.#tryLater();
  }

  #refused(fault: PmError): void {
    if (fault.message !== this.#fault?.message) {
      this.#options.log.error(fault.message, { next: 'trying again until it is there' });
    }
    this.#fault = fault;
    this.#tryLater();
  }

  #tryLater(): void {
    if (this.#isEnded) return;
    this.#delays ??= backOffDelays(BACK_OFF, this.#options.random);
    this.#timer?.cancel();
    this.#timer = this.#options.clock.after(this.#delays.next().value, () => void this.#attempt());
  }

  async #closeStream(): Promise<void> {
    const stream = this.#stream;
    if (stream === undefined) return;
    const closed = new Promise<void>((resolve) => stream.once('close', () => resolve()));
    stream.destroy();
    await closed;
  }
}
