/**
 * What the guests' cluster logs of some matter, as it is written: on their consoles, which are files of the machine. Asking
 * the cluster again and again would slow down in such guests what is asked about.
 */
import { closeSync, fstatSync, openSync, readSync, statSync } from 'node:fs';
import type { Laboratory } from './lab.ts';
import { waitFor } from './wait-for.ts';

const PATIENCE_MS = 150_000;

export class GuestClusterLog {
  readonly #lab: Laboratory;
  readonly #guests: readonly string[];
  readonly #offsets = new Map<string, number>();

  private constructor(lab: Laboratory, guests: readonly string[]) {
    this.#lab = lab;
    this.#guests = guests;
    this.mark();
  }

  /** `pattern` is grep's, extended. */
  static async begin(lab: Laboratory, guests: readonly string[], pattern: string): Promise<GuestClusterLog> {
    const script =
      'setsid --fork sh -c \'tail -n 0 -F /var/log/pacemaker/pacemaker.log | grep --line-buffered -E "$0" >/dev/console\' "$1" </dev/null >/dev/null 2>&1';
    for (const guest of guests) await lab.output(guest, ['/bin/sh', '-c', script, 'show', pattern]);
    return new GuestClusterLog(lab, guests);
  }

  /** What has been logged before is not looked at again. */
  mark(): void {
    for (const guest of this.#guests) this.#offsets.set(guest, statSync(this.#console(guest)).size);
  }

  /** Resolves with the seconds from the cause until it was seen. */
  async says(guest: string, words: RegExp, causeMs: number): Promise<number> {
    let seen = '';
    await waitFor(
      `${guest} logs ${words}`,
      PATIENCE_MS,
      () => {
        seen = this.#news(guest);
        return words.test(seen);
      },
      { pollMs: 20, seen: () => seen },
    );
    return (performance.now() - causeMs) / 1_000;
  }

  async end(): Promise<void> {
    for (const guest of this.#guests) {
      if (this.#lab.hostOf(guest) !== undefined)
        await this.#lab.in(guest, ['pkill', '-f', '^tail -n 0 -F /var/log/pacemaker']);
    }
  }

  #console(guest: string): string {
    return this.#lab.layout.console(guest);
  }

  #news(guest: string): string {
    const file = openSync(this.#console(guest), 'r');
    try {
      const offset = this.#offsets.get(guest) ?? 0;
      const buffer = Buffer.alloc(Math.max(0, fstatSync(file).size - offset));
      return buffer.toString('utf8', 0, readSync(file, buffer, 0, buffer.length, offset));
    } finally {
      closeSync(file);
    }
  }
}
