/**
 * The pid file of a daemon: claimed before anything is begun, written when the daemon is ready, removed at the end.
 *
 * Invariant: of any number of daemons that are started at once with the same pid file, one begins; for what a second
 * one begins and ends may be the first one's. The claim is a file beside it, PIDFILE.starting, which is there only
 * until the pid file is. Either file counts only while the process that it names lives and is that program.
 */
import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { messageOf, PmError, systemCodeOf } from '../errors.ts';

export interface PidFile {
  /** The daemon is ready. */
  publish(): void;
  /** Whatever of it is there, as far as it is ours. */
  remove(): void;
}

export function claimPidFile(path: string, program: string): PidFile {
  const claim = `${path}.starting`;
  whileWriting(path, () => takeAlone(claim, program));
  const remove = () => {
    for (const file of [claim, path]) if (pidIn(file) === process.pid) rmSync(file, { force: true });
  };
  try {
    assertNoOther(path, program);
  } catch (thrown) {
    remove();
    throw thrown;
  }
  return {
    remove,
    publish() {
      try {
        whileWriting(path, () => withDraft(path, (draft) => renameSync(draft, path)));
      } finally {
        rmSync(claim, { force: true });
      }
    },
  };
}

/** Makes the file ours, unless it names a living daemon; one that names a dead one is put aside. */
function takeAlone(path: string, program: string): void {
  withDraft(path, (draft) => {
    for (;;) {
      try {
        linkSync(draft, path);
        return;
      } catch (thrown) {
        if (systemCodeOf(thrown) !== 'EEXIST') throw thrown;
        assertNoOther(path, program);
        putAside(path, program);
      }
    }
  });
}

/** Another may have put the dead one's file aside and its own in place since we looked: that one goes back. */
function putAside(path: string, program: string): void {
  const aside = `${path}.${process.pid}.old`;
  try {
    renameSync(path, aside);
  } catch (thrown) {
    if (systemCodeOf(thrown) === 'ENOENT') return;
    throw thrown;
  }
  try {
    if (livingHolder(aside, program) !== undefined) linkSync(aside, path);
  } finally {
    rmSync(aside, { force: true });
  }
}

function withDraft(path: string, use: (draft: string) => void): void {
  const draft = `${path}.${process.pid}`;
  try {
    rmSync(draft, { force: true });
    writeFileSync(draft, `${process.pid}\n`, { mode: 0o644, flag: 'wx' });
    use(draft);
  } finally {
    rmSync(draft, { force: true });
  }
}

function whileWriting(path: string, action: () => void): void {
  try {
    action();
  } catch (thrown) {
    if (thrown instanceof PmError) throw thrown;
    throw new PmError({
      code: 'environment',
      what: `cannot write the pid file ${path}`,
      fault: messageOf(thrown),
      remedy: 'name a writable place with -p',
      cause: thrown,
    });
  }
}

function assertNoOther(path: string, program: string): void {
  const holder = livingHolder(path, program);
  if (holder === undefined) return;
  throw new PmError({
    code: 'environment',
    what: `cannot start ${program}`,
    fault: `${path} names process ${holder}, a ${program} that runs`,
    remedy: `stop it first (kill ${holder})`,
  });
}

/** Never ourselves: the number of one that is gone may have become ours. */
function livingHolder(path: string, program: string): number | undefined {
  const pid = pidIn(path);
  if (pid === undefined || pid === process.pid) return undefined;
  try {
    const argv = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
    return argv.some((word) => word.split('/').at(-1) === program) ? pid : undefined;
  } catch {
    return undefined; // it is gone
  }
}

function pidIn(path: string): number | undefined {
  try {
    const pid = Number.parseInt(readFileSync(path, 'utf8'), 10);
    return Number.isSafeInteger(pid) && pid > 0 ? pid : undefined;
  } catch {
    return undefined;
  }
}
