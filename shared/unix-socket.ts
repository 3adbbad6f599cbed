/**
 * Unix sockets as servers and clients want them: a stale socket file is cleaned away, a live one is never taken
 * from its owner, the file is born with its final mode, and every failure says what to do.
 */
import { lstatSync, statSync, unlinkSync } from 'node:fs';
import { createConnection, createServer, type Server, type Socket } from 'node:net';
import { dirname } from 'node:path';
import { messageOf, PmError, systemCodeOf } from './errors.ts';

/** sun_path is 108 bytes with its NUL. A longer path would be cut in silence by some programs. */
const LONGEST_PATH_BYTES = 107;

export interface ListenOptions {
  readonly path: string;
  readonly mode: number;
  /** A connection that breaks says so by `close`; its `error` may be listened to and need not. */
  readonly onConnection: (socket: Socket) => void;
}

export async function listenUnix(options: ListenOptions): Promise<Server> {
  assertPathFits(options.path, 'listen on');
  try {
    return await bind(options);
  } catch (thrown) {
    if (systemCodeOf(thrown) !== 'EADDRINUSE') throw listenError(options.path, thrown);
  }
  try {
    await removeStale(options.path);
    return await bind(options);
  } catch (thrown) {
    throw listenError(options.path, thrown);
  }
}

/** Removes the socket file that a server left when it died; anything else at that place is left alone. */
async function removeStale(path: string): Promise<void> {
  const what = `cannot listen on ${path}`;
  const found = identify(path);
  if (found?.isSocket === false) {
    throw new PmError({
      code: 'environment',
      what,
      fault: 'something that is no socket is there',
      remedy: 'choose another path, or see what it is (ls -l) and remove it',
    });
  }
  const isLive = await isAnswered(path);
  // Looked at once more at the last moment: another server that starts just now may have taken the place.
  const last = identify(path);
  if (last === undefined) return;
  if (isLive || last.identity !== found?.identity) {
    throw new PmError({
      code: 'environment',
      what,
      fault: 'another process already listens there',
      remedy: `stop it first (ss -xlp src ${path} names it)`,
    });
  }
  unlinkSync(path);
}

function identify(path: string): { readonly isSocket: boolean; readonly identity: string } | undefined {
  const found = lstatSync(path, { throwIfNoEntry: false, bigint: true });
  if (found === undefined) return undefined;
  return { isSocket: found.isSocket(), identity: `${found.dev} ${found.ino} ${found.ctimeNs}` };
}

function bind({ path, mode, onConnection }: ListenOptions): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => {
      socket.on('error', () => undefined);
      onConnection(socket);
    });
    server.once('error', reject);
    const formerMask = process.umask(0o777 & ~mode);
    try {
      // Binding happens inside this call, so the file never has another mode than the one wanted.
      server.listen(path, () => {
        server.off('error', reject);
        resolve(server);
      });
    } finally {
      process.umask(formerMask);
    }
  });
}

async function isAnswered(path: string): Promise<boolean> {
  try {
    (await connectOnce(path)).destroy();
    return true;
  } catch (thrown) {
    if (connectFault(thrown) === 'no-listener') return false;
    switch (systemCodeOf(thrown)) {
      case 'EAGAIN': // its queue is full
      case 'EPROTOTYPE': // it is a socket of another type
        return true;
      default:
        throw listenError(path, thrown);
    }
  }
}

/** What it means that `connectOnce` failed. */
export function connectFault(thrown: unknown): 'no-listener' | 'forbidden' | 'other' {
  switch (systemCodeOf(thrown)) {
    case 'ENOENT':
    case 'ECONNREFUSED':
      return 'no-listener';
    case 'EACCES':
    case 'EPERM':
      return 'forbidden';
    default:
      return 'other';
  }
}

/** Connects; a failure is the bare system error, for callers that try again. */
export async function connectOnce(path: string): Promise<Socket> {
  assertPathFits(path, 'connect to');
  return new Promise((resolve, reject) => {
    const socket = createConnection({ path });
    socket.once('error', reject);
    socket.once('connect', () => {
      socket.off('error', reject);
      resolve(socket);
    });
  });
}

export function assertPathFits(path: string, verb: string): void {
  const bytes = Buffer.byteLength(path);
  if (bytes <= LONGEST_PATH_BYTES) return;
  throw new PmError({
    code: 'environment',
    what: `cannot ${verb} ${path}`,
    fault: `a socket path has at most ${LONGEST_PATH_BYTES} bytes and this one has ${bytes}`,
    remedy: 'choose a shorter path',
  });
}

function listenError(path: string, thrown: unknown): PmError {
  if (thrown instanceof PmError) return thrown;
  const what = `cannot listen on ${path}`;
  const common = { code: 'environment', what, cause: thrown } as const;
  // libuv says EACCES where the kernel said ENOENT.
  switch (isMissing(dirname(path)) ? 'ENOENT' : systemCodeOf(thrown)) {
    case 'EACCES':
    case 'EPERM':
      return new PmError({ ...common, fault: 'permission denied', remedy: 'run it as root' });
    case 'ENOENT':
      return new PmError({ ...common, fault: 'its directory does not exist', remedy: 'make the directory' });
    case 'EADDRINUSE':
      return new PmError({
        ...common,
        fault: 'the path is taken',
        remedy: 'see what is there (ls -l) and remove it if nothing needs it',
      });
    default:
      return new PmError({
        ...common,
        fault: messageOf(thrown),
        remedy: 'see the directory and its file system',
      });
  }
}

function isMissing(path: string): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false }) === undefined;
  } catch {
    return false; // we may not even look
  }
}
