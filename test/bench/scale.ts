/**
 * The host daemon with ever more guests: how long until all are linked, what it costs while they are idle, and how fast
 * it carries requests of every tenth of them, alone and beside a guest that does its worst. What a guest costs must
 * not grow with their number.
 */
import type { ChildProcess } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Json } from '../../shared/protocol/message.ts';
import { endingAll, type Later, makeFolder, removeFolder } from '../support/leaves-nothing.ts';
import type { Benchmark, BenchmarkOptions, Limit, Row, Unit } from './benchmark.ts';
import { BridgeWorld, guestName, type Helper, usageOf } from './bridge-world.ts';
import { versionsOf } from './machine.ts';
import { libvirtIn, runGuests } from './running-guests.ts';
import { cpuOf, type Idle, idle, pidOf, type ScaleWorld, startHelper, startWorld } from './scale-world.ts';
import { statsOf } from './statistics.ts';

/** Each talker asks that often: a thousand guests are a hundred talkers with a thousand requests a second. */
const EVERY_MS = 100;
const ROUND_MS = 4_000;
/** What else the machine does makes single rounds slow. */
const ROUNDS = 2;
/** Of the number of guests that most limits are about. */
const STARTS = 3;
/** Until nobody works any more on what a hostile guest has left. */
const ATTACK_OVER_MS = 5_000;
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
        rows.push(...(await measure(() => folderFor(guests), guests, options)));
      }
      if (!options.quick) rows.push(...(await measureRunning(folderFor(MAIN), options)));
      rows.push(...shares(rows));
      const versions = await versionsOf(['libvirt']);
      return { rows, limits: LIMITS, plot: { unit: 'ms', scale: 'logarithmic' }, versions };
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
const before = (kind: string) => `round trip before ${kind}`;
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
    of: named(MAIN, before(kind)),
    times: 3,
  })),
];

const idleRows = (nameOf: (what: string) => string, samples: readonly Idle[]): Row[] => [
  rowOf(
    nameOf(LINKED),
    'ms',
    samples.map(({ linkedMs }) => linkedMs),
  ),
  rowOf(
    nameOf(CPU),
    '%',
    samples.map(({ cpu }) => cpu),
  ),
  rowOf(
    nameOf(MEMORY),
    'MiB',
    samples.map(({ rssMiB }) => rssMiB),
  ),
];

function rowOf(name: string, unit: Unit, values: readonly number[]): Row {
  return { name, kind: 'ours', unit, stats: statsOf(values) };
}

/** That libvirt has to be asked for each of them costs time at the start, and once a minute. */
async function measureRunning(directory: string, { report }: BenchmarkOptions): Promise<Row[]> {
  const bridge = new BridgeWorld(directory, MAIN, libvirtIn(directory));
  const sample = await endingAll(async (later) => {
    await runGuests(directory, bridge.files, later);
    return idle(await startWorld(bridge, MAIN, later), false);
  });
  report(RUNNING);
  return idleRows((what) => `${RUNNING}: ${what}`, [sample]);
}

/** Each start with folders and processes of its own; the last one goes on and talks. */
async function measure(
  newFolder: () => string,
  guests: number,
  { quick, report }: BenchmarkOptions,
): Promise<Row[]> {
  const samples: Idle[] = [];
  const talks: Row[] = [];
  const starts = guests === MAIN && !quick ? STARTS : 1;
  for (let start = 1; start <= starts; start++) {
    await endingAll(async (later) => {
      const world = await startWorld(new BridgeWorld(newFolder(), guests), guests, later);
      samples.push(await idle(world, quick));
      report(named(guests, `idle, ${start} of ${starts}`));
      if (start === starts) talks.push(...(await measureTalks(world, guests, later, { quick, report })));
    });
  }
  return [...idleRows((what) => named(guests, what), samples), ...talks];
}

async function measureTalks(
  world: ScaleWorld,
  guests: number,
  later: Later,
  { quick, report }: BenchmarkOptions,
): Promise<Row[]> {
  const { bridge, daemon } = world;
  await startHelper(later, 'bridge-service.ts', bridge.socket);
  const kinds = guests === MAIN ? HOSTILE.slice(0, quick ? 1 : undefined) : [];
  const hostiles = new Map<string, Helper>();
  for (const [index, kind] of kinds.entries()) {
    const place = bridge.socketOf(guestName(guests + 1 + index));
    hostiles.set(kind, await startHelper(later, 'bridge-hostile.ts', place));
  }
  bridge.addGuests(kinds.length);
  // From here on it looks at all guests when it is told to, and not in the middle of what is measured.
  bridge.sweepEvery(3_600);
  daemon.kill('SIGHUP');

  const rows: Row[] = [];
  const note = (what: string, unit: Unit, values: readonly number[]) => {
    rows.push(rowOf(named(guests, what), unit, values));
    report(`${named(guests, what)}: ${rows.at(-1)?.stats.median} ${unit}`);
  };
  const talk = async (rounds = quick ? 1 : ROUNDS) => {
    const order = {
      what: 'talk',
      count: Math.max(1, guests / 10),
      forMs: quick ? 1_500 : ROUND_MS,
      everyMs: EVERY_MS,
      service: 'monitor',
    };
    const { result, cpu } = await cpuOf(daemon, async () => {
      const roundTripsMs: number[] = [];
      for (let round = 0; round < rounds; round++) {
        roundTripsMs.push(...roundTripsIn(await world.farm.ask(order)));
      }
      return roundTripsMs;
    });
    return { roundTripsMs: result, cpu };
  };
  await talk(1); // until its code is compiled
  const alone = await talk();
  note(ROUND_TRIP, 'ms', alone.roundTripsMs);
  note('processor while a tenth talks', '%', [alone.cpu]);
  note(SWEPT, 'ms', (await sweptEachSecond(daemon, talk)).roundTripsMs);
  for (const [kind, hostile] of hostiles) {
    await sleep(quick ? 500 : ATTACK_OVER_MS);
    note(before(kind), 'ms', (await talk()).roundTripsMs);
    await hostile.ask({ kind });
    const { roundTripsMs, cpu } = await talk();
    hostile.kill();
    note(beside(kind), 'ms', roundTripsMs);
    note(`processor beside ${kind}`, '%', [cpu]);
  }
  note('memory at its highest', 'MiB', [usageOf(pidOf(daemon)).peakMiB]);
  return rows;
}

async function sweptEachSecond<T>(daemon: ChildProcess, action: () => Promise<T>): Promise<T> {
  const sweeps = setInterval(() => daemon.kill('SIGHUP'), 1_000);
  try {
    return await action();
  } finally {
    clearInterval(sweeps);
  }
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
