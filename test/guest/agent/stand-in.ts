/** Stand-ins for a port: a FIFO, whose read gives 0 while nobody writes to it, and a pty joined to a unix socket. */
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { eventually } from '../../support/eventually.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

/** What serialport wants to know of a line; it is of no meaning to a FIFO. */
export const LINE = {
  path: '',
  baudRate: 115_200,
  dataBits: 8,
  stopBits: 1,
  parity: 'none',
  rtscts: false,
  xon: false,
  xoff: false,
  xany: false,
  hupcl: true,
  lock: true,
  vmin: 1,
  vtime: 0,
} as const;

export function makeFifo(t: TestContext): string {
  const path = join(temporaryDirectory(t), 'fifo');
  execFileSync('mkfifo', [path]);
  return path;
}

export interface Pty {
  /** What the agent opens. */
  readonly device: string;
  /** Where the host connects; a port that one host after the other may hold. */
  readonly socket: string;
  /** The line is cut: the device hangs up. */
  cut(): Promise<void>;
}

export async function makePty(t: TestContext, directory = temporaryDirectory(t)): Promise<Pty> {
  const device = join(directory, 'port');
  const socket = join(directory, 'host.sock');
  // -t 0: the one that served the former host must not take bytes that are meant for the next.
  const addresses = [`PTY,link=${device},rawer`, `UNIX-LISTEN:${socket},fork,unlink-early`];
  const socat = spawn('socat', ['-t', '0', ...addresses], {
    stdio: 'ignore',
    detached: true,
  });
  const ended = new Promise<void>((resolve) => socat.once('exit', () => resolve()));
  const cut = async () => {
    if (socat.exitCode === null && socat.pid !== undefined) {
      try {
        process.kill(-socat.pid, 'SIGKILL');
      } catch {
        // it has gone by itself
      }
    }
    await ended;
  };
  t.after(cut);
  await eventually('the pty is there', () => existsSync(device) && isListening(socket));
  return { device, socket, cut };
}

/** A socket file is there a moment before its socket listens. */
function isListening(path: string): boolean {
  const lines = readFileSync('/proc/net/unix', 'utf8').split('\n');
  return lines.some((line) => line.endsWith(` ${path}`) && line.includes(` ${SO_ACCEPTCON} `));
}

/** As /proc/net/unix writes it. */
const SO_ACCEPTCON = '00010000';
