/**
 * Tells when the configuration has changed, by watching for the file that Pacemaker keeps it in (inotify): no process
 * and no CPU. Changes of status alone are not told; `cluster-events.ts` tells of everything.
 *
 * Pacemaker writes each new configuration beside the old and renames it, some 10 ms after the change is in effect.
 * Invariant: an event is a hint to look again. The file itself is never read: the CIB in memory is the truth.
 */
import { type FSWatcher, watch } from 'node:fs';
import { messageOf } from '../../shared/errors.ts';

export interface CibWatch {
  stop(): void;
}

export interface CibWatchOptions {
  /** Where `cib.xml` is. */
  readonly directory: string;
  readonly onChange: () => void;
  /** Nothing is told from now on: the directory can't be watched, or is gone. */
  readonly onFault: (fault: string) => void;
}

export function watchCib(options: CibWatchOptions): CibWatch {
  let watcher: FSWatcher | undefined;
  let isStopped = false;
  const fail = (thrown: unknown) => {
    watcher?.close();
    if (!isStopped) options.onFault(`cannot watch ${options.directory}: ${messageOf(thrown)}`);
    isStopped = true;
  };
  try {
    watcher = watch(options.directory, { persistent: false }, (_event, name) => {
      if (!isStopped && name === 'cib.xml') options.onChange();
    });
    watcher.on('error', fail);
  } catch (thrown) {
    // Told like any later fault, when the caller has the watch in its hands.
    queueMicrotask(() => fail(thrown));
  }
  return {
    stop() {
      isStopped = true;
      watcher?.close();
    },
  };
}
