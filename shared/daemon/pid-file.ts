/** The pid file of a daemon: written when it is ready, refused while its writer lives, removed at the end. */
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { messageOf, PmError } from '../errors.ts';

export interface PidFile {
  remove(): void;
}

/** To be asked before anything is begun: what a second daemon begins and ends may be the first one's. */
export function assertNoOther(path: string, program: string): void {
  const holder = livingHolder(path, program);
  if (holder !== undefined && holder !== process.pid) {
    throw new PmError({
      code: 'environment',
      what: `cannot start ${program}`,
      fault: `${path} names process ${holder}, a ${program} that runs`,
      remedy: `stop it first (kill ${holder})`,
    });
  }
}

export function writePidFile(path: string, program: string): PidFile {
  assertNoOther(path, program);
  const draft = `${path}.${process.pid}`;
  try {
    rmSync(draft, { force: true });
    writeFileSync(draft, `${process.pid}\n`, { mode: 0o644, flag: 'wx' });
    renameSync(draft, path);
  } catch (thrown) {
    rmSync(draft, { force: true });
    throw new PmError({
      code: 'environment',
      what: `cannot write the pid file ${path}`,
      fault: messageOf(thrown),
      remedy: 'name a writable place with -p',
      cause: thrown,
    });
  }
  return {
    remove() {
      if (pidIn(path) === process.pid) rmSync(path, { force: true });
    },
  };
}

function livingHolder(path: string, program: string): number | undefined {
  const pid = pidIn(path);
  if (pid === undefined) return undefined;
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
