/**
 * Tells of changes in directories, by inotify. A directory that can't be watched, or was replaced by another one of
 * its name, is tried again by `revive`. One on storage that doesn't answer is not watched, and holds nothing up.
 *
 * Invariant: an event is a hint to look. Those who need to know look from time to time without one.
 */
import { type FSWatcher, watch } from 'node:fs';
import { stat } from 'node:fs/promises';
import type { Clock } from '../../../shared/clock.ts';
import { messageOf, systemCodeOf } from '../../../shared/errors.ts';
import type { Logger } from '../../../shared/log.ts';
import { within } from './within.ts';

export interface DirectoryWatchOptions {
  readonly clock: Clock;
  readonly log: Logger;
  readonly onChange: (directory: string, name: string) => void;
  /** It is watched from now on; what happened there before was not told. */
  readonly onWatched: (directory: string) => void;
}

interface Entry {
  watcher: FSWatcher | undefined;
  inode: number;
  isBeingLookedAt: boolean;
}

const LIMIT_MS = 5_000;

export class DirectoryWatch {
  readonly #options: DirectoryWatchOptions;
  readonly #entries = new Map<string, Entry>();

  constructor(options: DirectoryWatchOptions) {
    this.#options = options;
  }

  /** How many directories are watched, and how many should be. */
  get counts(): { readonly watched: number; readonly wanted: number } {
    const watched = [...this.#entries.values()].filter(({ watcher }) => watcher !== undefined).length;
    return { watched, wanted: this.#entries.size };
  }

  setDirectories(directories: ReadonlySet<string>): void {
    for (const [directory, entry] of this.#entries) {
      if (directories.has(directory)) continue;
      entry.watcher?.close();
      this.#entries.delete(directory);
    }
    for (const directory of directories) {
      if (this.#entries.has(directory)) continue;
      const entry = { watcher: undefined, inode: 0, isBeingLookedAt: false };
      this.#entries.set(directory, entry);
      void this.#attend(directory, entry);
    }
  }

  /** Sees to those that are not watched, or whose name leads elsewhere now. */
  revive(): void {
    for (const [directory, entry] of this.#entries) void this.#attend(directory, entry);
  }

  close(): void {
    this.setDirectories(new Set());
  }

  async #attend(directory: string, entry: Entry): Promise<void> {
    if (entry.isBeingLookedAt) return;
    entry.isBeingLookedAt = true;
    const answer = stat(directory);
    answer
      .catch(() => {})
      .finally(() => {
        entry.isBeingLookedAt = false;
      });
    try {
      const { ino } = await within(this.#options.clock, LIMIT_MS, answer);
      if (this.#entries.get(directory) !== entry) return;
      if (entry.watcher !== undefined && entry.inode === ino) return;
      entry.watcher?.close();
      entry.watcher = this.#watch(directory, entry);
      entry.inode = ino;
      this.#options.onWatched(directory);
    } catch (thrown) {
      entry.watcher?.close();
      entry.watcher = undefined;
      this.#complain(directory, thrown);
    }
  }

  #watch(directory: string, entry: Entry): FSWatcher {
    const watcher = watch(directory, (_event, name) => {
      if (name !== null) this.#options.onChange(directory, name);
    });
    watcher.on('error', (error) => {
      watcher.close();
      if (entry.watcher === watcher) entry.watcher = undefined;
      this.#complain(directory, error);
    });
    return watcher;
  }

  #complain(directory: string, thrown: unknown): void {
    if (systemCodeOf(thrown) === 'ENOENT') return;
    const reason = messageOf(thrown);
    this.#options.log.warning(`${directory} cannot be watched; changes there are seen late`, { reason });
  }
}
