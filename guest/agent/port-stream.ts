/**
 * An open port as a stream of bytes, for descriptors that Node has no stream for: a virtio-serial port is no tty, no
 * socket and no file.
 *
 *                  EAGAIN or bytes
 *          away ------------------------> there
 *   (read again ^                           |  wait for READABLE, or for WRITABLE too
 *    after 10 ms |       read gives 0       |  while a write is blocked
 *    to 3 s)     +--------------------------+
 *                                           (a tty that reads 0 was hung up: destroyed)
 *   from both: any other error: destroyed with it
 *
 * While nobody is at the host's end, poll reports HUP at once and for ever, so waiting for an event would be a busy
 * loop: the port is read now and then instead, and at once when somebody asks. What is written meanwhile is dropped, as it would be on the wire;
 * whoever speaks over the port begins anew when the host is there.
 *
 * Invariant: `onThere` and `onAway` alternate, `onThere` first and before any byte of that host.
 */
import { readSync, writeSync } from 'node:fs';
import { Duplex } from 'node:stream';
import { backOffDelays } from '../../shared/back-off.ts';
import { type Clock, systemClock, type Timer } from '../../shared/clock.ts';
import { systemCodeOf } from '../../shared/errors.ts';

/** What serialport has for one open descriptor; its `LinuxPortBinding` is one. */
export interface PortBinding {
  readonly fd: number | null;
  readonly poller: {
    on(event: 'readable' | 'writable', listener: (error: Error | null) => void): unknown;
    removeAllListeners(): unknown;
    poll(events: number): void;
  };
  close(): Promise<void>;
}

export interface PortStreamOptions {
  readonly onThere: () => void;
  readonly onAway: () => void;
  /** What it means that a read gives 0. */
  readonly atZero: 'host-away' | 'hung-up';
  readonly clock?: Clock;
}

const READABLE = 1;
const WRITABLE = 2;
const READ_BYTES = 65_536;
/** Then others have their turn. */
const READS_AT_ONCE = 16;
/** A virtio port gives one buffer at a time, of a page. A shorter one was the last, most likely; to be told so costs an exception. */
const WHOLE_BYTES = 4_096;
/** Short at first, because a migration is over soon; the ceiling costs next to nothing. */
const AWAY_BACK_OFF = { firstMs: 10, ceilingMs: 3_000 };
/** The whole of each delay: nobody else looks at this port. */
const UNSPREAD = () => 1;

interface BlockedWrite {
  readonly bytes: Buffer;
  readonly written: number;
  readonly done: (error?: Error | null) => void;
}

export class PortStream extends Duplex {
  readonly #binding: PortBinding;
  readonly #fd: number;
  readonly #options: PortStreamOptions;
  readonly #clock: Clock;
  readonly #buffer = Buffer.allocUnsafe(READ_BYTES);
  #state: 'unknown' | 'there' | 'away' = 'unknown';
  #isReading = false;
  #blocked: BlockedWrite | undefined;
  #delays: Generator<number, never> | undefined;
  #timer: Timer | undefined;
  droppedBytes = 0;

