/**
 * Locks among the processes that use one laboratory: an abstract socket each, which the kernel gives back when its
 * holder ends in any way, and which leaves nothing behind.
 */
import { createServer, type Server } from 'node:net';
import { systemCodeOf } from '../../shared/errors.ts';
import type { Lab } from './lab-handle.ts';
import { waitFor } from './wait-for.ts';

const DEADLINE_MS = 300_000;

export async function withLock<T>(lab: Lab, name: string, action: () => Promise<T>): Promise<T> {
  const address = `\0pm-kvm-tools-lab/${lab.layout.name}/${name}`;
  const server = await waitFor(`the lock "${name}" of laboratory ${lab.layout.name}`, DEADLINE_MS, () =>
    tryLock(address),
  );
  try {
    return await action();
  } finally {
    await new Promise((resolve) => server.close(resolve));
  }
}

function tryLock(path: string): Promise<Server | false> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', (thrown) => {
      if (systemCodeOf(thrown) === 'EADDRINUSE') resolve(false);
      else reject(thrown);
    });
    server.listen(path, () => resolve(server));
  });
}
