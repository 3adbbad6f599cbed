/** How faults strike: what builds the kinds of catalogue.ts. Each says whether it has met anything. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { HostDaemon } from '../lab/faults.ts';
import { resourceOf } from '../lab/fencing-tokens.ts';
import type { Laboratory } from '../lab/lab.ts';
import { type Program, patternOf, VICTIMS, type Victim } from './chaos-names.ts';
import type { Observer } from './observer.ts';

export interface Field {
  readonly lab: Laboratory;
  readonly observer: Observer;
}

interface Kind {
  /** It may cost a host its power. */
  readonly isHeavy?: boolean;
  readonly lastsMs: readonly [least: number, most: number];
  /** Guests that it asks to run; they may start from its beginning to its end. */
  readonly asksForAStart?: readonly Victim[];
  /** A program of ours that it ends, once, and how that may end. */
  readonly ends?: { readonly program: Program; readonly statuses: readonly number[] };
  readonly movesClocks?: boolean;
}

export interface HostKind extends Kind {
  readonly scope: 'host';
  /** True when it took effect. */
  readonly strike: (field: Field, host: string) => Promise<boolean>;
  readonly undo?: (field: Field, host: string) => Promise<unknown>;
}

export interface LaboratoryKind extends Kind {
  readonly scope: 'laboratory';
  readonly strike: (field: Field) => Promise<boolean>;
  readonly undo?: (field: Field) => Promise<unknown>;
}

export type FaultKind = HostKind | LaboratoryKind;

export const MOMENT = [0, 0] as const;
const COMMAND_MS = 20_000;
/** Of a program that has just been started, and does not obey signals yet. */
const BEFORE_IT_LISTENS = 143;

/** True when a script succeeds. */
export const sh =
  (script: string, deadlineMs = COMMAND_MS) =>
  async ({ lab }: Field, host: string): Promise<boolean> => {
    const result = await lab.on(host, ['/bin/bash', '--norc', '-c', script], { deadlineMs });
    return result.kind === 'exited' && result.exitCode === 0;
  };

/** The same, on a host that can be asked. */
export const anywhere =
  (script: string) =>
  ({ lab, observer }: Field): Promise<boolean> => {
    const { hosts } = lab.spec();
    const host = hosts.find((one) => lab.isRunning(one) && !lab.isFrozen(one)) ?? hosts[0] ?? '';
    return sh(script)({ lab, observer }, host);
  };

const signalled = (programs: readonly Program[], signal: string) =>
  sh(
    `hit=1; ${programs.map((one) => `pkill -${signal} -f '${patternOf(one)}' && hit=0`).join('; ')}; exit $hit`,
  );
export const killed = (program: Program): HostKind => ({
  scope: 'host',
  lastsMs: MOMENT,
  strike: signalled([program], 'KILL'),
  ends: { program, statuses: [137] },
});
export const toldToStop = (program: Program): HostKind => ({
  ...killed(program),
  strike: signalled([program], 'TERM'),
  ends: { program, statuses: [0, BEFORE_IT_LISTENS] },
});
export const frozen = (...programs: readonly Program[]): HostKind => ({
  scope: 'host',
  lastsMs: [200, 6_000],
  strike: signalled(programs, 'STOP'),
  undo: signalled(programs, 'CONT'),
});

const daemon =
  (name: string, signal: string) =>
  ({ lab }: Field, host: string) =>
    lab.signalDaemon(host, name, signal);
export const daemonKilled = (name: string, isHeavy = false): HostKind => ({
  scope: 'host',
  isHeavy,
  lastsMs: MOMENT,
  strike: daemon(name, 'KILL'),
});
export const daemonFrozen = (name: string, mostMs: number, isHeavy = false): HostKind => ({
  scope: 'host',
  isHeavy,
  lastsMs: [200, mostMs],
  strike: daemon(name, 'STOP'),
  undo: daemon(name, 'CONT'),
});

