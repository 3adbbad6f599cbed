/**
 * What is wrong in a configuration file, and what a reader of such files hands back.
 *
 * Invariant: entries can't be had from a file with an error in it (`ok` tells the two apart), and every fault of
 * the file is listed, up to a thousand. Text of the file shows up in messages bounded and with its invisible
 * characters spelled out, so one problem is always one line that a terminal or a log takes unharmed.
 */

/** Where in the file; both count from 1. */
export interface Place {
  readonly line: number;
  readonly column?: number;
}

export interface Problem extends Place {
  readonly severity: 'error' | 'warning';
  readonly file: string;
  readonly message: string;
  readonly remedy: string;
}

export type ReadResult<Entry> =
  | { readonly ok: true; readonly entries: readonly Entry[]; readonly warnings: readonly Problem[] }
  | { readonly ok: false; readonly problems: readonly Problem[] };

/** A file of nothing but faults shall not cost a gigabyte to complain about. */
const MOST_PROBLEMS = 1000;
const LONGEST_EXCERPT = 40;

const INVISIBLE = /[\p{C}\p{Zl}\p{Zp}]|(?! )\p{Zs}/gu;

/** `file:line: error: message; remedy`, always one line. */
export function formatProblem(problem: Problem): string {
  const { file, line, severity, message, remedy } = problem;
  return spellOut(`${file}:${line}: ${severity}: ${message}; ${remedy}`);
}

/** A piece of the file, quoted for use in a message. */
export function excerpt(text: string): string {
  return `'${spellOut(text.length > LONGEST_EXCERPT ? cut(text) : text)}'`;
}

function cut(text: string): string {
  // A code point is two UTF-16 units at most, so this is enough of a long text to tell that it has to be cut.
  const head = [...text.slice(0, 2 * LONGEST_EXCERPT + 2)];
  return head.length > LONGEST_EXCERPT ? `${head.slice(0, LONGEST_EXCERPT).join('')}…` : text;
}

function spellOut(text: string): string {
  return text.replace(INVISIBLE, (char) => `\\u{${char.codePointAt(0)?.toString(16)}}`);
}

/** Gathers the problems of one file while it is read. */
export class ProblemList {
  readonly #file: string;
  readonly #listed: Problem[] = [];
  #hasErrors = false;
  #unlisted = 0;

  constructor(file: string) {
    this.#file = file;
  }

  error(place: Place, message: string, remedy: string): void {
    this.#hasErrors = true;
    this.#add('error', place, message, remedy);
  }

  warning(place: Place, message: string, remedy: string): void {
    this.#add('warning', place, message, remedy);
  }

  result<Entry>(entries: readonly Entry[]): ReadResult<Entry> {
    const problems = this.#inOrder();
    return this.#hasErrors ? { ok: false, problems } : { ok: true, entries, warnings: problems };
  }

  #add(severity: Problem['severity'], { line, column }: Place, message: string, remedy: string): void {
    if (this.#listed.length === MOST_PROBLEMS) {
      this.#unlisted++;
      return;
    }
    const place = column === undefined ? { line } : { line, column };
    this.#listed.push({ severity, file: this.#file, ...place, message, remedy });
  }

  #inOrder(): Problem[] {
    const sorted = this.#listed.toSorted((a, b) => a.line - b.line || (a.column ?? 0) - (b.column ?? 0));
    if (this.#unlisted === 0) return sorted;
    return [
      ...sorted,
      {
        severity: this.#hasErrors ? 'error' : 'warning',
        file: this.#file,
        line: sorted.at(-1)?.line ?? 1,
        message: `${this.#unlisted} more problems are not listed`,
        remedy: 'mend these first and look again',
      },
    ];
  }
}
