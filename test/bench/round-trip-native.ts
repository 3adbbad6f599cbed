/**
 * The same questions with all programs on this machine, where no emulated processor and no virtio port take part: what the
 * programs themselves take, as in a guest that KVM runs. Over bare unix sockets, where the benchmark listens in QEMU's
 * place; and with a pseudo-terminal in the place of the guest's port, and socat between it and QEMU's socket.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, openSync, readFileSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { connectOnce } from '../../shared/unix-socket.ts';
import { lastLines, waitFor } from '../lab/wait-for.ts';
import { makeFolder, own, removeFolder } from '../support/leaves-nothing.ts';
import { BridgeWorld, guestName } from './bridge-world.ts';
import type { Asking } from './round-trip-guest.ts';
import {
  ASKED_EVERY_MS,
  QUESTIONS,
  type Question,
  type RoundTripTimes,
  roundTrips,
  timesIn,
} from './round-trips.ts';

/** A host's daemon takes 500 frames a second of each, so that one alone tells nothing of what it can carry. */
export const MANY_GUESTS = 64;

const NODE = process.execPath;
const WARM_UP = 300;
const PATIENCE_MS = 20_000;
/** Who has opened a terminal sets it up, and throws away what has come until then. */
const SETTLES_MS = 500;
const DAEMON = 'dist/sbin/vm-connectd';
const PORT_END = [NODE, '--import', 'tsx', join(import.meta.dirname, 'port-end.ts')];
const ECHO = `require('node:net').createServer((s) => s.on('error', () => {}).on('data', (d) => s.write(d))).listen(process.argv[1])`;
const HELLO =
  '\n{"type":"hello","version":2,"agent":"bench","session":"bench","boot":"bench","name":"bench"}\n';

export class NativeWorld {
  readonly #folder: string;
  readonly #bridge: BridgeWorld;
  readonly #port: string;
  readonly #agent: string;
  readonly #log: string;
  readonly #children: ChildProcess[] = [];
  readonly #servers: Server[] = [];

  private constructor(folder: string) {
    this.#folder = folder;
    this.#bridge = new BridgeWorld(folder, 1);
    this.#port = join(folder, 'port');
    this.#agent = join(folder, 'agent.sock');
    this.#log = join(folder, 'log');
  }

  /** A world for each way: what one leaves in a socket or a terminal is no other's. */
  static async with(ask: (world: NativeWorld) => Promise<RoundTripTimes>): Promise<RoundTripTimes> {
    const folder = makeFolder();
    const world = new NativeWorld(mkdtempSync(join(folder, 'world-')));
    try {
      return await ask(world);
    } finally {
      world.#end();
      removeFolder(folder);
    }
  }

