/**
 * The bridge in a laboratory: the installed daemons on hosts and in guests, a service on every host, and what tests
 * ask through it.
 */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { echoOf, type TrafficReport, trafficId } from './bridge-echo.ts';
import { endProgram, installParts, partCommand, startProgram } from './bridge-programs.ts';
import type { Laboratory } from './lab.ts';
import { waitFor } from './wait-for.ts';

export const HOSTS = ['hosta', 'hostb'] as const;
export const GUESTS = ['guest1', 'guest2'] as const;
export const otherHost = (host: string | undefined): string => (host === 'hosta' ? 'hostb' : 'hosta');

const GATES = '/run/bridge-gates';
const SERVICE_LOG = '/var/log/bridge-service.jsonl';
const REPORT = '/run/bridge-traffic.json';
/** Long enough for a machine with more to do than this. */
const PATIENCE_MS = 90_000;

/** The daemons and the service `monitor` on both hosts, agents in the guests. */
export async function buildBridge(lab: Laboratory, guests: readonly string[] = GUESTS): Promise<void> {
  await lab.pushPrograms();
  await Promise.all([
    ...HOSTS.map(async (host) => {
      await installParts(lab, host);
      for (const path of [GATES, SERVICE_LOG])
        rmSync(inHost(lab, host, path), { recursive: true, force: true });
      await startHostDaemon(lab, host);
      await startService(lab, host);
    }),
    ...guests.map(async (guest) => {
      await installParts(lab, guest);
      await startAgent(lab, guest);
    }),
  ]);
}

export async function endBridge(lab: Laboratory): Promise<void> {
  for (const host of HOSTS) {
    if (!lab.isRunning(host)) continue;
    for (const name of ['bridge-service', 'vm-connectd']) await endProgram(lab, host, name);
  }
  for (const { name: guest } of lab.spec().guests) {
    if (lab.hostOf(guest) === undefined) continue;
    for (const name of ['bridge-traffic', 'bridge-v1-peer', 'vm-connectd'])
      await endProgram(lab, guest, name, 'KILL');
  }
}

export const startHostDaemon = (lab: Laboratory, host: string): Promise<void> =>
  startProgram(lab, host, 'vm-connectd', ['vm-connectd', '-t', 'host']);

export const startAgent = (lab: Laboratory, guest: string, ...flags: readonly string[]): Promise<void> =>
  startProgram(lab, guest, 'vm-connectd', ['vm-connectd', '-t', 'guest', ...flags]);

export const startService = (lab: Laboratory, host: string): Promise<void> =>
  startProgram(lab, host, 'bridge-service', partCommand('bridge-service', 'monitor', SERVICE_LOG, GATES));

/** As systemd does it. */
export async function killAndRestart(lab: Laboratory, target: string): Promise<void> {
  await endProgram(lab, target, 'vm-connectd', 'KILL');
  if (lab.spec().hosts.includes(target)) await startHostDaemon(lab, target);
  else await startAgent(lab, target);
}

const inHost = (lab: Laboratory, host: string, path: string) =>
  join(lab.rootOf(host) ?? '/nonexistent', path);

/** What a service was handed. */
export interface Served {
  readonly host: string;
  readonly event: 'asked' | 'answered' | 'cancelled' | 'log';
  readonly guest: string;
  readonly id: string;
  readonly text: string;
  readonly protocol: number;
}

export function served(lab: Laboratory): Served[] {
  return HOSTS.flatMap((host) => {
    const file = inHost(lab, host, SERVICE_LOG);
    const lines = existsSync(file) ? readFileSync(file, 'utf8').split('\n').filter(Boolean) : [];
    return lines.map((line): Served => ({ host, ...JSON.parse(line) }));
  });
}

/** How often a service was handed this id; `guest` is the one that chose it. */
export const timesAsked = (lab: Laboratory, id: string): number =>
  served(lab).filter((line) => line.event === 'asked' && line.id === id).length;

let requests = 0;

/** One request from inside a guest by vm-connect, answered as it should be. */
export async function askOnce(
  lab: Laboratory,
  guest: string,
  flags: readonly string[] = [],
): Promise<string> {
  requests++;
  const id = `${guest}-once-${requests}`;
  const text = `words of ${guest}`;
  const argv = ['vm-connect', '-t', 'monitor', '-r', text, '-i', id, ...flags];
  const said = await lab.output(guest, argv, { deadlineMs: PATIENCE_MS });
  assert.equal(said, `${echoOf(guest, id, text)}\n`);
  return id;
}

/** A request that stays open until `release`: vm-connect in the background of a guest. */
export interface HeldRequest {
  readonly id: string;
  /** Answered with its own echo, exit status 0. */
  awaitAnswer(): Promise<void>;
  isAnswered(): Promise<boolean>;
}

