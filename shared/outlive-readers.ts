/**
 * Whoever reads our output may go away (`vm-stonithd --help | head -1`, a log that is no longer read). What can't be
 * written is lost from then on, which neither ends a program nor changes what it has done or its exit status. Every
 * program says so first; without it Node ends the program with a stack trace.
 */
export function outliveReaders(): void {
  for (const stream of [process.stdout, process.stderr]) stream.off('error', ignore).on('error', ignore);
}

const ignore = () => undefined;