  async socketEcho(asking: Asking): Promise<RoundTripTimes> {
    const path = join(this.#folder, 'echo.sock');
    this.#start(NODE, '-e', ECHO, path);
    return this.#ask(await this.#connected(path), asking, QUESTIONS.requestEchoed);
  }

  async socketGuestPing(asking: Asking): Promise<RoundTripTimes> {
    const path = join(this.#folder, 'qga.sock');
    this.#start('qemu-ga', '-m', 'unix-listen', '-p', path, ...this.#qemuAgentsFiles);
    return this.#ask(await this.#connected(path), asking, QUESTIONS.guestPing);
  }

  /** As a guest's agent, which the daemon of the host answers. */
  async socketDaemon(asking: Asking): Promise<RoundTripTimes> {
    const [socket] = await this.#linkedGuests(1);
    if (socket === undefined) throw new Error('no guest is linked');
    return this.#ask(socket, asking, QUESTIONS.request);
  }

  /** As the agents of many guests, each with a question under way while another one waits. */
  async socketDaemonOfMany({ count }: Asking): Promise<RoundTripTimes> {
    this.#bridge.addGuests(MANY_GUESTS - 1);
    const sockets = await this.#linkedGuests(MANY_GUESTS);
    const each = { count, outstanding: 2 };
    const all = await Promise.all(sockets.map((socket) => this.#ask(socket, each, QUESTIONS.request)));
    const perSecond = all.reduce((sum, one) => sum + one.perSecond, 0);
    return { timesMs: all.flatMap(({ timesMs }) => timesMs), perSecond };
  }

  portCat(asking: Asking): Promise<RoundTripTimes> {
    const script = 'exec <>"$0" >&0; stty raw -echo; exec cat';
    return this.#hostAsks(['/bin/sh', '-c', script, this.#port], asking, QUESTIONS.hostsPingEchoed);
  }

  portEcho(asking: Asking): Promise<RoundTripTimes> {
    return this.#hostAsks([...PORT_END, 'echo', this.#port], asking, QUESTIONS.hostsPingEchoed);
  }

  portGuestPing(asking: Asking): Promise<RoundTripTimes> {
    const argv = ['qemu-ga', '-m', 'isa-serial', '-p', this.#port, ...this.#qemuAgentsFiles];
    return this.#hostAsks(argv, asking, QUESTIONS.guestPing);
  }

  portPong(asking: Asking): Promise<RoundTripTimes> {
    return this.#hostAsks(this.#ourAgent, asking, QUESTIONS.hostsPing);
  }

  async portRaw(asking: Asking): Promise<RoundTripTimes> {
    await this.#startPort();
    const asked = this.#guestAsks('ask', this.#port, asking);
    const socket = await Promise.race([this.#connected(this.#qemusEnd), asked]);
    if ('on' in socket) socket.on('data', (chunk: Buffer) => socket.write(chunk));
    return asked;
  }

  async portBridge(asking: Asking): Promise<RoundTripTimes> {
    await this.#startPort();
    this.#start(...this.#ourAgent);
    this.#startDaemon();
    const ping = [NODE, 'dist/sbin/vm-connect', 'ping', '-c', '1', '--socket', this.#agent];
    await this.#waitFor('the guest is linked', async () => (await this.#run(ping)) === 0);
    return this.#guestAsks('agent', this.#agent, asking);
  }

  get #qemusEnd(): string {
    return this.#bridge.socketOf(guestName(1));
  }

  get #ourAgent(): readonly string[] {
    return [NODE, DAEMON, '-t', 'guest', '--port', this.#port, '--socket', this.#agent];
  }

  get #qemuAgentsFiles(): readonly string[] {
    return ['-f', join(this.#folder, 'qga.pid'), '-t', this.#folder];
  }

  /** Listened to in QEMU's place, and greeted with in the agents'. */
  async #linkedGuests(count: number): Promise<Socket[]> {
    const linked: Socket[] = [];
    for (let number = 1; number <= count; number++) {
      const server = createServer((socket) => linked.push(heedingItsEnd(socket)));
      this.#servers.push(server.listen(this.#bridge.socketOf(guestName(number))));
    }
    this.#startDaemon();
    await this.#waitFor('the daemon has connected', () => linked.length === count);
    for (const socket of linked) socket.write(HELLO);
    return linked;
  }

  async #hostAsks(holder: readonly string[], asking: Asking, question: Question): Promise<RoundTripTimes> {
    await this.#startPort();
    this.#start(...holder);
    const socket = await this.#connected(this.#qemusEnd);
    await sleep(SETTLES_MS);
    return this.#ask(socket, asking, question);
  }

  async #guestAsks(role: string, path: string, { count, outstanding }: Asking): Promise<RoundTripTimes> {
    const file = join(this.#folder, 'figures.json');
    const words = [role, path, String(count), String(outstanding), file];
    const pace = outstanding === 1 ? [String(ASKED_EVERY_MS)] : [];
    const status = await this.#run([...PORT_END, ...words, ...pace]);
    if (status !== 0) throw new Error(`who asks has ended with ${status}: ${lastLines(this.#log)}`);
    return timesIn(JSON.parse(readFileSync(file, 'utf8')));
  }

  async #ask(socket: Socket, asking: Asking, question: Question): Promise<RoundTripTimes> {
    try {
      const pace = asking.outstanding === 1 ? { everyMs: ASKED_EVERY_MS } : {};
      return await roundTrips(socket, { ...asking, ...pace, warmUp: WARM_UP, question });
    } finally {
      socket.destroy();
    }
  }

  /** Nobody is at QEMU's end of it before somebody has opened the guest's. */
  async #startPort(): Promise<void> {
    this.#start('socat', `PTY,link=${this.#port},rawer,wait-slave`, `UNIX-LISTEN:${this.#qemusEnd}`);
    await this.#waitFor('the port is there', () => existsSync(this.#port));
  }

  #startDaemon(): void {
    this.#start(NODE, DAEMON, '-t', 'host', '--config', this.#bridge.config);
  }

  #start(...[program = '', ...parameters]: readonly string[]): ChildProcess {
    const log = openSync(this.#log, 'a');
    const env = { ...process.env, CIB_file: this.#bridge.cib };
    const child = own(spawn(program, parameters, { env, stdio: ['ignore', log, log] }));
    this.#children.push(child);
    return child;
  }

  #run(argv: readonly string[]): Promise<number | null> {
    return new Promise((resolve) => this.#start(...argv).once('exit', resolve));
  }

  #connected(path: string): Promise<Socket> {
    const connect = () => connectOnce(path).then(heedingItsEnd, () => undefined);
    return this.#waitFor(`${path} is listened to`, connect);
  }

  #waitFor<T>(what: string, probe: () => T | false | undefined | Promise<T | false | undefined>): Promise<T> {
    return waitFor(what, PATIENCE_MS, probe, { logs: [this.#log] });
  }

  #end(): void {
    for (const child of this.#children) child.kill('SIGKILL');
    for (const server of this.#servers) server.close();
  }
}

/** A connection that breaks is seen by its end. */
const heedingItsEnd = (socket: Socket): Socket => socket.on('error', () => undefined);
