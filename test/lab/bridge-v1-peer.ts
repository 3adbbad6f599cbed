/**
 * Holds a guest's port as an agent of version 1 would: what is appended to one file goes out as it is, what comes is
 * appended to another.
 *
 *   node bridge-v1-peer.js PORT OUTGOING INCOMING
 */
import { appendFileSync, closeSync, constants, openSync, readFileSync, readSync, writeSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

const [port = '', outgoing = '', incoming = ''] = process.argv.slice(2);
const POLL_MS = 50;

for (const file of [outgoing, incoming]) closeSync(openSync(file, 'w'));
const fd = openSync(port, constants.O_RDWR | constants.O_NONBLOCK | constants.O_NOCTTY);
const buffer = Buffer.alloc(65_536);
let written = 0;

for (;;) {
  const came = unlessBlocked(() => readSync(fd, buffer));
  if (came > 0) appendFileSync(incoming, buffer.subarray(0, came));
  const wanted = readFileSync(outgoing).subarray(written);
  if (wanted.length > 0) written += unlessBlocked(() => writeSync(fd, wanted));
  await sleep(POLL_MS);
}

/** 0 when the port can't do it just now. */
function unlessBlocked(act: () => number): number {
  try {
    return act();
  } catch (thrown) {
    if (thrown instanceof Error && 'code' in thrown && thrown.code === 'EAGAIN') return 0;
    throw thrown;
  }
}
