/**
 * Locks among the processes that use one laboratory, or any laboratory of the machine: an abstract socket each, which
 * the kernel gives back when its holder ends in any way, and which leaves nothing behind.
 */
import { createServer, type Server } from 'node:net';
import { systemCodeOf } from '../../shared/errors.ts';
import type { Lab } from './lab-handle.ts';
import { waitFor } from './wait-for.ts';

const DEADLINE_MS = 300_000;

/** Others may install packages or pack an image first. */
const MACHINE_DEADLINE_MS = 1_200_000;

export function withLock<T>(lab: Lab, name: string, action: () => Promise<T>): Promise<T> {
  const { name: labName } = lab.layout;
  return holding(pathOf(labName, name), `the lock "${name}" of laboratory ${labName}`, DEADLINE_MS, action);
}

/** Among all laboratories of the machine, whatever their names. */
export function withMachineLock<T>(name: string, action: () => Promise<T>): Promise<T> {
  return holding(pathOf('', name), `the lock "${name}" of all laboratories`, MACHINE_DEADLINE_MS, action);
}

/** For as long as this process lives; false while another one has it. */
export async function claimMachine(name: string): Promise<boolean> {
  const server = await tryLock(pathOf('', name));
  if (server === false) return false;
  server.unref();
  return true;
}

async function holding<T>(
  path: string,
  what: string,
  deadlineMs: number,
  action: () => Promise<T>,
): Promise<T> {
  const server = await waitFor(what, deadlineMs, () => tryLock(path));
  try {
    return await action();
  } finally {
    await new Promise((resolve) => server.close(resolve));
  }
}

const pathOf = (labName: string, name: string) => `\0pm-kvm-tools-lab/${labName}/${name}`;

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
