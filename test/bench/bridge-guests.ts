/**
 * Plays the guests of a host, all in one process: a socket for each, as QEMU shows it, and behind it an agent that
 * greets, pings as often as an idle agent does, and asks when it is told to.
 *
 *   node bridge-guests.ts SOCKETDIR FIRST COUNT
 */
import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { HEARTBEAT_MS } from '../../guest/agent/link.ts';
import { encodeMessage } from '../../shared/protocol/encode-message.ts';
import { FrameDecoder } from '../../shared/protocol/frame-decoder.ts';
import type { Message } from '../../shared/protocol/message.ts';
import { guestName } from './bridge-world.ts';

process.on('disconnect', () => process.exit()); // whoever started it has ended

const PING_EVERY_MS = HEARTBEAT_MS.idle;
const LAST_ANSWERS_MS = 2_000;

const [directory = '', first = '1', count = '0'] = process.argv.slice(2);

interface Guest {
  socket: Socket | undefined;
}

const guests: Guest[] = [];
const askedAtMs = new Map<string, number>();
let roundTripsMs: number[] = [];
/** No id is used twice: what was answered under it would be its answer again. */
let serial = 0;
const greeted = new Set<Guest>();
let onGreeted = () => {};

for (let number = Number(first); number < Number(first) + Number(count); number++) {
  guests.push(await openGuest(guestName(number)));
}

process.on('message', (order: Talk & { what: string }) => {
  void (async () => {
    if (order.what === 'all-greeted') process.send?.(await allGreeted());
    else process.send?.(await talk(order));
  })();
});
process.send?.('ready');

async function openGuest(name: string): Promise<Guest> {
  const guest: Guest = { socket: undefined };
  const server = createServer((socket) => {
    guest.socket = socket;
    greeted.delete(guest);
    const decoder = new FrameDecoder((frame) => {
      if (frame.kind === 'v1') {
        socket.write('\n');
        say(socket, { type: 'hello', version: 2, agent: 'bench', session: name, boot: name, name });
      } else if (frame.kind === 'message') {
        heard(guest, frame.message);
      }
    });
    socket.on('data', (chunk: Buffer) => decoder.push(chunk));
    socket.on('error', () => {});
    const ping = () => say(socket, { type: 'ping', nonce: 1 });
    setTimeout(() => {
      ping();
      const timer = setInterval(ping, PING_EVERY_MS);
      socket.on('close', () => clearInterval(timer));
    }, Math.random() * PING_EVERY_MS);
  });
  await new Promise<void>((resolve) => server.listen(join(directory, name), resolve));
  return guest;
}

function heard(guest: Guest, message: Message): void {
  if (message.type === 'hello') {
    greeted.add(guest);
    onGreeted();
  } else if (message.type === 'reply') {
    const atMs = askedAtMs.get(message.id);
    if (atMs === undefined || !('text' in message)) return;
    askedAtMs.delete(message.id);
    roundTripsMs.push(performance.now() - atMs);
  }
}

function say(socket: Socket | undefined, message: Message): void {
  if (socket?.destroyed === false) socket.write(encodeMessage(message) ?? '');
}

/** Resolves with the time on the clock that all processes share. */
async function allGreeted(): Promise<number> {
  await new Promise<void>((resolve) => {
    onGreeted = () => {
      if (greeted.size === guests.length) resolve();
    };
    onGreeted();
  });
  return Number(process.hrtime.bigint() / 1000n) / 1000;
}

interface Talk {
  count: number;
  forMs: number;
  everyMs: number;
  service: string;
  /** The time in which all of them ask once: 0 for all at once, `everyMs` unless given. */
  spreadMs?: number;
}

/** Each of the first `count` guests asks every `everyMs`, at times of its own. */
async function talk({ count, forMs, everyMs, service, spreadMs = everyMs }: Talk) {
  roundTripsMs = [];
  askedAtMs.clear();
  let asked = 0;
  const timers = guests.slice(0, count).map((guest, index) => {
    let timer: NodeJS.Timeout;
    const ask = () => {
      asked++;
      const id = `${index}-${serial++}`;
      askedAtMs.set(id, performance.now());
      const text = 'default_ping_set diskcheck_status';
      say(guest.socket, { type: 'request', id, service, text, deadlineMs: 20_000 });
    };
    const begin = setTimeout(
      () => {
        ask();
        timer = setInterval(ask, everyMs);
      },
      (index * spreadMs) / count,
    );
    return () => {
      clearTimeout(begin);
      clearInterval(timer);
    };
  });
  await sleep(forMs);
  for (const stop of timers) stop();
  const untilMs = performance.now() + LAST_ANSWERS_MS;
  while (roundTripsMs.length < asked && performance.now() < untilMs) await sleep(10);
  return { asked, answered: roundTripsMs.length, roundTripsMs };
}
