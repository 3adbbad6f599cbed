/**
 * Steady requests from inside a guest, several at once: each has an id of its own and expects exactly its own echo,
 * once. Ends at SIGTERM when every request has its answer.
 *
 *   node bridge-traffic.js GUEST RUN SERVICE REPORT
 *
 * Written from the protocol: one connection, kept; when it breaks, what is open is asked again under its id.
 */
import { renameSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { paths } from '../../shared/paths.ts';
import { FrameConnection } from '../../shared/protocol/connection.ts';
import type { Frame } from '../../shared/protocol/frame-decoder.ts';
import { connectOnce } from '../../shared/unix-socket.ts';
import { echoOf, type TrafficReport, trafficId } from './bridge-echo.ts';

const [guest = '', run = '', service = '', reportFile = ''] = process.argv.slice(2);
const AT_ONCE = 3;
/** Guests that emulate a processor have little to spare. */
const PAUSE_MS = 100;
const DEADLINE_MS = 600_000;
const RECONNECT_MS = 100;
const REPORT_MS = 500;

interface Open {
  readonly text: string;
  readonly askedMs: number;
}

const open = new Map<string, Open>();
const wrong: string[] = [];
const unexpected: string[] = [];
let asked = 0;
let answered = 0;
let longestMs = 0;
let broken = 0;
let isStopping = false;
let connection: FrameConnection | undefined;

process.once('SIGTERM', () => {
  isStopping = true;
});
const reporting = setInterval(() => report(false), REPORT_MS);
report(false);
void keepConnected();
await Promise.all(Array.from({ length: AT_ONCE }, askOneAfterTheOther));
clearInterval(reporting);
report(true);
process.exit();

async function askOneAfterTheOther(): Promise<void> {
  while (!isStopping) {
    asked++;
    const id = trafficId(guest, run, asked);
    open.set(id, { text: `words ${asked} of ${guest}`, askedMs: performance.now() });
    send(id);
    while (open.has(id)) await sleep(10);
    await sleep(PAUSE_MS);
  }
}

function send(id: string): void {
  const text = open.get(id)?.text;
  if (text !== undefined) connection?.send({ type: 'request', id, service, text, deadlineMs: DEADLINE_MS });
}

async function keepConnected(): Promise<void> {
  for (;;) {
    try {
      const socket = await connectOnce(paths.connectSocket);
      await new Promise<void>((resolve) => {
        connection = new FrameConnection(
          socket,
          { onFrame: receive, onClosed: () => resolve() },
          Number.POSITIVE_INFINITY,
        );
        for (const id of open.keys()) send(id);
      });
      connection = undefined;
      broken++;
    } catch {
      // the agent is not there just now
    }
    await sleep(RECONNECT_MS);
  }
}

function receive(frame: Frame): void {
  if (frame.kind !== 'message') {
    unexpected.push(JSON.stringify(frame));
    return;
  }
  const { message } = frame;
  if (message.type === 'hello') return;
  const request = message.type === 'reply' ? open.get(message.id) : undefined;
  if (message.type !== 'reply' || request === undefined) {
    unexpected.push(JSON.stringify(message));
    return;
  }
  open.delete(message.id);
  longestMs = Math.max(longestMs, performance.now() - request.askedMs);
  if ('text' in message && message.text === echoOf(guest, message.id, request.text)) answered++;
  else wrong.push(JSON.stringify(message));
}

/** In one step, so that whoever reads it sees a whole one. */
function report(isEnded: boolean): void {
  const state: TrafficReport = {
    asked,
    answered,
    wrong,
    unexpected,
    longestMs: Math.round(longestMs),
    broken,
    isEnded,
  };
  writeFileSync(`${reportFile}.new`, JSON.stringify(state));
  renameSync(`${reportFile}.new`, reportFile);
}
