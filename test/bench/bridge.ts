/**
 * The host daemon with many guests: how long until all are linked, what it costs while they are idle, and how fast
 * it carries requests, alone and beside a guest that does its worst.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Json } from '../../shared/protocol/message.ts';
import { bundledProgram } from '../support/bundle.ts';
import { type Benchmark, type BenchmarkOptions, percentile } from './benchmark.ts';
import { BridgeWorld, guestName, Helper, usageOf } from './bridge-world.ts';

const TALKERS = 100;
const EVERY_MS = 100;
/** What else the machine does makes single rounds slow: the figures are the medians of these. */
const ROUNDS = 3;
const ROUND_MS = 4_000;
const HOSTILE = [
  'garbage',
  'version 1 headers',
  'long line',
  'never reads',
  'flood',
  'made-up cancels',
  'half frames',
] as const;

interface Measured {
  readonly what: string;
  readonly guests: number;
  readonly value: number;
  readonly unit: string;
  readonly limit?: number;
}

export const bridge: Benchmark = {
  name: 'bridge',
  about: 'vm-connectd -t host with 1,000 and 3,000 guests, idle, talking, and beside a hostile one',
  async run(options) {
    const directory = mkdtempSync(join(tmpdir(), 'pmk-bench-'));
    try {
      const program = bundledProgram('host/bin/vm-connectd.ts');
      const measured: Measured[] = [];
      for (const guests of [1_000, 3_000])
        measured.push(...(await scale(program, directory, guests, options)));
      return {
        columns: ['guests', 'what', 'measured', 'must be below'],
        rows: measured.map(({ guests, what, value, unit, limit }) => [
          String(guests),
          what,
          `${value.toFixed(value < 10 ? 2 : 0)} ${unit}`,
          limit === undefined ? '' : `${limit.toFixed(limit < 10 ? 2 : 0)} ${unit}`,
        ]),
        json: measured.map((one): Json => ({ ...one })),
      };
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  },
};

async function scale(
  program: string,
  parent: string,
  guests: number,
  { quick, report }: BenchmarkOptions,
): Promise<Measured[]> {
  const world = new BridgeWorld(mkdtempSync(join(parent, `${guests}-`)), guests);
  const isMain = guests === 1_000;
  const found: Measured[] = [];
  const note = (what: string, value: number, unit: string, limit?: number) => {
    found.push({ what, guests, value, unit, ...(limit === undefined ? {} : { limit }) });
    report(`${guests} guests: ${what}: ${value.toFixed(2)} ${unit}`);
  };
  const helpers: Helper[] = [];
  const start = async (...parameters: [string, ...string[]]) => {
    const helper = await Helper.start(...parameters);
    helpers.push(helper);
    return helper;
  };
  // The last guest is the hostile one's.
  const farm = await start('bridge-guests.ts', join(world.directory, 's'), '1', String(guests - 1));
  const hostile = await start('bridge-hostile.ts', world.socketOf(guestName(guests)));
  const startedMs = Number(process.hrtime.bigint() / 1000n) / 1000;
  const daemon = spawn(
    process.execPath,
    [program, '-t', 'host', '--config', join(world.directory, 'vm-connectd.conf')],
    {
      env: { ...process.env, CIB_file: world.cib },
      stdio: ['ignore', 'ignore', openSync(join(world.directory, 'log'), 'w')],
    },
  );
  try {
    const pid = daemon.pid ?? 0;
    const linkedMs = Number(await farm.ask({ what: 'all-greeted' }));
    note(
      'from the start of the process to the last link',
      linkedMs - startedMs,
      'ms',
      isMain ? 3_000 : undefined,
    );
    await start('bridge-service.ts', world.socket);

    await sleep(quick ? 3_000 : 10_000);
    const idle = usageOf(pid);
    const idleForMs = quick ? 10_000 : 30_000;
    await sleep(idleForMs);
    const after = usageOf(pid);
    note(
      'CPU while all are idle',
      ((after.cpuMs - idle.cpuMs) / idleForMs) * 100,
      '% of a core',
      isMain ? 1 : undefined,
    );
    note('memory while all are idle', after.rssMiB, 'MiB', isMain ? 200 : undefined);

    const talk = async (service: string) => {
      const rounds: RoundTrips[] = [];
      const [before, beganMs] = [usageOf(pid), performance.now()];
      for (let round = 0; round < (quick ? 1 : ROUNDS); round++) {
        const order = { what: 'talk', count: TALKERS, forMs: ROUND_MS, everyMs: EVERY_MS, service };
        rounds.push(roundTrips(await farm.ask(order)));
      }
      const cpu = ((usageOf(pid).cpuMs - before.cpuMs) / (performance.now() - beganMs)) * 100;
      return { p50: median(rounds.map(({ p50 }) => p50)), p99: median(rounds.map(({ p99 }) => p99)), cpu };
    };
    await talk('monitor');
    const ping = await talk('host');
    note(`round trip to the host itself, ${TALKERS} talking, p50`, ping.p50, 'ms');
    note(`round trip to the host itself, ${TALKERS} talking, p99`, ping.p99, 'ms');
    const alone = await talk('monitor');
    note(`round trip to a service, ${TALKERS} talking, p50`, alone.p50, 'ms');
    note(`round trip to a service, ${TALKERS} talking, p99`, alone.p99, 'ms', isMain ? 20 : undefined);
    note(`CPU while ${TALKERS} talk`, alone.cpu, '% of a core');
    for (const kind of isMain ? HOSTILE : []) {
      await hostile.ask({ kind });
      const beside = await talk('monitor');
      note(`the same beside ${kind}, p50`, beside.p50, 'ms');
      note(`the same beside ${kind}, p99`, beside.p99, 'ms', 3 * alone.p99);
      note(`CPU beside ${kind}`, beside.cpu, '% of a core');
      note(`memory beside ${kind}`, usageOf(pid).rssMiB, 'MiB', 200);
    }
    note('memory at its highest', usageOf(pid).peakMiB, 'MiB');
  } finally {
    daemon.kill('SIGKILL');
    for (const helper of helpers) helper.kill();
  }
  return found;
}

interface RoundTrips {
  readonly p50: number;
  readonly p99: number;
}

const median = (values: readonly number[]) =>
  percentile(
    values.toSorted((a, b) => a - b),
    0.5,
  );

function roundTrips(answer: Json): RoundTrips {
  if (typeof answer !== 'object' || answer === null || Array.isArray(answer)) throw new Error('no answer');
  const { asked, answered, roundTripsMs } = { asked: 0, answered: 0, roundTripsMs: [], ...answer };
  if (!Array.isArray(roundTripsMs)) throw new Error('no round trips');
  if (asked !== answered) throw new Error(`${asked} requests and ${answered} answers`);
  const sorted = roundTripsMs.map(Number).sort((a, b) => a - b);
  return { p50: percentile(sorted, 0.5), p99: percentile(sorted, 0.99) };
}
