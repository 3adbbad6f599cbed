/** What went on with the requests of each guest since this process began. */

export interface RequestCounts {
  requests: number;
  answers: number;
  /** Asked again while the job ran. */
  joined: number;
  /** Asked again and answered from memory. */
  repeated: number;
  cancelled: number;
  /** Frames that a guest has no business to send, or of a type that this version does not know. */
  unexpected: number;
  /** Errors that it was given, by code. */
  readonly errors: Map<string, number>;
}

/** Codes come from services too, and services are not to fill our memory with them. */
const MOST_CODES = 32;

const newCounts = (): RequestCounts => ({
  requests: 0,
  answers: 0,
  joined: 0,
  repeated: 0,
  cancelled: 0,
  unexpected: 0,
  errors: new Map(),
});

export class RequestCounter {
  readonly #guests = new Map<string, RequestCounts>();

  /** For who only looks. */
  view(guest: string): Readonly<RequestCounts> {
    return this.#guests.get(guest) ?? newCounts();
  }

  /** For who counts. */
  of(guest: string): RequestCounts {
    const found = this.#guests.get(guest);
    if (found !== undefined) return found;
    const made = newCounts();
    this.#guests.set(guest, made);
    return made;
  }

  error(guest: string, code: string): void {
    const { errors } = this.of(guest);
    const key = errors.has(code) || errors.size < MOST_CODES ? code : 'other';
    errors.set(key, (errors.get(key) ?? 0) + 1);
  }

  forget(guest: string): void {
    this.#guests.delete(guest);
  }

  retain(isWanted: (guest: string) => boolean): void {
    for (const guest of this.#guests.keys()) if (!isWanted(guest)) this.#guests.delete(guest);
  }
}
