/**
 * Traffic from inside a guest, watched from the services' side: that a request was asked tells that the one before it
 * was answered, and costs the guest no command.
 */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { heldId, type TrafficReport, trafficId } from './bridge-echo.ts';
import { partCommand, startProgram } from './bridge-programs.ts';
import { openGate, PATIENCE_MS, type Served, served } from './bridge-world.ts';
import type { Laboratory } from './lab.ts';
import { waitFor } from './wait-for.ts';

export interface Talk {
  readonly guest: string;
  readonly run: string;
}

const REPORT = '/run/bridge-traffic.json';
const POLL_MS = 100;
let runs = 0;

/** Resolves when requests are answered, and one is held. */
export async function startTalk(lab: Laboratory, guest: string): Promise<Talk> {
  runs++;
  const talk = { guest, run: `run${runs}` };
  const command = partCommand('bridge-traffic', guest, talk.run, 'monitor', REPORT);
  await startProgram(lab, guest, 'bridge-traffic', command);
  await awaitProgress(lab, talk);
  await heldRequest(lab, talk);
  return talk;
}

const askedBy = (lab: Laboratory, { guest, run }: Talk): Served[] =>
  served(lab).filter(({ id }) => id.startsWith(`${guest}-${run}-`));

export const timesServed = (lab: Laboratory, id: string): number =>
  served(lab).filter((line) => line.id === id).length;

/** Resolves when so many more requests have been asked, each of which needs the answers to those before. */
export async function awaitProgress(lab: Laboratory, talk: Talk, more = 6): Promise<void> {
  const count = () => new Set(askedBy(lab, talk).map(({ id }) => id)).size;
  const before = count();
  await waitFor(`${talk.guest} talks`, PATIENCE_MS, () => count() >= before + more, {
    pollMs: POLL_MS,
    seen: () => `${count() - before} requests`,
  });
}

/** The number of the request that is open until `release`. */
export async function heldRequest(lab: Laboratory, talk: Talk, least = 1): Promise<number> {
  const { guest, run } = talk;
  const isAsked = (number: number) => timesServed(lab, heldId(guest, run, number)) > 0;
  await waitFor(`${guest} has asked what is held`, PATIENCE_MS, () => isAsked(least), { pollMs: POLL_MS });
  let number = least;
  while (isAsked(number + 1)) number++;
  return number;
}

/** Lets the held request be answered; resolves when its asker has the answer and holds the next. */
export async function release(lab: Laboratory, talk: Talk, number: number): Promise<void> {
  assert.equal(await heldRequest(lab, talk), number, 'it was open until now');
  openGate(lab, heldId(talk.guest, talk.run, number));
  await heldRequest(lab, talk, number + 1);
}

/** Ends it when all is answered, and holds it to its law: every request its own answer, once. */
export async function endTalk(lab: Laboratory, t: TestContext, talk: Talk): Promise<void> {
  const { guest, run } = talk;
  const number = await heldRequest(lab, talk);
  await lab.output(guest, ['/bin/sh', '-c', 'kill $(cat /run/lab-bridge-traffic.pid)']);
  // Not before it has the signal, or it holds another.
  openGate(lab, heldId(guest, run, number));
  const text = await waitFor(
    `all requests of ${guest} are answered`,
    PATIENCE_MS,
    async () => (await lab.in(guest, ['cat', REPORT])).stdout || undefined,
    { pollMs: 500 },
  );
  await lab.output(guest, ['rm', REPORT]);
  const report: TrafficReport = JSON.parse(text);
  t.diagnostic(
    `${guest}: ${report.answered} requests, each answered once; the slowest took ${report.longestMs} ms`,
  );
  for (const one of report.slow) t.diagnostic(`slow: ${one}`);
  assert.deepEqual(report.wrong, []);
  assert.deepEqual(report.unexpected, []);
  assert.equal(report.answered, report.asked);
  assertServedOnce(lab, talk, report);
}

/** Every request was handed to a service, and on no host twice. */
function assertServedOnce(lab: Laboratory, talk: Talk, { asked, held }: TrafficReport): void {
  const { guest, run } = talk;
  const lines = askedBy(lab, talk);
  const onHosts = lines.map(({ host, id }) => `${host} ${id}`);
  assert.equal(new Set(onHosts).size, onHosts.length, 'no service was handed a request twice');
  const expected = [
    ...Array.from({ length: asked - held }, (_, index) => trafficId(guest, run, index + 1)),
    ...Array.from({ length: held }, (_, index) => heldId(guest, run, index + 1)),
  ];
  assert.deepEqual([...new Set(lines.map(({ id }) => id))].sort(), expected.sort());
}
