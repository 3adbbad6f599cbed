/**
 * Tells of changes in directories, by inotify. A directory that can't be watched, or was replaced by another one of
 * its name, is tried again by `revive`.
 *
 * Invariant: an event is a hint to look. Those who need to know look from time to time without one.
 */
import { type FSWatcher, statSync, watch } from 'node:fs';
import { messageOf, systemCodeOf } from '../../../shared/errors.ts';
import type { Logger } from '../../../shared/log.ts';

interface Watched {
  readonly watcher: FSWatcher;
  readonly inode: number;
}

export class DirectoryWatch {
  readonly #log: Logger;
  readonly #onChange: (directory: string, name: string) => void;
  /** Undefined: wanted, and not there or not to be watched. */
  readonly #watched = new Map<string, Watched | undefined>();

  constructor(log: Logger, onChange: (directory: string, name: string) => void) {
    this.#log = log;
    this.#onChange = onChange;
  }

  /** How many directories are watched, and how many should be. */
  get counts(): { readonly watched: number; readonly wanted: number } {
    const watched = [...this.#watched.values()].filter((entry) => entry !== undefined).length;
    return { watched, wanted: this.#watched.size };
  }

  setDirectories(directories: ReadonlySet<string>): void {
    for (const [directory, entry] of this.#watched) {
      if (directories.has(directory)) continue;
      entry?.watcher.close();
      this.#watched.delete(directory);
    }
    for (const directory of directories) {
      if (!this.#watched.has(directory)) this.#watched.set(directory, this.#open(directory));
    }
  }

  /** Sees to those that are not watched, or whose name leads elsewhere now; these may have changed unseen. */
  revive(): void {
    for (const [directory, entry] of this.#watched) {
      if (entry !== undefined && entry.inode === inodeOf(directory)) continue;
      entry?.watcher.close();
      this.#watched.set(directory, this.#open(directory));
    }
  }

  close(): void {
    this.setDirectories(new Set());
  }

  #open(directory: string): Watched | undefined {
    try {
      const inode = inodeOf(directory);
      if (inode === undefined) return undefined;
      const watcher = watch(directory, (_event, name) => {
        if (name !== null) this.#onChange(directory, name);
      });
      watcher.on('error', (error) => {
        watcher.close();
        this.#log.debug(`${directory}: no longer watched`, { reason: error.message });
        if (this.#watched.has(directory)) this.#watched.set(directory, undefined);
      });
      return { watcher, inode };
    } catch (thrown) {
      const code = systemCodeOf(thrown);
      if (code !== 'ENOENT') {
        const reason = messageOf(thrown);
        this.#log.warning(`${directory} cannot be watched; changes there are seen late`, { reason });
      }
      return undefined;
    }
  }
}

function inodeOf(directory: string): number | undefined {
  try {
    return statSync(directory, { throwIfNoEntry: false })?.ino;
  } catch {
    return undefined; // not to be looked into
  }
}
