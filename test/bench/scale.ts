/**
 * The host daemon with ever more guests: how long until all are linked, what it costs while they are idle, and how fast
 * it carries requests of every tenth of them, alone and beside a guest that does its worst. What a guest costs must
 * not grow with their number.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Json } from '../../shared/protocol/message.ts';
import type { Benchmark, BenchmarkOptions, Limit, Row, Unit } from './benchmark.ts';
import { BridgeWorld, guestName, Helper, usageOf } from './bridge-world.ts';
import { makeFolder, own, removeFolder } from './leaves-nothing.ts';
import { libvirtIn, runGuests } from './running-guests.ts';
import { statsOf } from './statistics.ts';

const PROGRAM = 'dist/sbin/vm-connectd';
/** Each talker asks that often: a thousand guests are a hundred talkers with a thousand requests a second. */
const EVERY_MS = 100;
const ROUND_MS = 4_000;
/** What else the machine does makes single rounds slow. */
const ROUNDS = 2;
/** Until V8 has given back what the start took. */
const SETTLED_MS = 20_000;
/** The daemon's own: it looks at all guests anew once in this time. */
const SWEEP_MS = 60_000;
const MAIN = 1_000;
const HOSTILE = [
  'garbage',
  'version 1 headers',
  'long line',
  'never reads',
  'flood',
  'made-up cancels',
  'half frames',
] as const;

export const scale: Benchmark = {
  name: 'scale',
  about:
    'vm-connectd -t host with 10 to 3,000 guests: idle, with a tenth of them talking, and beside a hostile one',
  needs: 'nothing',
  programs: [
    { program: 'virsh', debianPackage: 'libvirt-clients' },
    { program: 'libvirtd', debianPackage: 'libvirt-daemon-system' },
  ],
  async run(options) {
    const directory = makeFolder();
    try {
      const rows: Row[] = [];
      const folderFor = (guests: number) => mkdtempSync(join(directory, `${guests}-`));
      for (const guests of options.quick ? [10, MAIN] : [10, 100, MAIN, 3_000]) {
        rows.push(...(await measure(folderFor(guests), guests, options)));
      }
      rows.push(...(await measureRunning(folderFor(MAIN), options)));
      rows.push(...shares(rows));
      return { rows, limits: LIMITS, plot: { unit: 'ms', scale: 'logarithmic' }, versions: {} };
    } finally {
      removeFolder(directory);
    }
  },
};

const named = (guests: number, what: string) => `${guests.toLocaleString('en-US')} guests: ${what}`;
const LINKED = 'start to last link';
const CPU = 'processor while idle';
/** Those that run are seen by libvirt, the others by what the cluster would start. */
const RUNNING = `${MAIN.toLocaleString('en-US')} guests that run`;
const MEMORY = 'memory while idle';
const ROUND_TRIP = 'round trip to a service';
const SWEPT = 'round trip while it looks at all guests each second';
const MEMORY_EACH = 'memory for each guest beyond ten';
const beside = (kind: string) => `round trip beside ${kind}`;

const LIMITS: readonly Limit[] = [
  { row: named(MAIN, LINKED), plus: 2_000 },
  { row: named(MAIN, CPU), plus: 1 },
  { row: `${RUNNING}: ${LINKED}`, plus: 2_000 },
  { row: `${RUNNING}: ${CPU}`, plus: 1 },
  { row: `${RUNNING}: ${MEMORY}`, plus: Math.floor(150e6 / 2 ** 20) },
  { row: named(MAIN, MEMORY), plus: Math.floor(150e6 / 2 ** 20) },
  { row: named(3_000, MEMORY_EACH), of: named(MAIN, MEMORY_EACH), times: 1.25 },
  { row: named(MAIN, ROUND_TRIP), figure: 'p99', plus: 20 },
  // Three times the guests, and no more than three and a half times the work.
  { row: named(3_000, LINKED), of: named(MAIN, LINKED), times: 3.5 },
  { row: named(3_000, CPU), of: named(MAIN, CPU), times: 3.5 },
  ...HOSTILE.map((kind) => ({
    row: named(MAIN, beside(kind)),
    figure: 'p99' as const,
    of: named(MAIN, ROUND_TRIP),
    times: 3,
  })),
];

interface Started {
  readonly daemon: ChildProcess;
  readonly pid: number;
  readonly linkedMs: number;
}

/** Until the last guest is linked. */
async function startDaemon(world: BridgeWorld, farm: Helper): Promise<Started> {
  const nowMs = () => Number(process.hrtime.bigint() / 1000n) / 1000;
  const startedMs = nowMs();
  const daemon = own(
    spawn(process.execPath, [PROGRAM, '-t', 'host', '--config', world.config], {
      env: { ...process.env, CIB_file: world.cib },
      stdio: ['ignore', 'ignore', openSync(join(world.directory, 'log'), 'w')],
    }),
  );
  const linkedMs = Number(await farm.ask({ what: 'all-greeted' })) - startedMs;
  return { daemon, pid: daemon.pid ?? 0, linkedMs };
}

/** With the commands that it runs meanwhile, in percent of a processor; and what memory it has then, in MiB. */
async function idle(pid: number, quick: boolean): Promise<{ readonly cpu: number; readonly rssMiB: number }> {
  await sleep(quick ? 1_500 : SETTLED_MS);
  const idleMs = quick ? 3_000 : SWEEP_MS;
  const before = usageOf(pid);
  await sleep(idleMs);
  const after = usageOf(pid);
  return { cpu: ((after.cpuMs - before.cpuMs) / idleMs) * 100, rssMiB: after.rssMiB };
}

