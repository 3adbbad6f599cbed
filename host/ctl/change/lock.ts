/**
 * One vm-ctl at a time on one machine: a socket in the kernel's abstract name space. The kernel frees it in the
 * moment its holder dies, however it dies, so there is nothing stale to take over; and whoever comes second asks the
 * holder itself who it is.
 */
import { createHash } from 'node:crypto';
import { createConnection, createServer, type Server } from 'node:net';
import { systemCodeOf } from '../../../shared/errors.ts';

export interface LockHolder {
  readonly pid: number;
  readonly command: string;
  readonly since: string;
}

export type LockResult =
  | { readonly ok: true; readonly release: () => void }
  /** `holder` is undefined when it does not answer: it is stopped, or something else has the name. */
  | { readonly ok: false; readonly holder: LockHolder | undefined };

const ANSWER_MS = 500;
const LONGEST_ANSWER = 4096;
const ATTEMPTS = 3;

const pathOf = (name: string) =>
  `\0pm-kvm-tools/vm-ctl/${createHash('sha256').update(name).digest('hex').slice(0, 32)}`;

/** Who is at work now; undefined when nobody is, or it does not say. */
export async function lockHolder(name: string): Promise<LockHolder | undefined> {
  const asked = await askHolder(pathOf(name));
  return asked === 'gone' ? undefined : asked;
}

export async function acquireLock(name: string, self: LockHolder): Promise<LockResult> {
  const path = pathOf(name);
  let holder: LockHolder | undefined;
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const server = await listen(path, JSON.stringify(self));
    if (server !== undefined) return { ok: true, release: () => server.close() };
    const asked = await askHolder(path);
    if (asked !== 'gone') return { ok: false, holder: asked };
    holder = undefined; // it has ended just now
  }
  return { ok: false, holder };
}

/** Undefined when somebody else has the name. */
function listen(path: string, answer: string): Promise<Server | undefined> {
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.end(answer);
  });
  server.unref();
  return new Promise((resolve, reject) => {
    server.once('error', (error) => {
      if (systemCodeOf(error) === 'EADDRINUSE') resolve(undefined);
      else reject(error);
    });
    server.listen(path, () => resolve(server));
  });
}

function askHolder(path: string): Promise<LockHolder | undefined | 'gone'> {
  return new Promise((resolve) => {
    let text = '';
    const socket = createConnection(path);
    const end = (result: LockHolder | undefined | 'gone') => {
      clearTimeout(timer);
      socket.destroy();
      resolve(result);
    };
    const timer = setTimeout(() => end(undefined), ANSWER_MS);
    socket.on('error', () => end('gone'));
    socket.on('data', (chunk) => {
      text += chunk.toString('utf8');
      if (text.length > LONGEST_ANSWER) end(undefined);
    });
    socket.on('end', () => end(holderIn(text)));
  });
}

/** Whoever has the name may answer anything. */
export function holderIn(text: string): LockHolder | undefined {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null) return undefined;
    const { pid, command, since } = { pid: undefined, command: undefined, since: undefined, ...value };
    if (typeof pid !== 'number' || !Number.isSafeInteger(pid)) return undefined;
    if (typeof command !== 'string' || typeof since !== 'string') return undefined;
    return { pid, command, since };
  } catch {
    return undefined;
  }
}
