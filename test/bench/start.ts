/**
 * What it takes to start each program, beside a Node that does nothing: until it has told its version and its help, and
 * until it has done the first thing that it is there for. Ours and the empty Node in turn, since a machine's speed
 * changes from second to second; and all on one processor, since on a virtual machine it is a toss-up whether Node's
 * threads wake another one, which takes longer than most of what is measured.
 */
import { spawn, spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { HOSTS_CIB } from '../host/ctl/published.ts';
import { BridgeStandIn } from '../support/bridge-stand-in.ts';
import { makeFolder, own, removeFolder } from '../support/leaves-nothing.ts';
import type { Benchmark, BenchmarkResult, Limit, Row } from './benchmark.ts';
import { statsOf } from './statistics.ts';

const EMPTY = 'node -e 0';
const TIMES = 1.3;

const ON_ONE_PROCESSOR = ['-c', String(availableParallelism() - 1), process.execPath];

/** Its words, how it is called, and whether it stays. */
interface Start {
  readonly name: string;
  readonly argv: readonly string[];
  readonly isDaemon?: boolean;
  readonly isLimited?: boolean;
}

const startOf = (words: string) => `start of ${words}`;
const program = (name: string, ...words: readonly string[]) => [join('dist/sbin', name), ...words];

/** Where vm-managerd finds the host's end of the bridge. */
const bridgeIn = (folder: string) => join(folder, 'bridge.sock');

function startsIn(folder: string): Start[] {
  const told = [
    ['vm-ctl'],
    ['vm-connectd', '-t', 'host'],
    ['vm-connectd', '-t', 'guest'],
    ['vm-stonithd'],
    ['vm-managerd'],
    ['vm-connect'],
    ['fence_vm'],
  ].flatMap(([name = '', ...words]) =>
    ['--version', '--help'].map((flag) => ({
      name: startOf([name, ...words, flag].join(' ')),
      argv: program(name, ...words, flag),
      isLimited: true,
    })),
  );
  const cib = join(folder, 'cib.xml');
  writeFileSync(cib, HOSTS_CIB);
  const guestDaemon = program(
    'vm-connectd',
    '-t',
    'guest',
    '--port',
    '/dev/null',
    '--socket',
    join(folder, 'guest.sock'),
  );
  const hostDaemon = program(
    'vm-connectd',
    '-t',
    'host',
    '--libvirt',
    'test:///default',
    '--socket',
    join(folder, 'host.sock'),
  );
  return [
    { name: EMPTY, argv: ['-e', '0'] },
    ...told,
    { name: startOf('fence_vm -o metadata'), argv: program('fence_vm', '-o', 'metadata'), isLimited: true },
    {
      name: startOf('vm-ctl resource list, a small cluster'),
      argv: program('vm-ctl', 'resource', 'list', '--cib-file', cib),
    },
    { name: startOf('vm-connectd -t guest, until it serves'), argv: guestDaemon, isDaemon: true },
    { name: startOf('vm-connectd -t host, until it serves'), argv: hostDaemon, isDaemon: true },
    {
      name: startOf('vm-managerd, until it serves'),
      argv: program(
        'vm-managerd',
        '-c',
        'host/etc/vm-manager.conf',
        '--socket',
        bridgeIn(folder),
        '--status-socket',
        join(folder, 'manager.sock'),
      ),
      isDaemon: true,
    },
  ];
}

export const start: Benchmark = {
  name: 'start',
  about: 'the start of each program, beside that of an empty Node',
  needs: 'nothing',
  programs: [],
  async run({ quick }) {
    const folder = makeFolder();
    const bridge = await BridgeStandIn.listen(bridgeIn(folder));
    try {
      return await measure(startsIn(folder), quick ? 3 : 30);
    } finally {
      await bridge.close();
      removeFolder(folder);
    }
  },
};

async function measure(starts: readonly Start[], runs: number): Promise<BenchmarkResult> {
  const taken = new Map<string, number[]>(starts.map(({ name }) => [name, []]));
  for (let run = -1; run < runs; run++) {
    for (const one of starts) {
      const ms = one.isDaemon ? await untilReady(one) : untilEnd(one);
      if (run >= 0) taken.get(one.name)?.push(ms); // the first is for the caches
    }
  }
  const rows = starts.map(({ name }): Row => {
    const stats = statsOf(taken.get(name) ?? []);
    return name === EMPTY
      ? { name, kind: 'floor', unit: 'ms', stats }
      : { name, kind: 'ours', unit: 'ms', stats, peer: EMPTY };
  });
  const limits = starts
    .filter(({ isLimited }) => isLimited)
    .map(({ name }): Limit => ({ row: name, of: EMPTY, times: TIMES }));
  return { rows, limits, plot: { unit: 'ms', scale: 'linear' }, versions: {} };
}

function untilEnd({ name, argv }: Start): number {
  const startMs = performance.now();
  const { status, stderr } = spawnSync('taskset', [...ON_ONE_PROCESSOR, ...argv]);
  const ms = performance.now() - startMs;
  if (status !== 0) throw new Error(`${name} ended with ${status}: ${stderr}`);
  return ms;
}

/** Until it logs that it runs, which is when it serves. */
async function untilReady({ name, argv }: Start): Promise<number> {
  const startMs = performance.now();
  const child = own(
    spawn('taskset', [...ON_ONE_PROCESSOR, ...argv], { stdio: ['ignore', 'ignore', 'pipe'] }),
  );
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  let said = '';
  const ms = await new Promise<number>((resolve, reject) => {
    child.stderr.on('data', (chunk: Buffer) => {
      said += String(chunk);
      if (said.includes('=> running')) resolve(performance.now() - startMs);
    });
    child.once('exit', () => reject(new Error(`${name} ended: ${said}`)));
  });
  child.kill('SIGKILL');
  await ended;
  return ms;
}