const startIfMissing =
  (...names: readonly HostDaemon[]) =>
  async ({ lab }: Field, host: string) => {
    for (const name of names) {
      const isThere = await lab.on(host, ['pidof', name]);
      if (isThere.kind === 'exited' && isThere.exitCode !== 0) await lab.startDaemon(host, name);
    }
  };
export const killedAndStarted = (name: HostDaemon): HostKind => ({
  ...daemonKilled(name),
  lastsMs: [100, 4_000],
  undo: startIfMissing(name),
});

/** Pacemaker moves every guest away before it has ended. */
const STOPS_WITHIN_S = 60;
const told = (name: string) =>
  `p=$(pidof ${name}) && kill -s TERM $p && for i in $(seq ${STOPS_WITHIN_S * 10}); do pidof ${name} >/dev/null || break; sleep 0.1; done
   ! pidof ${name} >/dev/null`;
/** As an admin does it; the first of them is the first to stop, and the last to start. */
export const restarted = (...names: readonly HostDaemon[]): HostKind => ({
  scope: 'host',
  isHeavy: names.includes('corosync'),
  lastsMs: [100, 2_000],
  strike: sh(names.map((name) => `{ ${told(name)}; }`).join(' && '), STOPS_WITHIN_S * 1_500),
  undo: startIfMissing(...names.toReversed()),
});

const signalQemus =
  (signal: 'SIGKILL' | 'SIGSTOP' | 'SIGCONT') =>
  async ({ observer }: Field) => {
    let hasHit = false;
    for (const { pid } of VICTIMS.flatMap((victim) => observer.livesOf(victim))) {
      try {
        process.kill(pid, signal);
        hasHit = true;
      } catch {
        // it has just ended
      }
    }
    return hasHit;
  };
export const qemusKilled: LaboratoryKind = {
  scope: 'laboratory',
  lastsMs: MOMENT,
  strike: signalQemus('SIGKILL'),
};
export const qemusFrozen: LaboratoryKind = {
  scope: 'laboratory',
  lastsMs: [500, 6_000],
  strike: signalQemus('SIGSTOP'),
  undo: signalQemus('SIGCONT'),
};

/** What befalls a host that is on. */
export const befalls = (
  lastsMs: Kind['lastsMs'],
  strike: (lab: Laboratory, host: string) => Promise<unknown>,
  undo: (lab: Laboratory, host: string) => Promise<unknown> = async () => undefined,
): HostKind => ({
  scope: 'host',
  isHeavy: true,
  lastsMs,
  strike: async ({ lab }, host) => {
    if (!lab.isRunning(host) || lab.isFrozen(host)) return false;
    await strike(lab, host);
    return true;
  },
  undo: ({ lab }, host) => undo(lab, host),
});
export const cut = (options: Parameters<Laboratory['cut']>[1], lastsMs: Kind['lastsMs']): HostKind =>
  befalls(
    lastsMs,
    (lab, host) => lab.cut(host, options),
    (lab, host) => lab.mend(host),
  );

const SETS_OUT_WITHIN_MS = 15_000;
const LOOK_MS = 25;

/** Of so many, as soon as they live; struck when one of them has been seen on its way. */
export const migration = (count: number): LaboratoryKind => {
  const each = (verb: string, victims: readonly Victim[]) =>
    anywhere(victims.map((victim) => `crm_resource --${verb} -r ${resourceOf(victim)}`).join('; '));
  return {
    scope: 'laboratory',
    lastsMs: [1_000, 6_000],
    strike: async (field) => {
      const { observer } = field;
      const sinceMs = Date.now();
      const moved: Victim[] = [];
      const hasSetOut = () => moved.some((victim) => observer.hasSetOut(victim, sinceMs));
      while (!hasSetOut() && Date.now() < sinceMs + SETS_OUT_WITHIN_MS) {
        const living = VICTIMS.filter((victim) => observer.isAlive(victim) && !moved.includes(victim));
        const next = living.slice(0, count - moved.length);
        moved.push(...next);
        if (next.length > 0) await each('move', next)(field);
        else await sleep(LOOK_MS);
      }
      return hasSetOut();
    },
    undo: each('clear', VICTIMS),
  };
};
