/** The daemon of a host with as many guests as are asked for, and what it costs while nobody talks. */
import { type ChildProcess, spawn } from 'node:child_process';
import { openSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Later, own } from '../support/leaves-nothing.ts';
import { type BridgeWorld, Helper, usageOf } from './bridge-world.ts';

const PROGRAM = 'dist/sbin/vm-connectd';
/** Until V8 has given back what the start took. */
const SETTLED_MS = 20_000;
/** The daemon's own: it looks at all guests anew once in this time. */
const SWEEP_MS = 60_000;

export interface ScaleWorld {
  readonly bridge: BridgeWorld;
  /** Plays the guests. */
  readonly farm: Helper;
  readonly daemon: ChildProcess;
  /** From the daemon's start to the last guest's link. */
  readonly linkedMs: number;
}

export async function startHelper(later: Later, ...parameters: [string, ...string[]]): Promise<Helper> {
  const helper = await Helper.start(...parameters);
  later(() => helper.kill());
  return helper;
}

export async function startWorld(bridge: BridgeWorld, guests: number, later: Later): Promise<ScaleWorld> {
  const farm = await startHelper(later, 'bridge-guests.ts', join(bridge.directory, 's'), '1', String(guests));
  const log = join(bridge.directory, 'log');
  const startedMs = Number(process.hrtime.bigint() / 1000n) / 1000;
  const daemon = own(
    spawn(process.execPath, [PROGRAM, '-t', 'host', '--config', bridge.config], {
      env: { ...process.env, CIB_file: bridge.cib },
      stdio: ['ignore', 'ignore', openSync(log, 'w')],
    }),
  );
  later(() => daemon.kill('SIGKILL'));
  const linkedMs = Number(await farm.ask({ what: 'all-greeted' }, [log])) - startedMs;
  return { bridge, farm, daemon, linkedMs };
}

export interface Idle {
  readonly linkedMs: number;
  /** With the commands that it runs meanwhile, in percent of a processor. */
  readonly cpu: number;
  readonly rssMiB: number;
}

export async function idle({ daemon, linkedMs }: ScaleWorld, quick: boolean): Promise<Idle> {
  await sleep(quick ? 1_500 : SETTLED_MS);
  const { cpu } = await cpuOf(daemon, () => sleep(quick ? 3_000 : SWEEP_MS));
  return { linkedMs, cpu, rssMiB: usageOf(pidOf(daemon)).rssMiB };
}

/** Of the time that the action takes, in percent. */
export async function cpuOf<T>(
  daemon: ChildProcess,
  action: () => Promise<T>,
): Promise<{ readonly result: T; readonly cpu: number }> {
  const pid = pidOf(daemon);
  const [startMs, usedMs] = [performance.now(), usageOf(pid).cpuMs];
  const result = await action();
  return { result, cpu: ((usageOf(pid).cpuMs - usedMs) / (performance.now() - startMs)) * 100 };
}

export function pidOf({ pid, exitCode, signalCode }: ChildProcess): number {
  const ending = exitCode ?? signalCode;
  if (pid === undefined || ending !== null) throw new Error(`vm-connectd does not run: ${ending}`);
  return pid;
}
