/**
 * The answers that were given, so that a request that is asked once more gets the same one and is not done twice.
 *
 * Invariant: within the limits of each guest in number, bytes and age; the oldest go first. How much all guests may
 * take together is for the router to say (`forgetOldest`).
 */
import type { RouterLimits } from '../limits.ts';
import { type Askers, OVERHEAD_BYTES } from './job.ts';

export interface Remembered {
  readonly guest: string;
  readonly id: string;
  readonly fingerprint: string;
  /** JSON of the answer; undefined for a job that was cancelled, whose id is still taken. */
  readonly answer: string | undefined;
  readonly askers: Askers;
  /** The deadline of the job: whoever asks later is not who waited for it. */
  readonly repeatedUntilMs: number;
  readonly atMs: number;
}

/** In a chain of all by age, which a `Set` would do as well but for what it costs to find its first after many went. */
interface Link extends Remembered {
  readonly bytes: number;
  older: Link | undefined;
  newer: Link | undefined;
}

interface OfGuest {
  readonly byId: Map<string, Link>;
  bytes: number;
}

export class AnswerMemory {
  readonly #limits: RouterLimits;
  readonly #guests = new Map<string, OfGuest>();
  #oldest: Link | undefined;
  #newest: Link | undefined;
  #bytes = 0;
  #size = 0;

  constructor(limits: RouterLimits) {
    this.#limits = limits;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get size(): number {
    return this.#size;
  }

  sizeOf(guest: string): number {
    return this.#guests.get(guest)?.byId.size ?? 0;
  }

  remember(entry: Remembered): void {
    this.forget(entry.guest, entry.id);
    const bytes =
      OVERHEAD_BYTES + entry.id.length + entry.fingerprint.length + Buffer.byteLength(entry.answer ?? '');
    if (bytes > this.#limits.answerBytes) return;
    const mine = this.#guests.get(entry.guest) ?? { byId: new Map(), bytes: 0 };
    for (const oldest of mine.byId.values()) {
      const hasRoom = mine.byId.size < this.#limits.answers && mine.bytes + bytes <= this.#limits.answerBytes;
      if (hasRoom) break;
      this.#remove(oldest);
    }
    const link: Link = { ...entry, bytes, older: this.#newest, newer: undefined };
    if (this.#newest === undefined) this.#oldest = link;
    else this.#newest.newer = link;
    this.#newest = link;
    mine.byId.set(entry.id, link);
    mine.bytes += bytes;
    this.#guests.set(entry.guest, mine);
    this.#bytes += bytes;
    this.#size++;
  }

  find(guest: string, id: string, nowMs: number): Remembered | undefined {
    const found = this.#guests.get(guest)?.byId.get(id);
    return found !== undefined && this.#isFresh(found, nowMs) ? found : undefined;
  }

  forget(guest: string, id: string): void {
    const found = this.#guests.get(guest)?.byId.get(id);
    if (found !== undefined) this.#remove(found);
  }

  forgetGuest(guest: string): void {
    for (const entry of this.#guests.get(guest)?.byId.values() ?? []) this.#remove(entry);
  }

  /** False when there is nothing left to forget. */
  forgetOldest(): boolean {
    if (this.#oldest === undefined) return false;
    this.#remove(this.#oldest);
    return true;
  }

  forgetExpired(nowMs: number): void {
    while (this.#oldest !== undefined && !this.#isFresh(this.#oldest, nowMs)) this.#remove(this.#oldest);
  }

  /** When the oldest falls due to be forgotten. */
  nextExpiryMs(): number | undefined {
    return this.#oldest === undefined ? undefined : this.#oldest.atMs + this.#limits.answerMs;
  }

  #isFresh(entry: Remembered, nowMs: number): boolean {
    return nowMs < entry.atMs + this.#limits.answerMs;
  }

  #remove(link: Link): void {
    const mine = this.#guests.get(link.guest);
    if (mine === undefined || !mine.byId.delete(link.id)) return;
    mine.bytes -= link.bytes;
    if (mine.byId.size === 0) this.#guests.delete(link.guest);
    if (link.older === undefined) this.#oldest = link.newer;
    else link.older.newer = link.newer;
    if (link.newer === undefined) this.#newest = link.older;
    else link.newer.older = link.older;
    this.#bytes -= link.bytes;
    this.#size--;
  }
}
