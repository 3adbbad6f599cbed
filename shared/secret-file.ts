/**
 * Files whose content nobody but root may know or change: the host's keys, a guest's tokens.
 *
 * Invariant: what a reader returns came from a regular file that only its owner can read, under directories that
 * nobody else can exchange it in; anything else is refused with the command that mends it, so a lax or unreadable file
 * is never the same as none. A writer leaves the old content or the new, never half of it.
 */
import {
  closeSync,
  constants,
  fchmodSync,
  fstatSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readSync,
  realpathSync,
  renameSync,
  rmSync,
  type Stats,
  statSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { messageOf, PmError, systemCodeOf } from './errors.ts';

const MODE = 0o600;
const OTHERS = 0o077;
const WRITABLE_BY_OTHERS = 0o022;
const STICKY = 0o1000;

interface Fault {
  readonly fault: string;
  readonly remedy: string;
  readonly cause?: unknown;
}

/** Undefined when there is no such file, and only then. */
export function readSecretFile(path: string, maxBytes: number): string | undefined {
  const refused = (found: Fault) =>
    new PmError({ code: 'config', what: `cannot use the secret file ${path}`, ...found });
  let descriptor: number;
  try {
    // Neither a symbolic link is followed nor a FIFO waited for.
    descriptor = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (thrown) {
    if (systemCodeOf(thrown) === 'ENOENT') return undefined;
    throw refused(openFault(path, thrown));
  }
  try {
    const fault = fileFault(path, fstatSync(descriptor), maxBytes) ?? directoryFault(dirname(path));
    if (fault !== undefined) throw refused(fault);
    return readText(descriptor, maxBytes);
  } catch (thrown) {
    if (thrown instanceof PmError) throw thrown;
    throw refused({ fault: messageOf(thrown), remedy: 'see the file and its file system', cause: thrown });
  } finally {
    closeSync(descriptor);
  }
}

/** Replaces the file as a whole, mode 0600; it is on the disk when this returns. */
export function writeSecretFile(path: string, text: string): void {
  const directory = dirname(path);
  const temporary = join(directory, `.${basename(path)}.${process.pid}`);
  const refused = (found: Fault) =>
    new PmError({ code: 'environment', what: `cannot write the secret file ${path}`, ...found });
  try {
    mkdirSync(directory, { recursive: true, mode: 0o755 });
    const lax = directoryFault(directory);
    if (lax !== undefined) throw refused(lax);
    rmSync(temporary, { force: true }); // left by a process that died with our number
    const descriptor = openSync(
      temporary,
      constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW,
      MODE,
    );
    try {
      fchmodSync(descriptor, MODE);
      writeFileSync(descriptor, text);
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
    renameSync(temporary, path);
    syncDirectory(directory);
  } catch (thrown) {
    if (thrown instanceof PmError) throw thrown;
    removeQuietly(temporary);
    const remedy = `see that ${directory} is a directory with room that root may write to`;
    throw refused({ fault: messageOf(thrown), remedy, cause: thrown });
  }
}

/** Read to its end, as far as one byte beyond the limit: it may have grown since it was looked at. */
function readText(descriptor: number, maxBytes: number): string {
  const bytes = Buffer.alloc(maxBytes + 1);
  let size = 0;
  for (;;) {
    const count = readSync(descriptor, bytes, size, bytes.length - size, null);
    size += count;
    if (size > maxBytes) throw new Error(`it has more than ${maxBytes} bytes`);
    if (count === 0) return bytes.toString('utf8', 0, size);
  }
}

function fileFault(path: string, found: Stats, maxBytes: number): Fault | undefined {
  if (!found.isFile()) {
    return { fault: 'it is no regular file', remedy: 'put the file itself there' };
  }
  if (!isTrusted(found.uid)) {
    return {
      fault: `it belongs to user ${found.uid} and not to root`,
      remedy: `see who wrote it, then chown root ${path}`,
    };
  }
  if ((found.mode & OTHERS) !== 0) {
    return { fault: `others may use it (mode ${octal(found.mode)})`, remedy: `chmod 600 ${path}` };
  }
  if (found.size > maxBytes) {
    return { fault: `it has more than ${maxBytes} bytes`, remedy: 'see whether it is the right file' };
  }
  return undefined;
}

/** Whoever can write to a directory above it can put another file there. */
function directoryFault(directory: string): Fault | undefined {
  for (let path = realpathSync(directory); ; path = dirname(path)) {
    const found = statSync(path);
    if (!isTrusted(found.uid)) {
      return {
        fault: `the directory ${path} belongs to user ${found.uid} and not to root`,
        remedy: `chown root ${path}`,
      };
    }
    if ((found.mode & WRITABLE_BY_OTHERS) !== 0 && (found.mode & STICKY) === 0) {
      return {
        fault: `others may write to the directory ${path} (mode ${octal(found.mode)})`,
        remedy: `chmod go-w ${path}`,
      };
    }
    if (path === dirname(path)) return undefined;
  }
}

/** Root, or whom we run as: for root that is the same. */
function isTrusted(uid: number): boolean {
  return uid === 0 || uid === process.geteuid?.();
}

function openFault(path: string, cause: unknown): Fault {
  switch (systemCodeOf(cause)) {
    case 'ELOOP':
      return { fault: 'it is a symbolic link', remedy: 'put the file itself there', cause };
    case 'EACCES':
    case 'EPERM':
      return { fault: 'permission denied', remedy: 'run it as root', cause };
    default:
      return { fault: messageOf(cause), remedy: `see ls -l ${path}`, cause };
  }
}

function removeQuietly(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch {
    // What made the writing fail is the news.
  }
}

function syncDirectory(directory: string): void {
  const descriptor = openSync(directory, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

const octal = (mode: number) => (mode & 0o7777).toString(8).padStart(4, '0');