export async function holdRequest(lab: Laboratory, guest: string, gate: string): Promise<HeldRequest> {
  const id = `${guest}-${gate}`;
  const text = `hold ${gate}`;
  const file = `/run/held-${gate}`;
  const script = 'vm-connect -t monitor --timeout 600 -r "$1" -i "$2" >"$3" 2>&1; echo "exit $?" >>"$3"';
  await startProgram(lab, guest, `held-${gate}`, ['/bin/sh', '-c', script, 'hold', text, id, file]);
  await waitFor(`a service has ${id}`, PATIENCE_MS, () => timesAsked(lab, id) > 0, { pollMs: 100 });
  const said = async () => (await lab.in(guest, ['cat', file])).stdout;
  return {
    id,
    isAnswered: async () => (await said()).includes('exit'),
    awaitAnswer: async () => {
      let seen = '';
      await waitFor(
        `${id} is answered`,
        PATIENCE_MS,
        async () => {
          seen = await said();
          return seen.includes('exit');
        },
        { pollMs: 200, seen: () => seen },
      );
      assert.equal(seen, `${echoOf(guest, id, text)}\nexit 0\n`);
    },
  };
}

/** Lets the services answer what waits for this gate. */
export function openGate(lab: Laboratory, gate: string): void {
  for (const host of HOSTS) {
    mkdirSync(inHost(lab, host, GATES), { recursive: true });
    writeFileSync(inHost(lab, host, join(GATES, gate)), '');
  }
}

export interface Traffic {
  readonly guest: string;
  readonly run: string;
}

let runs = 0;

export async function startTraffic(lab: Laboratory, guest: string): Promise<Traffic> {
  runs++;
  const traffic = { guest, run: `run${runs}` };
  const command = partCommand('bridge-traffic', guest, traffic.run, 'monitor', REPORT);
  await lab.output(guest, ['rm', '-f', REPORT]);
  await startProgram(lab, guest, 'bridge-traffic', command);
  return traffic;
}

export async function trafficReport(lab: Laboratory, { guest }: Traffic): Promise<TrafficReport | undefined> {
  const { stdout } = await lab.in(guest, ['cat', REPORT], { deadlineMs: 20_000 });
  return stdout === '' ? undefined : JSON.parse(stdout);
}

/** Resolves when so many more requests of it have been answered. */
export async function awaitProgress(lab: Laboratory, traffic: Traffic, more = 10): Promise<void> {
  const before = (await trafficReport(lab, traffic))?.answered ?? 0;
  let seen: TrafficReport | undefined;
  await waitFor(
    `traffic of ${traffic.guest} goes on`,
    PATIENCE_MS,
    async () => {
      seen = await trafficReport(lab, traffic);
      return (seen?.answered ?? 0) >= before + more;
    },
    { pollMs: 300, seen: () => JSON.stringify(seen) },
  );
}

/** Ends it when all that is open has been answered, and holds it to its law: every request its own answer, once. */
export async function endTraffic(lab: Laboratory, traffic: Traffic): Promise<TrafficReport> {
  await lab.output(traffic.guest, ['/bin/sh', '-c', 'kill $(cat /run/lab-bridge-traffic.pid)']);
  const report = await waitFor(
    `all requests of ${traffic.guest} are answered`,
    PATIENCE_MS,
    async () => {
      const seen = await trafficReport(lab, traffic);
      return seen?.isEnded === true ? seen : undefined;
    },
    { pollMs: 300 },
  );
  assert.deepEqual(report.wrong, []);
  assert.deepEqual(report.unexpected, []);
  assert.equal(report.answered, report.asked);
  assertServedOnce(lab, traffic, report.asked);
  return report;
}

/** Every request was handed to a service, and on no host twice. */
function assertServedOnce(lab: Laboratory, { guest, run }: Traffic, asked: number): void {
  const prefix = `${guest}-${run}-`;
  const lines = served(lab).filter(({ event, id }) => event === 'asked' && id.startsWith(prefix));
  const onHosts = lines.map(({ host, id }) => `${host} ${id}`);
  assert.equal(new Set(onHosts).size, onHosts.length, 'no host has had a request twice');
  const ids = new Set(lines.map(({ id }) => id));
  const expected = Array.from({ length: asked }, (_, index) => trafficId(guest, run, index + 1));
  assert.deepEqual([...ids].sort(), expected.sort());
}

/** What the services were told of askers is the truth, which each id begins with. */
export function assertNobodyWasMistaken(lab: Laboratory): void {
  const lines = served(lab).filter(({ event }) => event === 'asked');
  assert.ok(lines.length > 0);
  const mistaken = lines.filter(({ guest, id }) => !id.startsWith(`${guest}-`));
  assert.deepEqual(mistaken, []);
}

/** The end of the logs of all daemons, for the eyes of people. */
export function daemonLogs(lab: Laboratory): string {
  return HOSTS.flatMap((host) => {
    const folder = inHost(lab, host, '/var/log');
    if (!existsSync(folder)) return [];
    return readdirSync(folder)
      .filter((name) => name === 'vm-connectd.log')
      .map((name) => `--- ${host}\n${readFileSync(join(folder, name), 'utf8').slice(-4_000)}`);
  }).join('\n');
}
