/**
 * One end of a guest's port, or a program that asks the agent which holds it, inside the guest:
 *
 *   node port-end.cjs echo PORT                          gives back what comes
 *   node port-end.cjs ask PORT COUNT OUTSTANDING FILE [EVERY_MS]    asks over the port itself, and writes its figures
 *   node port-end.cjs agent SOCKET COUNT OUTSTANDING FILE [EVERY_MS]
 */
import { renameSync, writeFileSync } from 'node:fs';
import type { Duplex } from 'node:stream';
import { openPort } from '../../guest/agent/open-port.ts';
import { PortStream } from '../../guest/agent/port-stream.ts';
import { connectOnce } from '../../shared/unix-socket.ts';
import { QUESTIONS, roundTrips } from './round-trips.ts';

const [role = '', path = '', count = '0', outstanding = '1', file = '', everyMs] = process.argv.slice(2);

void (role === 'echo' ? echo() : ask());

async function echo(): Promise<void> {
  const port = await openedPort(path);
  port.on('data', (chunk: Buffer) => port.write(chunk));
}

async function ask(): Promise<void> {
  const stream = role === 'ask' ? await openedPort(path) : await connectOnce(path);
  const found = await roundTrips(stream, {
    question: role === 'ask' ? QUESTIONS.requestEchoed : QUESTIONS.request,
    warmUp: 300,
    count: Number(count),
    outstanding: Number(outstanding),
    ...(everyMs === undefined ? {} : { everyMs: Number(everyMs) }),
  });
  writeFileSync(`${file}.new`, JSON.stringify(found));
  renameSync(`${file}.new`, file);
  process.exit();
}

async function openedPort(device: string): Promise<Duplex> {
  const { binding } = await openPort(device);
  return new PortStream(binding, { onThere() {}, onAway() {}, atZero: 'host-away' });
}
