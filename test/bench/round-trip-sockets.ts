/**
 * The same questions over bare unix sockets on one machine, where no emulated processor and no virtio port take part:
 * what the programs themselves take. The benchmark plays QEMU, and listens where QEMU would.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, openSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connectOnce } from '../../shared/unix-socket.ts';
import { waitFor } from '../lab/wait-for.ts';
import { BridgeWorld, guestName } from './bridge-world.ts';
import type { Asking } from './round-trip-guest.ts';
import { ping, type RoundTripTimes, roundTrips } from './round-trips.ts';

const WARM_UP = 200;
/** A guest may ask 500 times a second; a way of one question at a time stays below, whoever answers. */
const EVERY_MS = 2.5;
const ECHO = `require('node:net').createServer((s) => s.on('error', () => {}).on('data', (d) => s.write(d))).listen(process.argv[1])`;
const HELLO =
  '\n{"type":"hello","version":2,"agent":"bench","session":"bench","boot":"bench","name":"bench"}\n';

export class SocketWorld {
  readonly #directory = mkdtempSync(join(tmpdir(), 'pmk-bench-'));
  readonly #children: ChildProcess[] = [];
  #server: Server | undefined;

  async echoByNode(asking: Asking): Promise<RoundTripTimes> {
    const path = join(this.#directory, 'echo.sock');
    this.#start(process.execPath, '-e', ECHO, path);
    return this.#ask(await this.#connected(path), asking);
  }

  async guestPing(asking: Asking): Promise<RoundTripTimes> {
    const path = join(this.#directory, 'qga.sock');
    const files = ['-f', join(this.#directory, 'qga.pid'), '-t', this.#directory];
    this.#start('qemu-ga', '-m', 'unix-listen', '-p', path, ...files);
    return this.#ask(
      await this.#connected(path),
      asking,
      () => '{"execute":"guest-ping"}',
      (line) => line === '{"return": {}}',
    );
  }

  /** As a guest's agent, which the daemon of the host answers. */
  async hostDaemon(asking: Asking): Promise<RoundTripTimes> {
    const world = new BridgeWorld(this.#directory, 1);
    const path = world.socketOf(guestName(1));
    const linked = new Promise<Socket>((resolve) => {
      this.#server = createServer(resolve).listen(path);
    });
    const config = join(this.#directory, 'vm-connectd.conf');
    this.#start(process.execPath, 'dist/sbin/vm-connectd', '-t', 'host', '--config', config);
    const socket = await linked;
    socket.write(HELLO);
    return this.#ask(socket, asking, ping.line, ping.isReply);
  }

  end(): void {
    for (const child of this.#children) child.kill('SIGKILL');
    this.#server?.close();
    rmSync(this.#directory, { recursive: true, force: true });
  }

  async #ask(
    socket: Socket,
    asking: Asking,
    line = ping.line,
    isAnswer = ping.isEcho,
  ): Promise<RoundTripTimes> {
    try {
      const pace = asking.outstanding === 1 ? { everyMs: EVERY_MS } : {};
      return await roundTrips(socket, { ...asking, ...pace, warmUp: WARM_UP, line, isAnswer });
    } finally {
      socket.destroy();
    }
  }

  #start(...[program = '', ...parameters]: readonly string[]): void {
    const log = openSync(join(this.#directory, 'log'), 'a');
    const env = { ...process.env, CIB_file: join(this.#directory, 'cib.xml') };
    this.#children.push(spawn(program, parameters, { env, stdio: ['ignore', log, log] }));
  }

  #connected(path: string): Promise<Socket> {
    return waitFor(`${path} is listened to`, 20_000, () => connectOnce(path).catch(() => undefined));
  }
}
