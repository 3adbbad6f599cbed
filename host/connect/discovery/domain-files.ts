/**
 * The XML files that resources name: read when they have changed.
 *
 * They often lie on storage that hosts share, and that storage may be what has died: a file that doesn't answer is a
 * fault like any other, holds up no other file, and isn't asked again before it has answered.
 */
import { stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Clock } from '../../../shared/clock.ts';
import { messageOf, systemCodeOf } from '../../../shared/errors.ts';
import { readDomainFile } from '../../libvirt/domain-file.ts';
import { type GuestDomain, guestDomain } from './guest-domain.ts';
import { TooLate, within } from './within.ts';

export interface DomainFilesOptions {
  readonly clock: Clock;
  readonly onRead: (path: string, domain: GuestDomain) => void;
  readonly onFault: (path: string, fault: string) => void;
  /** How many files are read side by side. */
  readonly atOnce?: number;
}

const AT_ONCE = 8;
const LIMIT_MS = 5_000;

export class DomainFiles {
  readonly #options: DomainFilesOptions;
  /** By path, what it looked like when it was read. */
  readonly #seen = new Map<string, string>();
  /** Asked, and no answer yet. */
  readonly #asked = new Set<string>();
  #isClosed = false;

  constructor(options: DomainFilesOptions) {
    this.#options = options;
  }

  /** Nothing more is begun. */
  close(): void {
    this.#isClosed = true;
  }

  async read(wanted: ReadonlySet<string>): Promise<void> {
    for (const path of this.#seen.keys()) if (!wanted.has(path)) this.#seen.delete(path);
    const rest = wanted.values();
    const dead = new Set<string>();
    const readSome = async () => {
      for (const path of rest) await this.#readOne(path, dead);
    };
    await Promise.all(Array.from({ length: this.#options.atOnce ?? AT_ONCE }, readSome));
  }

  /** A directory that has let us wait for one file is `dead` for this time. */
  async #readOne(path: string, dead: Set<string>): Promise<void> {
    if (this.#asked.has(path) || this.#isClosed) return;
    const directory = dirname(path);
    try {
      if (dead.has(directory)) throw new TooLate(LIMIT_MS);
      await within(this.#options.clock, LIMIT_MS, this.#readIfChanged(path));
    } catch (thrown) {
      if (thrown instanceof TooLate) dead.add(directory);
      this.#fail(path, systemCodeOf(thrown) === 'ENOENT' ? 'there is no such file' : messageOf(thrown));
    }
  }

  async #readIfChanged(path: string): Promise<void> {
    this.#asked.add(path);
    try {
      const { dev, ino, size, mtimeMs, ctimeMs } = await stat(path);
      const look = `${dev} ${ino} ${size} ${mtimeMs} ${ctimeMs}`;
      if (this.#seen.get(path) === look) return;
      const file = await readDomainFile(path);
      if (file.ok) {
        this.#seen.set(path, look);
        this.#options.onRead(path, guestDomain(file.domain));
      } else {
        this.#fail(path, file.fault);
      }
    } finally {
      this.#asked.delete(path);
    }
  }

  #fail(path: string, fault: string): void {
    this.#seen.delete(path);
    this.#options.onFault(path, fault);
  }
}
