/** The XML files that resources name: read when they have changed, a few at a time so that links are served meanwhile. */
import { stat } from 'node:fs/promises';
import { setImmediate as turn } from 'node:timers/promises';
import { messageOf, systemCodeOf } from '../../../shared/errors.ts';
import { readDomainFile } from '../../libvirt/domain-file.ts';
import { type GuestDomain, guestDomain } from './guest-domain.ts';

export interface DomainFileHandlers {
  readonly onRead: (path: string, domain: GuestDomain) => void;
  readonly onFault: (path: string, fault: string) => void;
}

export class DomainFiles {
  readonly #handlers: DomainFileHandlers;
  /** By path, what it looked like when it was read. */
  readonly #seen = new Map<string, string>();

  constructor(handlers: DomainFileHandlers) {
    this.#handlers = handlers;
  }

  async read(paths: readonly string[]): Promise<void> {
    const wanted = new Set(paths);
    for (const path of this.#seen.keys()) if (!wanted.has(path)) this.#seen.delete(path);
    for (const path of wanted) await this.#readOne(path);
  }

  async #readOne(path: string): Promise<void> {
    try {
      const { dev, ino, size, mtimeMs, ctimeMs } = await stat(path);
      const look = `${dev} ${ino} ${size} ${mtimeMs} ${ctimeMs}`;
      if (this.#seen.get(path) === look) return;
      const file = await readDomainFile(path);
      await turn();
      if (file.ok) {
        this.#seen.set(path, look);
        this.#handlers.onRead(path, guestDomain(file.domain));
      } else {
        this.#fail(path, file.fault);
      }
    } catch (thrown) {
      this.#fail(path, systemCodeOf(thrown) === 'ENOENT' ? 'there is no such file' : messageOf(thrown));
    }
  }

  #fail(path: string, fault: string): void {
    this.#seen.delete(path);
    this.#handlers.onFault(path, fault);
  }
}
