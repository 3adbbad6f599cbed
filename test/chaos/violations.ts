/** What was seen that must not be, each by the law that it breaks. */
export type Law =
  | 'what is confirmed is true'
  | 'none starts unasked'
  | 'none lives twice'
  | 'one outcome'
  | 'an outcome in its time'
  | 'an answer of its own'
  | 'no daemon ends by itself'
  | 'what is ordered happens'
  | 'all is as before'
  | 'all serves again'
  | 'nothing grows';

export interface Violation {
  readonly law: Law;
  readonly words: string;
  /** Since the run began. */
  readonly atMs: number;
}

export const wordsOf = ({ law, words, atMs }: Violation): string =>
  `VIOLATION (${law}) ${(atMs / 1000).toFixed(1)} s: ${words}`;

export class Violations {
  readonly #all: Violation[] = [];
  readonly #begunMs = performance.now();
  readonly #awaited: Law | undefined;
  readonly #say: (words: string) => void;
  readonly #hasCome = new AbortController();

  /** With a law that is waited for, `hasCome` is aborted when it is broken. */
  constructor(say: (words: string) => void = () => undefined, awaited?: Law) {
    this.#say = say;
    this.#awaited = awaited;
  }

  add(law: Law, words: string): void {
    const violation = { law, words, atMs: performance.now() - this.#begunMs };
    this.#all.push(violation);
    this.#say(wordsOf(violation));
    if (law === this.#awaited) this.#hasCome.abort();
  }

  get all(): readonly Violation[] {
    return this.#all;
  }

  get hasCome(): AbortSignal {
    return this.#hasCome.signal;
  }
}
