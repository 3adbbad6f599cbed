/**
 * Steady requests from inside a guest: several one after the other side by side, and always one that the service holds
 * until the test lets it go. Each has an id of its own and expects exactly its own echo, once. Ends at SIGTERM when
 * every request has its answer, and writes its report.
 *
 *   node bridge-traffic.mjs GUEST RUN SERVICE REPORT
 *
 * Written from the protocol: one connection, kept; when it breaks, what is open is asked again under its id.
 */
import { renameSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { paths } from '../../shared/paths.ts';
import { FrameConnection } from '../../shared/protocol/connection.ts';
import type { Frame } from '../../shared/protocol/frame-decoder.ts';
import { connectOnce } from '../../shared/unix-socket.ts';
import { echoOf, HOLD, heldId, type TrafficReport, trafficId } from './bridge-echo.ts';

const [guest = '', run = '', service = '', reportFile = ''] = process.argv.slice(2);
const SIDE_BY_SIDE = 2;
/** A guest whose processor is emulated has little to spare. */
const PAUSE_MS = 200;
const DEADLINE_MS = 3_600_000;
const RECONNECT_MS = 200;
const SLOW_MS = 3_000;

interface Open {
  readonly text: string;
  readonly askedMs: number;
  readonly answered: () => void;
}

const open = new Map<string, Open>();
const wrong: string[] = [];
const unexpected: string[] = [];
let number = 0;
let held = 0;
let answered = 0;
let longestMs = 0;
const slow: string[] = [];
let broken = 0;
let isStopping = false;
let connection: FrameConnection | undefined;

process.once('SIGTERM', () => {
  isStopping = true;
});
void keepConnected();
await Promise.all([...Array.from({ length: SIDE_BY_SIDE }, askOneAfterTheOther), keepOneHeld()]);
report();
process.exit();

async function askOneAfterTheOther(): Promise<void> {
  while (!isStopping) {
    number++;
    await ask(trafficId(guest, run, number), `words ${number} of ${guest}`);
    await sleep(PAUSE_MS);
  }
}

async function keepOneHeld(): Promise<void> {
  while (!isStopping) {
    held++;
    await ask(heldId(guest, run, held), HOLD);
  }
}

function ask(id: string, text: string): Promise<void> {
  return new Promise((resolve) => {
    open.set(id, { text, askedMs: performance.now(), answered: resolve });
    send(id, text);
  });
}

function send(id: string, text: string): void {
  connection?.send({ type: 'request', id, service, text, deadlineMs: DEADLINE_MS });
}

async function keepConnected(): Promise<void> {
  for (;;) {
    try {
      const socket = await connectOnce(paths.connectSocket);
      await new Promise<void>((resolve) => {
        const handlers = { onFrame: receive, onClosed: () => resolve() };
        connection = new FrameConnection(socket, handlers, Number.POSITIVE_INFINITY);
        for (const [id, { text }] of open) send(id, text);
      });
      broken++;
    } catch {
      // the agent is not there just now
    }
    connection = undefined;
    await sleep(RECONNECT_MS);
  }
}

function receive(frame: Frame): void {
  if (frame.kind === 'message' && frame.message.type === 'hello') return;
  const reply = frame.kind === 'message' && frame.message.type === 'reply' ? frame.message : undefined;
  const request = reply === undefined ? undefined : open.get(reply.id);
  if (reply === undefined || request === undefined) {
    unexpected.push(JSON.stringify(frame));
    return;
  }
  open.delete(reply.id);
  if (request.text !== HOLD) took(reply.id, performance.now() - request.askedMs);
  if ('text' in reply && reply.text === echoOf(guest, reply.id, request.text)) answered++;
  else wrong.push(JSON.stringify(reply));
  request.answered();
}

function took(id: string, ms: number): void {
  longestMs = Math.max(longestMs, ms);
  if (ms >= SLOW_MS) slow.push(`${id} ${Math.round(ms)} ms until ${new Date().toISOString()}`);
}

/** In one step, so that whoever reads it sees a whole one. */
function report(): void {
  const all: TrafficReport = {
    asked: number + held,
    held,
    answered,
    wrong,
    unexpected,
    slow,
    longestMs: Math.round(longestMs),
    broken,
  };
  writeFileSync(`${reportFile}.new`, JSON.stringify(all));
  renameSync(`${reportFile}.new`, reportFile);
}
