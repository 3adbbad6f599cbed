/** Peers that play guests (what QEMU shows of one on its socket), services and whoever else is on a unix socket. */
import { createConnection, createServer, type Server, type Socket } from 'node:net';
import type { TestContext } from 'node:test';
import { encodeMessage } from '../../../shared/protocol/encode-message.ts';
import { type Frame, FrameDecoder } from '../../../shared/protocol/frame-decoder.ts';
import type { Message, Reply } from '../../../shared/protocol/message.ts';
import { type V1Frame, writeV1Frame } from '../../../shared/protocol/v1-frame.ts';
import { eventually } from '../../support/eventually.ts';

type Cleaner = Pick<TestContext, 'after'>;

/** One end of a connection, with all that came over it. */
export class Peer {
  readonly socket: Socket;
  readonly frames: Frame[] = [];
  readonly #chunks: Buffer[] = [];
  readonly #decoder = new FrameDecoder((frame) => this.#heard(frame));
  isClosed = false;
  onFrame: ((frame: Frame) => void) | undefined;

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (chunk: Buffer) => {
      this.#chunks.push(chunk);
      this.#decoder.push(chunk);
    });
    socket.on('error', () => {});
    socket.on('close', () => {
      this.isClosed = true;
    });
  }

  get bytes(): Buffer {
    return Buffer.concat(this.#chunks);
  }

  write(bytes: string | Buffer): void {
    this.socket.write(bytes);
  }

  say(message: Message): void {
    this.socket.write(encodeMessage(message) ?? '');
  }

  sayV1(frame: V1Frame, guest = 0): void {
    this.socket.write(writeV1Frame(frame, guest) ?? '');
  }

  hello(session = 'agent-session'): void {
    this.write('\n');
    this.say({ type: 'hello', version: 2, agent: 'test agent', session, boot: 'guest-boot', name: 'inside' });
  }

  get messages(): Message[] {
    return this.frames.flatMap((frame) => (frame.kind === 'message' ? [frame.message] : []));
  }

  get v1Frames(): V1Frame[] {
    return this.frames.flatMap((frame) => (frame.kind === 'v1' ? [frame.frame] : []));
  }

  /** The first message of this type behind the first `skip` of it. */
  async message<Type extends Message['type']>(type: Type, skip = 0): Promise<Message & { type: Type }> {
    const isWanted = (message: Message): message is Message & { type: Type } => message.type === type;
    return eventually(`a message ${type}`, () => this.messages.filter(isWanted)[skip]);
  }

  async replyTo(id: string): Promise<Reply> {
    const isWanted = (message: Message): message is Reply => message.type === 'reply' && message.id === id;
    return eventually(`a reply to ${id}`, () => this.messages.find(isWanted));
  }

  repliesTo(id: string): number {
    return this.messages.filter((message) => message.type === 'reply' && message.id === id).length;
  }

  async closed(): Promise<void> {
    await eventually('the connection is closed', () => this.isClosed);
  }

  #heard(frame: Frame): void {
    this.frames.push(frame);
    this.onFrame?.(frame);
  }
}

/** The socket of a QEMU whose channel has `mode='bind'`. */
export class QemuSocket {
  readonly path: string;
  readonly peers: Peer[] = [];
  readonly #server: Server;

  private constructor(path: string, server: Server) {
    this.path = path;
    this.#server = server;
    server.on('connection', (socket: Socket) => this.peers.push(new Peer(socket)));
  }

  static async open(t: Cleaner, path: string): Promise<QemuSocket> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(path, resolve));
    const qemu = new QemuSocket(path, server);
    t.after(() => qemu.close());
    return qemu;
  }

  /** The connection of this number, from 0. */
  async peer(number = 0): Promise<Peer> {
    return eventually(`connection ${number} to ${this.path}`, () => this.peers[number]);
  }

  /** As when the guest is stopped. */
  close(): void {
    for (const { socket } of this.peers) socket.destroy();
    this.#server.close();
  }
}

/** Resolves when it is connected. */
export async function connectPeer(t: Cleaner, path: string): Promise<Peer> {
  const socket = createConnection(path);
  t.after(() => socket.destroy());
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve);
    socket.once('error', reject);
  });
  return new Peer(socket);
}

/** Connects, registers, and answers everything at once unless `onRequest` does otherwise. */
export async function startService(
  t: Cleaner,
  socketPath: string,
  service: string,
  answer: (text: string, guest: string) => string | undefined = (text, guest) => `${guest}: ${text}`,
): Promise<Peer> {
  const peer = await connectPeer(t, socketPath);
  peer.onFrame = (frame) => {
    if (frame.kind !== 'message' || frame.message.type !== 'request') return;
    const { id, guest = '', text } = frame.message;
    const words = answer(text, guest);
    if (words !== undefined) peer.say({ type: 'reply', guest, id, text: words });
  };
  peer.say({ type: 'register', service });
  await peer.message('registered');
  return peer;
}
