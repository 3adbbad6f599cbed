/**
 * What must be again on the hosts as it was once the faults have ended: processes, files and sockets by their names and
 * numbers, memory and open files of our daemons. What the cluster holds is in cluster-left.ts.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { HOSTS } from '../lab/fencing-world.ts';
import type { Laboratory } from '../lab/lab.ts';
import { PROGRAMS, patternOf } from './chaos-names.ts';
import type { ChaosWorld } from './chaos-world.ts';
import { countOf, inAll, type Multiset, more, withoutIds } from './multiset.ts';

const FOLDERS = 'run tmp var/tmp etc/pm-kvm-tools etc/vm-ctl.conf var/lib/pm-kvm-tools var/log/pm-kvm-tools';
/** But for what vm-ctl keeps to undo, what belongs to others, and what this look is made with. */
const FILES = `cd /; find $(ls -d ${FOLDERS} 2>/dev/null) -xdev ! -path '*/pm-kvm-tools/vm-ctl' ! -path '*/vm-ctl/before-*.xml' ! -name last-change.json ! -path '*/resource-agents/*' \
  ! -path 'run/crm/*' ! -path 'run/libvirt/*' ! -path 'run/mount/*'`;
/** The victims' machines move from host to host, and are the observer's; and what this look is made with comes and goes. */
const PROCESSES = "ps -eo args= | grep -vE 'qemu-system|^(ps|grep|sed) '";
/** Those of ours that listen, abstract ones such as the lock of vm-ctl among them. */
const SOCKETS =
  "grep -E 'pm-kvm-tools|vmconnectd|/run/chaos' /proc/net/unix | awk '$4 == \"00010000\" { print $8 }'";

/**
 * After faults: a daemon may have more connections just open than when it was looked at first (one to each of two guests,
 * to its services, to an asker), and be a younger or older process than it was, whose heap Node has made another size; a
 * leak of one in each of hundreds of requests is far beyond both. What grows slowly is found without faults (trend.ts).
 */
const MORE_FILES = 4;
const MORE_MEMORY = { factor: 1.5, mib: 20 };
/** A monitor of the cluster comes every 5 s and may take seconds on a busy machine. */
const SAMPLES = { before: { count: 8, everyMs: 1_000 }, after: { count: 3, everyMs: 200 } } as const;

export interface Usage {
  readonly files: number;
  readonly rssMiB: number;
}

/** Of one moment, or what several moments have in common. */
export interface Look {
  readonly files: Multiset;
  readonly processes: Multiset;
  readonly sockets: Multiset;
}

export interface Condition extends Look {
  readonly usage: ReadonlyMap<string, Usage>;
}

export async function conditionOf(world: ChaosWorld, when: keyof typeof SAMPLES): Promise<Condition> {
  const { count, everyMs } = SAMPLES[when];
  const looks: Look[] = [];
  for (let sample = 0; sample < count; sample++) {
    if (sample > 0) await sleep(everyMs);
    looks.push(await lookAround(world.lab));
  }
  return { ...inCommon(looks), usage: await usageOf(world) };
}

/** What is there for a moment only, as the commands of a monitor, is not what is there. */
export const inCommon = (looks: readonly Look[]): Look => ({
  files: inAll(looks.map(({ files }) => files)),
  processes: inAll(looks.map(({ processes }) => processes)),
  sockets: inAll(looks.map(({ sockets }) => sockets)),
});

const PARTS = ['files', 'processes', 'sockets'] as const;
/** One command a host: at rest, too, each costs a busy machine its time. */
const LOOK = [FILES, PROCESSES, SOCKETS]
  .map((script, index) => `{ ${script}; } | sed 's/^/${PARTS[index]} /'`)
  .join('\n');

async function lookAround(lab: Laboratory): Promise<Look> {
  const onAll = await Promise.all(
    HOSTS.map(async (host) => (await linesOf(lab, host, LOOK)).map((line) => ({ host, line }))),
  );
  const [files, processes, sockets] = PARTS.map((part) =>
    countOf(
      onAll
        .flat()
        .filter(({ line }) => line.startsWith(`${part} `))
        .map(({ host, line }) => `${host}: ${withoutIds(line.slice(part.length + 1).trim())}`),
    ),
  );
  const none = countOf([]);
  return { files: files ?? none, processes: processes ?? none, sockets: sockets ?? none };
}

const USAGE = `usage() { p=$(pgrep -o -f "$2") &&
  echo "$(ls /proc/$p/fd | wc -l) $(sed -n 's/^VmRSS:[^0-9]*\\([0-9]*\\).*/\\1/p' /proc/$p/status) $1"; }
${PROGRAMS.map((program) => `usage ${program} '${patternOf(program)}'`).join('\n')}`;

/** By host and program. */
export async function usageOf({ lab }: ChaosWorld): Promise<ReadonlyMap<string, Usage>> {
  const usage = new Map<string, Usage>();
  await Promise.all(
    HOSTS.map(async (host) => {
      for (const line of await linesOf(lab, host, USAGE)) {
        const [files, kib, program] = line.split(' ');
        usage.set(`${program} on ${host}`, { files: Number(files), rssMiB: Number(kib) / 1024 });
      }
    }),
  );
  return usage;
}

/** An empty answer is one; none is thrown. */
async function linesOf(lab: Laboratory, host: string, script: string): Promise<string[]> {
  const text = await lab.output(host, ['/bin/bash', '--norc', '-c', `${script}\ntrue`]);
  return text.split('\n').filter((line) => line !== '');
}

export function leftBehind(before: Condition, after: Condition): readonly string[] {
  const grown = [...after.usage].flatMap(([name, { files, rssMiB }]) => {
    const was = before.usage.get(name);
    if (was === undefined) return [`${name}: was not there`];
    return [
      ...(files > was.files + MORE_FILES ? [`${name}: ${was.files} open files before, ${files} after`] : []),
      ...(rssMiB > MORE_MEMORY.factor * was.rssMiB + MORE_MEMORY.mib
        ? [`${name}: ${was.rssMiB.toFixed(0)} MiB before, ${rssMiB.toFixed(0)} after`]
        : []),
    ];
  });
  return [
    ...more(after.files, before.files).map((name) => `file ${name}`),
    ...more(before.files, after.files).map((name) => `no longer there: file ${name}`),
    ...more(after.processes, before.processes).map((name) => `process ${name}`),
    ...more(after.sockets, before.sockets).map((name) => `socket ${name}`),
    ...more(before.processes, after.processes).map((name) => `no longer there: process ${name}`),
    ...more(before.sockets, after.sockets).map((name) => `no longer there: socket ${name}`),
    ...grown,
    ...[...before.usage.keys()]
      .filter((name) => !after.usage.has(name))
      .map((name) => `${name} does not run`),
  ];
}
