/**
 * A host daemon for tests of the guest's side. It is written from docs/protocol.md alone and shares no code with the
 * programs: what it sends are bytes, what it gets are lines.
 */
import { connect, type Socket } from 'node:net';
import { eventually } from '../support/eventually.ts';

export interface Frame {
  readonly type: string;
  readonly [member: string]: unknown;
}

/** A bare header of version 1, type 2. */
export const PREAMBLE_BYTES = Buffer.concat([Buffer.from([2, 0, 0, 0]), Buffer.alloc(76)]);

export interface HostManners {
  readonly host: string;
  readonly session?: string;
  readonly services?: readonly string[];
  /** What a request is answered with; undefined: not at all. */
  readonly answer?: (request: Frame) => Record<string, unknown> | undefined;
}

export class FakeHost {
  readonly #socket: Socket;
  readonly #manners: HostManners;
  /** Everything that came, garbage as `null`. */
  readonly frames: (Frame | null)[] = [];
  bytes = '';
  #rest = '';

  private constructor(socket: Socket, manners: HostManners) {
    this.#socket = socket;
    this.#manners = manners;
    socket.setEncoding('utf8');
    socket.on('error', () => {});
    socket.on('data', (text: string) => this.#take(text));
  }

  static async link(path: string, manners: HostManners): Promise<FakeHost> {
    const socket = connect(path);
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve);
      socket.once('error', reject);
    });
    const host = new FakeHost(socket, manners);
    socket.write(PREAMBLE_BYTES);
    return host;
  }

  of(type: string): Frame[] {
    return this.frames.filter((frame): frame is Frame => frame?.type === type);
  }

  /** The frames of one type, once there are so many. */
  async awaits(type: string, count = 1): Promise<Frame[]> {
    await eventually(`${count} ${type} to the host`, () => this.of(type).length >= count);
    return this.of(type);
  }

  send(frame: Record<string, unknown>): void {
    this.#socket.write(`${JSON.stringify(frame)}\n`);
  }

  write(bytes: Buffer | string): void {
    this.#socket.write(bytes);
  }

  /** As by kill -9. */
  async die(): Promise<void> {
    if (this.#socket.closed) return;
    const closed = new Promise<void>((resolve) => this.#socket.once('close', () => resolve()));
    this.#socket.destroy();
    await closed;
  }

  #take(text: string): void {
    this.bytes += text;
    const lines = (this.#rest + text).split('\n');
    this.#rest = lines.pop() ?? '';
    for (const line of lines) if (line.trim() !== '') this.#frame(parse(line));
  }

  #frame(frame: Frame | null): void {
    this.frames.push(frame);
    const { host, session = `of ${host}`, services = ['monitor', 'stonith'], answer } = this.#manners;
    if (frame?.type === 'hello') {
      const limits = { requests: 64 };
      const agent = 'a fake host';
      this.send({ type: 'hello', version: 2, agent, session, host, guest: 'guest1', services, limits });
    } else if (frame?.type === 'ping') {
      this.send({ type: 'pong', nonce: frame['nonce'] });
    } else if (frame?.type === 'request') {
      const given = answer?.(frame);
      if (given !== undefined) this.send({ type: 'reply', id: frame['id'], ...given });
    }
  }
}

function parse(line: string): Frame | null {
  try {
    return JSON.parse(line);
  } catch {
    return null;
  }
}
