/** What must be again as it was once the faults have ended: compared by names, before and after. */
import { resourceOf } from '../lab/fencing-tokens.ts';
import { HOSTS } from '../lab/fencing-world.ts';
import type { Laboratory } from '../lab/lab.ts';
import { PASSER_BY, type Program, VICTIMS } from './chaos-names.ts';
import type { ChaosWorld } from './chaos-world.ts';

const FOLDERS = 'run tmp var/tmp etc/pm-kvm-tools etc/vm-ctl.conf var/lib/pm-kvm-tools';
/** But for what vm-ctl keeps to undo, and what belongs to others. */
const FILES = `cd /; find $(ls -d ${FOLDERS} 2>/dev/null) -xdev ! -path '*/vm-ctl*' ! -path '*/resource-agents/*' \
  ! -path 'run/crm/*' ! -path 'run/libvirt/*'`;
const PROCESSES = 'ps -eo comm= | sort -u';
const OURS: readonly Program[] = ['vm-stonithd', 'vm-connectd', 'vm-managerd', 'agent'];
/** More than one connection that is just open. */
const MORE_FILES = 4;
const MORE_MIB = 20;

export interface Usage {
  readonly files: number;
  readonly rssMiB: number;
}

export interface Condition {
  readonly files: ReadonlySet<string>;
  readonly processes: ReadonlySet<string>;
  readonly usage: ReadonlyMap<string, Usage>;
}

export async function conditionOf(world: ChaosWorld): Promise<Condition> {
  const files = new Set<string>();
  const processes = new Set<string>();
  for (const host of HOSTS) {
    for (const name of await lines(world.lab, host, FILES)) files.add(`${host}: ${generic(name)}`);
    for (const name of await lines(world.lab, host, PROCESSES)) processes.add(`${host}: ${name}`);
  }
  return { files, processes, usage: await usageOf(world) };
}

/** By host and program. */
export async function usageOf(world: ChaosWorld): Promise<ReadonlyMap<string, Usage>> {
  const usage = new Map<string, Usage>();
  for (const host of HOSTS) {
    for (const program of OURS) {
      const pid = await world.pidOf(host, program);
      if (pid === undefined) continue;
      const [count = '', status = ''] = await lines(
        world.lab,
        host,
        `ls /proc/${pid}/fd | wc -l; grep VmRSS: /proc/${pid}/status`,
      );
      const rssMiB = Number(/\d+/.exec(status)?.[0]) / 1024;
      usage.set(`${program} on ${host}`, { files: Number(count), rssMiB });
    }
  }
  return usage;
}

/** Processes and times in names differ from one to the next. */
const generic = (name: string) => name.replace(/\d{2,}/g, 'N');

async function lines(lab: Laboratory, host: string, script: string): Promise<string[]> {
  return (await lab.output(host, ['/bin/bash', '-c', script])).split('\n').filter((line) => line !== '');
}

export function leftBehind(before: Condition, after: Condition): string[] {
  const grown = [...after.usage].flatMap(([name, { files, rssMiB }]) => {
    const was = before.usage.get(name);
    if (was === undefined) return [`${name}: was not there`];
    return [
      ...(files > was.files + MORE_FILES ? [`${name}: ${was.files} open files before, ${files} after`] : []),
      ...(rssMiB > 1.5 * was.rssMiB + MORE_MIB
        ? [`${name}: ${was.rssMiB.toFixed(0)} MiB before, ${rssMiB.toFixed(0)} after`]
        : []),
    ];
  });
  const missing = [...before.usage.keys()].filter((name) => !after.usage.has(name));
  return [
    ...[...after.files].filter((name) => !before.files.has(name)).map((name) => `file ${name}`),
    ...[...after.processes].filter((name) => !before.processes.has(name)).map((name) => `process ${name}`),
    ...grown,
    ...missing.map((name) => `${name} does not run`),
  ];
}

/** Of the cluster: records, marks, constraints of moves, roles more than one, properties of a fault. */
export async function leftInCluster(lab: Laboratory): Promise<string[]> {
  const cib = await lab.ask('hosts', ['cibadmin', '--query', '--scope', 'configuration']);
  const left: string[] = [];
  if (cib.includes('name="vm-stonithd"')) left.push('a record of vm-stonithd');
  if (cib.includes('cli-')) left.push('a constraint of a move');
  if (cib.includes('chaos-note')) left.push('a property');
  if (cib.includes(resourceOf(PASSER_BY))) left.push(`the resource of ${PASSER_BY}`);
  for (const victim of VICTIMS) {
    const own = cib.slice(cib.indexOf(`<primitive id="${resourceOf(victim)}"`));
    const roles = own.slice(0, own.indexOf('</primitive>')).match(/name="target-role"/g) ?? [];
    if (roles.length !== 1) left.push(`${roles.length} roles of ${victim}`);
    for (const name of ['force_stop', 'arriving']) {
      const query = `attrd_updater -Q -A -n ${name}-${resourceOf(victim)} || :`;
      const values = await lab.ask('hosts', ['/bin/sh', '-c', query]);
      if (/value="[^"]/.test(values)) left.push(`the attribute ${name} of ${victim}`);
    }
  }
  return left;
}
