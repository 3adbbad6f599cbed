/**
 * What every process on the machine was called with, and its environment, looked at again and again: those of a laboratory's hosts are
 * among them, those inside its guests are not.
 */
import { readdirSync, readFileSync } from 'node:fs';
import type { TestContext } from 'node:test';

const EVERY_MS = 3;

export class ProcessWatch {
  readonly #secrets: readonly string[];
  readonly #own = String(process.pid);
  /** The words of each with a blank between them. */
  readonly seen = new Set<string>();
  readonly leaks = new Set<string>();
  readonly #timer: NodeJS.Timeout;

  constructor(t: TestContext, secrets: readonly string[]) {
    this.#secrets = secrets;
    this.#timer = setInterval(() => this.#look(), EVERY_MS);
    t.after(() => this.end());
  }

  end(): void {
    clearInterval(this.#timer);
  }

  #look(): void {
    for (const pid of readdirSync('/proc')) {
      if (!/^\d+$/.test(pid) || pid === this.#own) continue;
      const words = textOf(`/proc/${pid}/cmdline`);
      this.seen.add(words);
      const all = `${words} ${textOf(`/proc/${pid}/environ`)}`;
      if (this.#secrets.some((secret) => all.includes(secret))) this.leaks.add(words);
    }
  }
}

/** With a blank for each NUL, which stands between arguments there: a secret may be more than one of them. */
function textOf(path: string): string {
  try {
    return readFileSync(path, 'latin1').replaceAll('\0', ' ');
  } catch {
    return ''; // it has ended, or is a socket
  }
}
