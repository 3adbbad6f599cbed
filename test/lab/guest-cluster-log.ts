/**
 * What the guests' cluster logs of some matter, as it is written: on their consoles, which are files of the machine. Asking
 * the cluster again and again would slow down in such guests what is asked about.
 */
import { endProgram, startProgram } from './bridge-programs.ts';
import type { Laboratory } from './lab.ts';
import { Tail } from './tail.ts';
import { waitFor } from './wait-for.ts';

const PATIENCE_MS = 150_000;
const PROGRAM = 'shown-log';
const LOG = '/var/log/pacemaker/pacemaker.log';
/** From that byte on; ended as a whole. */
const SHOW = `trap 'trap - TERM; kill 0' TERM
tail -c "+$0" -F ${LOG} | grep --line-buffered -E "$1" >/dev/console &
wait`;

export class GuestClusterLog {
  readonly #lab: Laboratory;
  readonly #consoles: ReadonlyMap<string, Tail>;

  private constructor(lab: Laboratory, consoles: ReadonlyMap<string, Tail>) {
    this.#lab = lab;
    this.#consoles = consoles;
  }

  /** `pattern` is grep's, extended. Everything that is logged from now on is shown. */
  static async begin(lab: Laboratory, guests: readonly string[], pattern: string): Promise<GuestClusterLog> {
    const consoles = new Map(guests.map((guest) => [guest, new Tail(lab.layout.console(guest))]));
    for (const guest of guests) {
      const size = Number(await lab.output(guest, ['stat', '-c', '%s', LOG]));
      await endProgram(lab, guest, [PROGRAM]); // of a test that could not do it itself
      await startProgram(lab, guest, PROGRAM, ['/bin/sh', '-c', SHOW, String(size + 1), pattern]);
    }
    return new GuestClusterLog(lab, consoles);
  }

  /** What has been shown before is not looked at again. */
  mark(): void {
    for (const tail of this.#consoles.values()) tail.mark();
  }

  /** All that a guest has shown since the mark. */
  read(guest: string): string {
    return this.#consoles.get(guest)?.read() ?? '';
  }

  /** Resolves with the seconds from the cause until it was seen. */
  async says(guest: string, words: RegExp, causeMs: number): Promise<number> {
    await waitFor(`${guest} logs ${words}`, PATIENCE_MS, () => words.test(this.read(guest)), {
      pollMs: 20,
      seen: () => this.read(guest),
    });
    return (performance.now() - causeMs) / 1_000;
  }

  async end(): Promise<void> {
    for (const guest of this.#consoles.keys()) {
      if (this.#lab.hostOf(guest) !== undefined) await endProgram(this.#lab, guest, [PROGRAM]);
    }
  }
}
