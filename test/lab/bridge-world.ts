/** The bridge in a laboratory: the installed daemons on hosts and in guests, and a service on every host. */
import assert from 'node:assert/strict';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { echoOf } from './bridge-echo.ts';
import { endProgram, installParts, partCommand, restartProgram, startProgram } from './bridge-programs.ts';
import type { Laboratory } from './lab.ts';
import { readOrEmpty } from './read-or-empty.ts';

export const HOSTS = ['hosta', 'hostb'] as const;
export const GUESTS = ['guest1', 'guest2'] as const;
export const otherHost = (host: string | undefined): string => (host === 'hosta' ? 'hostb' : 'hosta');

/** Long enough for a machine with more to do than this. */
export const PATIENCE_MS = 120_000;
const GATES = '/run/bridge-gates';
const SERVICE_LOG = '/var/log/bridge-service.jsonl';

/** The daemon and the service `monitor` on both hosts. */
export async function buildHosts(lab: Laboratory): Promise<void> {
  await endBridge(lab); // of a test that could not do it itself
  await each(HOSTS, async (host) => {
    await installParts(lab, host);
    for (const path of [GATES, SERVICE_LOG])
      rmSync(inHost(lab, host, path), { recursive: true, force: true });
    await startProgram(lab, host, 'vm-connectd', HOST_DAEMON);
    await startService(lab, host);
  });
}

/** The agent, and the parts that tests play in a guest. */
export async function buildGuest(lab: Laboratory, guest: string): Promise<void> {
  await installParts(lab, guest);
  await startAgent(lab, guest);
}

export async function endBridge(lab: Laboratory): Promise<void> {
  for (const host of HOSTS) {
    if (lab.isRunning(host)) await endProgram(lab, host, ['bridge-service', 'vm-connectd']);
  }
  for (const { name: guest } of lab.spec().guests) {
    if (lab.hostOf(guest) === undefined) continue;
    await endProgram(lab, guest, ['bridge-traffic', 'bridge-v1-peer', 'vm-connectd'], 'KILL');
  }
}

const HOST_DAEMON = ['vm-connectd', '-t', 'host'];
const AGENT = ['vm-connectd', '-t', 'guest'];

export const startHostDaemon = (lab: Laboratory, host: string): Promise<void> =>
  startProgram(lab, host, 'vm-connectd', HOST_DAEMON);

/** Resolves when it serves: vm-connect takes a daemon that is not there for seconds for one that won't come. */
export async function startAgent(lab: Laboratory, guest: string, ...flags: readonly string[]): Promise<void> {
  await startProgram(lab, guest, 'vm-connectd', [...AGENT, ...flags]);
  const script =
    'until grep -q "running pid=$(cat /run/lab-vm-connectd.pid)" /var/log/vm-connectd.log; do sleep 0.2; done';
  await lab.output(guest, ['/bin/sh', '-c', script], { deadlineMs: PATIENCE_MS });
}

export const startService = (lab: Laboratory, host: string): Promise<void> =>
  startProgram(lab, host, 'bridge-service', partCommand('bridge-service', 'monitor', SERVICE_LOG, GATES));

/** kill -9 and a new start, as systemd does it. */
export const killHostDaemon = (lab: Laboratory, host: string): Promise<void> =>
  restartProgram(lab, host, 'vm-connectd', HOST_DAEMON);

export const killAgent = (lab: Laboratory, guest: string): Promise<void> =>
  restartProgram(lab, guest, 'vm-connectd', AGENT);

const inHost = (lab: Laboratory, host: string, path: string) =>
  join(lab.rootOf(host) ?? '/nonexistent', path);

/** What a service was handed. */
export interface Served {
  readonly host: string;
  readonly guest: string;
  readonly id: string;
  readonly text: string;
  readonly protocol: number;
}

/** All that the services were asked, in the order of each. */
export function served(lab: Laboratory): Served[] {
  return HOSTS.flatMap((host) => {
    const file = inHost(lab, host, SERVICE_LOG);
    const lines = readOrEmpty(file).split('\n').filter(Boolean);
    return lines.map((line) => ({ host, ...JSON.parse(line) })).filter(({ event }) => event === 'asked');
  });
}

/** Lets the services answer the request of this id. */
export function openGate(lab: Laboratory, id: string): void {
  for (const host of HOSTS) {
    mkdirSync(inHost(lab, host, GATES), { recursive: true });
    writeFileSync(inHost(lab, host, join(GATES, id)), '');
  }
}

let requests = 0;

/** One request from inside a guest by vm-connect, answered as it should be; its id. */
export async function askOnce(lab: Laboratory, guest: string): Promise<string> {
  requests++;
  const id = `${guest}-once-${requests}`;
  const text = `words of ${guest}`;
  const argv = ['vm-connect', '-t', 'monitor', '-r', text, '-i', id];
  assert.equal(await lab.output(guest, argv, { deadlineMs: PATIENCE_MS }), `${echoOf(guest, id, text)}\n`);
  return id;
}

/** What the services were told of askers is the truth, which each id begins with. */
export function assertNobodyWasMistaken(lab: Laboratory): void {
  const lines = served(lab);
  assert.ok(lines.length > 0);
  assert.deepEqual(
    lines.filter(({ guest, id }) => !id.startsWith(`${guest}-`)),
    [],
  );
}

/** What the host daemons have said last, for people. */
export function daemonLogs(lab: Laboratory): string {
  return HOSTS.map((host) => {
    const file = inHost(lab, host, '/var/log/vm-connectd.log');
    return `--- ${host}\n${readOrEmpty(file).slice(-4_000)}`;
  }).join('\n');
}

export async function each<T>(items: Iterable<T>, act: (item: T) => Promise<unknown>): Promise<void> {
  await Promise.all([...items].map(act));
}
