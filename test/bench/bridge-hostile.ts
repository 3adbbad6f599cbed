/**
 * Plays one hostile guest.  node bridge-hostile.ts SOCKETPATH
 *
 * Told a kind, it does its worst on every connection until it is killed. It says so when it has begun with one.
 */
import { createServer, type Socket } from 'node:net';

process.on('disconnect', () => process.exit()); // whoever started it has ended

const MIB = 1024 * 1024;
const [path = ''] = process.argv.slice(2);
const sockets = new Set<Socket>();
let attack: (socket: Socket) => void = () => {};

const HELLO = '\n{"type":"hello","version":2,"agent":"bad","session":"bad","boot":"bad","name":"bad"}\n';

/** Writes chunks for as long as they are taken. */
function pour(socket: Socket, next: () => Buffer | string): void {
  const go = () => {
    while (!socket.destroyed && socket.write(next()));
  };
  socket.on('drain', go);
  go();
}

const request = (id: number, text: string) =>
  `${JSON.stringify({ type: 'request', id: `h${id}`, service: 'monitor', text, deadlineMs: 60_000 })}\n`;

const ATTACKS: Readonly<Record<string, (socket: Socket) => void>> = {
  garbage(socket) {
    const bytes = Buffer.alloc(MIB);
    for (let at = 0; at < bytes.length; at++) bytes[at] = (at * 2_654_435_761) >>> 24;
    socket.resume();
    pour(socket, () => bytes);
  },
  'long line'(socket) {
    const chunk = Buffer.alloc(MIB, 'x');
    socket.resume();
    socket.write('{"type":"request","text":"');
    pour(socket, () => chunk);
  },
  'never reads'(socket) {
    socket.pause();
    socket.write(HELLO);
    let id = 0;
    pour(socket, () => request(id++, 'y'.repeat(20_000)));
  },
  flood(socket) {
    socket.resume();
    socket.write(HELLO);
    let id = 0;
    pour(socket, () => Array.from({ length: 500 }, () => request(id++, 'x')).join(''));
  },
  'made-up cancels'(socket) {
    socket.resume();
    socket.write(HELLO);
    let id = 0;
    pour(socket, () => Array.from({ length: 500 }, () => `{"type":"cancel","id":"h${id++}"}\n`).join(''));
  },
  'half frames'(socket) {
    socket.resume();
    socket.write(`${HELLO}${request(1, 'x')}{"type":"request","id":"half`, () => {
      setTimeout(() => socket.destroy(), 20);
    });
  },
  'version 1 headers'(socket) {
    const bytes = Buffer.alloc(MIB);
    socket.resume();
    pour(socket, () => bytes);
  },
};

createServer((socket) => {
  sockets.add(socket);
  socket.on('error', () => {});
  socket.on('close', () => sockets.delete(socket));
  attack(socket);
}).listen(path, () => process.send?.('ready'));

process.once('message', ({ kind }: { kind: string }) => {
  const worst = ATTACKS[kind];
  if (worst === undefined) throw new Error(`no guest does ${kind}`);
  let isTold = false;
  attack = (socket) => {
    worst(socket);
    if (!isTold) process.send?.('begun');
    isTold = true;
  };
  for (const socket of sockets) attack(socket);
});