  constructor(binding: PortBinding, options: PortStreamOptions) {
    super({ decodeStrings: true });
    if (binding.fd === null) throw new TypeError('the port is closed');
    this.#binding = binding;
    this.#fd = binding.fd;
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    binding.poller.on('readable', (error) => (error === null ? this.#readAll() : this.#readLater()));
    binding.poller.on('writable', (error) => (error === null ? this.#writeOn() : this.#readLater()));
  }

  /** Somebody begins to wait for the host: looks at once, and often for a while. */
  look(): void {
    if (this.#state !== 'away') return;
    this.#delays = undefined;
    this.#again(0);
  }

  override _read(): void {
    if (this.#isReading) return;
    this.#isReading = true;
    if (this.#timer === undefined) this.#readAll();
  }

  override _write(bytes: Buffer, _encoding: string, done: (error?: Error | null) => void): void {
    this.#blocked = { bytes, written: 0, done };
    this.#writeOn();
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#timer?.cancel();
    this.#blocked = undefined;
    this.#binding.poller.removeAllListeners();
    void this.#binding.close().then(
      () => done(error),
      () => done(error),
    );
  }

  #readAll(): void {
    if (!this.#isReading || this.destroyed) return;
    for (let reads = 0; reads < READS_AT_ONCE; reads++) {
      const count = this.#readOnce();
      if (count === undefined) return;
      if (count === 0) {
        this.#nothingThere();
        return;
      }
      this.#become('there');
      const bytes = Buffer.from(this.#buffer.subarray(0, count));
      if (!this.push(bytes)) {
        this.#isReading = false;
        this.#await();
        return;
      }
      if (this.destroyed) return;
      if (count < WHOLE_BYTES) {
        this.#await();
        return;
      }
    }
    this.#again(0);
  }

  /** Undefined when the matter is dealt with: nothing to read yet, or the end of this stream. */
  #readOnce(): number | undefined {
    try {
      return readSync(this.#fd, this.#buffer);
    } catch (thrown) {
      if (isTryAgain(thrown)) {
        this.#become('there');
        this.#await();
      } else {
        this.destroy(asError(thrown));
      }
      return undefined;
    }
  }

  #nothingThere(): void {
    if (this.#options.atZero === 'hung-up') {
      this.destroy(new Error('the line was hung up'));
      return;
    }
    this.#become('away');
    this.#readLater();
  }

  #writeOn(): void {
    const { bytes, written, done } = this.#blocked ?? {};
    if (bytes === undefined || done === undefined || this.destroyed) return;
    if (this.#state === 'away') {
      this.#dropBlocked();
      return;
    }
    let count = 0;
    try {
      count = writeSync(this.#fd, bytes, written);
    } catch (thrown) {
      if (!isTryAgain(thrown)) {
        this.destroy(asError(thrown));
        return;
      }
    }
    const total = (written ?? 0) + count;
    if (total < bytes.length) {
      this.#blocked = { bytes, written: total, done };
      this.#await();
    } else {
      this.#blocked = undefined;
      done();
    }
  }

  #dropBlocked(): void {
    const blocked = this.#blocked;
    if (blocked === undefined) return;
    this.#blocked = undefined;
    this.droppedBytes += blocked.bytes.length - blocked.written;
    blocked.done();
  }

  #become(state: 'there' | 'away'): void {
    if (this.#state === state) return;
    const former = this.#state;
    this.#state = state;
    if (state === 'there') {
      this.#delays = undefined;
      this.#options.onThere();
    } else if (former === 'there') {
      this.#options.onAway();
    }
    if (state === 'away') this.#dropBlocked();
  }

  /** Sets what to wait for. Each event takes itself off, so this is called after every one. */
  #await(): void {
    if (this.destroyed || this.#state === 'away') return;
    const readable = this.#isReading && this.#timer === undefined ? READABLE : 0;
    this.#binding.poller.poll(readable | (this.#blocked === undefined ? 0 : WRITABLE));
  }

  #readLater(): void {
    this.#delays ??= backOffDelays(AWAY_BACK_OFF, UNSPREAD);
    this.#again(this.#delays.next().value);
  }

  #again(delayMs: number): void {
    if (this.destroyed) return;
    this.#timer?.cancel();
    this.#timer = this.#clock.after(delayMs, () => {
      this.#timer = undefined;
      this.#readAll();
    });
  }
}

function isTryAgain(thrown: unknown): boolean {
  const code = systemCodeOf(thrown);
  return code === 'EAGAIN' || code === 'EWOULDBLOCK' || code === 'EINTR';
}

const asError = (thrown: unknown): Error => (thrown instanceof Error ? thrown : new Error(String(thrown)));
