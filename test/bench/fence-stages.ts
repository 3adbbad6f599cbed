/**
 * Where the time of a fencing goes. A stage is named by what it ends with: a step in vm-stonithd's log, or the end or
 * the beginning of a QEMU, both told by the kernel. All moments are on the machine's clock.
 */
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { threadsOf } from '../support/process-table.ts';

export type Stage = readonly [name: string, ms: number];

/** The step that a job leaves, as the log has it, or what QEMU does. */
type Teller = `: ${string} => ` | 'QEMU ends' | 'QEMU begins';
/** The stages in order, and what tells that each is over. */
export type Path = readonly (readonly [stage: string, teller: Teller])[];

const CLUSTER_OFF: Path = [
  ['the host is asked', ': received => '],
  ['the cluster is looked at', ': inspecting => '],
  ['force_stop is set', ': marking => '],
  ['the stop is ordered', ': ordering => '],
  ['QEMU has ended', 'QEMU ends'],
  ['the stop is proven', ': waiting => '],
];
const LIBVIRT_OFF: Path = [
  ['the host is asked', ': received => '],
  ['the machine is looked at', ': inspecting => '],
  ['QEMU has ended', 'QEMU ends'],
  ['the end is proven', ': waiting => '],
];
const NEW_QEMU = ['a new QEMU has begun', 'QEMU begins'] as const;

export const PATHS = {
  cluster: { off: CLUSTER_OFF, reboot: [...CLUSTER_OFF, ['the start is ordered', ': starting => ']] },
  libvirt: {
    off: LIBVIRT_OFF,
    reboot: [...LIBVIRT_OFF, NEW_QEMU, ['libvirt has answered to the start', ': starting => ']],
  },
  start: [NEW_QEMU],
} as const satisfies Record<string, Path | Record<'off' | 'reboot', Path>>;

export interface Seen {
  readonly startMs: number;
  /** The moments that no log tells. */
  readonly qemu: Partial<Record<Teller, number>>;
  readonly endMs: number;
}

/** Undefined while the log does not tell all of it. */
export function stagesOf(program: string, path: Path, log: string, seen: Seen): Stage[] | undefined {
  const lines = log.split('\n');
  const told = (teller: Teller) => {
    const line = lines.findLast((one) => one.includes(teller)); // of the last job
    return line === undefined ? undefined : Date.parse(line.split(' ')[0] ?? '');
  };
  const stages: Stage[] = [];
  let lastMs = seen.startMs;
  for (const [stage, teller] of path) {
    const momentMs = seen.qemu[teller] ?? told(teller);
    if (momentMs === undefined) return undefined;
    stages.push([stage, momentMs - lastMs]);
    lastMs = momentMs;
  }
  return [...stages, [`${program} has ended`, seen.endMs - lastMs]];
}

/** When the process ended, or nobody wanted to know it any more. */
export async function endOf(pid: number, signal: AbortSignal): Promise<number> {
  while (threadsOf(pid).length > 0 && !signal.aborted) await sleep(1);
  return Date.now();
}

/** When the process began, to 10 ms. */
export function beginningOf(pid: number): number {
  const bootMs = Date.now() - Number(process.hrtime.bigint()) / 1e6;
  const ticks = Number(statOf(pid).split(' ')[START_TIME]);
  return bootMs + ticks * TICK_MS;
}

const TICK_MS = 10; // of 100 a second, whatever the kernel counts for itself
/** In what follows the name, from 0. */
const START_TIME = 19;

/** What proc(5) tells after the name, which may hold anything; empty for a process that is gone. */
function statOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/^\d+ \(.*\) /s, '');
  } catch {
    return '';
  }
}