/** That libvirt has to be asked for each of them costs time at the start, and once a minute. */
async function measureRunning(directory: string, { quick, report }: BenchmarkOptions): Promise<Row[]> {
  const world = new BridgeWorld(directory, MAIN, libvirtIn(directory));
  const endGuests = await runGuests(directory, world.files);
  const farm = await Helper.start('bridge-guests.ts', join(directory, 's'), '1', String(MAIN));
  const { daemon, pid, linkedMs } = await startDaemon(world, farm);
  try {
    const { cpu, rssMiB } = await idle(pid, quick);
    const rows = [
      { what: LINKED, unit: 'ms', value: linkedMs },
      { what: CPU, unit: '%', value: cpu },
      { what: MEMORY, unit: 'MiB', value: rssMiB },
    ] as const;
    return rows.map(({ what, unit, value }): Row => {
      report(`${RUNNING}: ${what}: ${value} ${unit}`);
      return { name: `${RUNNING}: ${what}`, kind: 'ours', unit, stats: statsOf([value]) };
    });
  } finally {
    daemon.kill('SIGKILL');
    farm.kill();
    endGuests();
  }
}

async function measure(
  directory: string,
  guests: number,
  { quick, report }: BenchmarkOptions,
): Promise<Row[]> {
  const world = new BridgeWorld(directory, guests);
  const rows: Row[] = [];
  const note = (what: string, unit: Unit, values: readonly number[]) => {
    rows.push({ name: named(guests, what), kind: 'ours', unit, stats: statsOf(values) });
    report(`${named(guests, what)}: ${rows.at(-1)?.stats.median} ${unit}`);
  };
  const helpers: Helper[] = [];
  const start = async (...parameters: [string, ...string[]]) => {
    const helper = await Helper.start(...parameters);
    helpers.push(helper);
    return helper;
  };
  const kinds = guests === MAIN ? HOSTILE.slice(0, quick ? 1 : undefined) : [];
  // The last guests are the hostile ones'.
  const farm = await start('bridge-guests.ts', join(directory, 's'), '1', String(guests - kinds.length));
  const hostiles = new Map<string, Helper>();
  for (const [index, kind] of kinds.entries()) {
    hostiles.set(kind, await start('bridge-hostile.ts', world.socketOf(guestName(guests - index))));
  }
  const { daemon, pid, linkedMs } = await startDaemon(world, farm);
  try {
    note(LINKED, 'ms', [linkedMs]);
    await start('bridge-service.ts', world.socket);

    const { cpu, rssMiB } = await idle(pid, quick);
    note(CPU, '%', [cpu]);
    note(MEMORY, 'MiB', [rssMiB]);
    // From here on it looks at all guests when it is told to, and not in the middle of what is measured.
    world.sweepEvery(3_600);
    daemon.kill('SIGHUP');

    const talkers = Math.max(1, guests / 10);
    const talk = async (rounds = quick ? 1 : ROUNDS) => {
      const roundTripsMs: number[] = [];
      const usedMs = usageOf(pid).cpuMs;
      const forMs = quick ? 1_500 : ROUND_MS;
      for (let round = 0; round < rounds; round++) {
        const order = {
          what: 'talk',
          count: talkers,
          forMs,
          everyMs: EVERY_MS,
          service: 'monitor',
        };
        roundTripsMs.push(...roundTripsIn(await farm.ask(order)));
      }
      const cpu = ((usageOf(pid).cpuMs - usedMs) / (rounds * forMs)) * 100;
      return { roundTripsMs, cpu };
    };
    await talk(1); // until its code is compiled
    const sweeps = setInterval(() => daemon.kill('SIGHUP'), 1_000);
    const { roundTripsMs } = await talk();
    clearInterval(sweeps);
    note(SWEPT, 'ms', roundTripsMs);
    const alone = [await talk()];
    for (const [kind, hostile] of hostiles) {
      await hostile.ask({ kind });
      const { roundTripsMs, cpu } = await talk();
      hostile.kill();
      note(beside(kind), 'ms', roundTripsMs);
      note(`processor beside ${kind}`, '%', [cpu]);
      alone.push(await talk()); // what the machine and the daemon's memory do meanwhile concerns both alike
    }
    note(
      ROUND_TRIP,
      'ms',
      alone.flatMap(({ roundTripsMs }) => roundTripsMs),
    );
    note(
      'processor while a tenth talks',
      '%',
      alone.map(({ cpu }) => cpu),
    );
    note('memory at its highest', 'MiB', [usageOf(pid).peakMiB]);
  } finally {
    daemon.kill('SIGKILL');
    for (const helper of helpers) helper.kill();
  }
  return rows;
}

/** What each guest costs beyond what ten of them do. */
function shares(rows: readonly Row[]): Row[] {
  const memoryOf = (guests: number) => rows.find(({ name }) => name === named(guests, MEMORY))?.stats.median;
  const base = memoryOf(10) ?? Number.NaN;
  return [100, MAIN, 3_000].flatMap((guests): Row[] => {
    const memory = memoryOf(guests);
    if (memory === undefined) return [];
    const eachKiB = ((memory - base) * 1024) / (guests - 10);
    return [{ name: named(guests, MEMORY_EACH), kind: 'ours', unit: 'KiB', stats: statsOf([eachKiB]) }];
  });
}

function roundTripsIn(answer: Json): number[] {
  if (typeof answer !== 'object' || answer === null || Array.isArray(answer)) throw new Error('no answer');
  const { asked, answered, roundTripsMs } = { asked: 0, answered: 0, roundTripsMs: [], ...answer };
  if (!Array.isArray(roundTripsMs)) throw new Error('no round trips');
  if (asked !== answered) throw new Error(`${asked} requests and ${answered} answers`);
  return roundTripsMs.map(Number);
}
