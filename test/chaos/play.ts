/**
 * One run: the load goes on, faults strike by the schedule; then all is mended, has to be as before, and serves once more.
 *
 * | law                        | where it is checked                  | what it can't see                                      |
 * | -------------------------- | ------------------------------------ | ------------------------------------------------------ |
 * | what is confirmed is true  | observer.ts, load.ts (vm-ctl)        | a life that begins and ends between two looks; vm-ctl  |
 * |                            |                                      | while the host's power was at stake                    |
 * | none starts unasked        | observer.ts                          | starts while somebody asks; after the watched time     |
 * | none lives twice           | observer.ts                          | a QEMU that libvirt restores from saved memory beside  |
 * |                            |                                      | another looks like the goal of a migration             |
 * | one outcome                | outcomes.ts, audit-watch.ts          | requests whose lines a host or a daemon took along, or |
 * |                            |                                      | a full disk                                            |
 * | an outcome in its time     | requests.ts                          | requests on a host that was lost or frozen meanwhile   |
 * | an answer of its own       | requests.ts                          | bytes that neither name an asker nor a request of it   |
 * | no daemon ends by itself   | keeper.ts, requests.ts               | an end as of a fault, within 5 s of one that met none  |
 * | what is ordered happens    | load.ts                              | times in which a host is lost or a heavy fault is open;|
 * |                            |                                      | an order that has to be given again (they are counted) |
 * | all is as before           | leftovers.ts, cluster-left.ts        | folders of Pacemaker, libvirt and the resource agents; |
 * |                            |                                      | fewer connections or MiB than are allowed there; what  |
 * |                            |                                      | pacemaker-attrd alone knows, but for marks and arrivals|
 * | all serves again           | serves-again.ts                      | what takes longer than one request of each kind        |
 * | nothing grows, none slower | trend.ts (without faults)            | growth below its limits                                |
 */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { HOSTS } from '../lab/fencing-world.ts';
import { asItIs, converge, lastDeeds } from './aftermath.ts';
import type { Audited } from './audit-watch.ts';
import { FULL_VAR, STONITHD_KILLED } from './catalogue.ts';
import { type ChaosWorld, TWO_LIVE_MS } from './chaos-world.ts';
import { type StrikeCount, tooFew } from './enough.ts';
import { defectsBelow, endsBelow, unexplained } from './keeper.ts';
import { LabWatch, type Looks } from './lab-watch.ts';
import { Load, type LoadContext } from './load.ts';
import { joinOutcomes } from './outcomes.ts';
import { type Outcome, Requests } from './requests.ts';
import { kindOf, type Schedule, type Strike } from './schedule.ts';
import { StrikeLedger } from './strike-ledger.ts';
import { Trend, type TrendRow } from './trend.ts';
import { type Law, type Violation, Violations } from './violations.ts';

const COSTS_LINES = [FULL_VAR, STONITHD_KILLED];
/** A line is written behind its answer's back. */
const WRITTEN_WITHIN_MS = 2_000;
/** The rest of a line that a full disk has cut off is seen with the next. */
const TORN_FOR_MS = 120_000;

export interface Played {
  /** By kind, how many were drawn, and how many of them took effect. */
  readonly strikes: ReadonlyMap<string, Readonly<StrikeCount>>;
  readonly outcomes: ReadonlyMap<string, Outcome>;
  readonly violations: readonly Violation[];
  /** Why the run proves less than it should: of what there has to be enough of. */
  readonly untested: readonly string[];
  readonly trend: readonly TrendRow[];
  /** From the undoing of the last fault until all was as before; undefined: it never was. */
  readonly convergedMs: number | undefined;
  /** By victim, how long it was watched for a start that nobody had asked for. */
  readonly watchedMs: ReadonlyMap<string, number>;
  /** How long what is ordered had to happen, and how often an order was given again because nothing came of it. */
  readonly fairMs: number;
  readonly ordersAgain: number;
  readonly offsOfLiving: number;
  readonly looks: Looks;
  readonly audited: {
    readonly joined: number;
    readonly answers: number;
    readonly lines: readonly Audited[];
  };
}

export interface PlayOptions {
  readonly say: (words: string) => void;
  /** The run ends when this law is broken, and nothing more is looked at. */
  readonly endsWith?: Law;
}

export async function play(
  world: ChaosWorld,
  schedule: Schedule,
  { say, endsWith }: PlayOptions,
): Promise<Played> {
  const { lab } = world;
  const before = await asItIs(world);
  const violations = new Violations(say, endsWith);
  const ledger = new StrikeLedger();
  const watch = new LabWatch(lab, violations, ledger, TWO_LIVE_MS);
  const trend = new Trend(world);
  const requests = new Requests({ world, watch, violations, trend, ledger });
  const context: LoadContext = { world, watch, requests, violations, ledger };
  const strikes = new Map<string, StrikeCount>();
  const load = new Load(context, schedule.seed);
  const stop = violations.hasCome;
  let convergedMs: number | undefined;
  try {
    await strikeAll(context, schedule, stop, strikes, say);
    const undoneMs = performance.now();
    const { unwatched, fairMs } = load;
    if (!stop.aborted) convergedMs = await converge(context, before, undoneMs, load);
    if (convergedMs !== undefined && !stop.aborted) await lastDeeds(context, before);
    judgeLogs(context);
    const joined = joinOutcomes(watch.audit.all, requests.told, ({ askedMs, atMs }) =>
      ledger.touched(COSTS_LINES, askedMs, atMs + WRITTEN_WITHIN_MS),
    );
    for (const { host, line, readMs } of watch.audit.torn) {
      if (!ledger.touched([FULL_VAR], readMs - TORN_FOR_MS, readMs))
        violations.add('one outcome', `the audit log of ${host} has ${JSON.stringify(line)} for a line`);
    }
    for (const words of joined.contradictions) violations.add('one outcome', words);
    if (schedule.strikes.length === 0)
      for (const words of trend.grown) violations.add('nothing grows', words);
    const offsOfLiving = [...requests.offsOfLiving.values()].reduce((sum, count) => sum + count, 0);
    const untested = [...unwatched, ...tooFew(schedule, requests, strikes, joined)];
    return {
      strikes,
      outcomes: requests.outcomes,
      violations: violations.all,
      untested,
      trend: trend.rows,
      convergedMs,
      watchedMs: watch.observer.watchedMs,
      fairMs,
      ordersAgain: load.ordersAgain,
      offsOfLiving,
      looks: watch.looks,
      audited: { ...joined, lines: watch.audit.all },
    };
  } finally {
    watch.end();
    await load.end();
    await trend.end();
  }
}

/** Resolves when the last one has been undone, and the time is over. */
async function strikeAll(
  context: LoadContext,
  { strikes, forMs }: Schedule,
  stop: AbortSignal,
  counts: Map<string, StrikeCount>,
  say: (words: string) => void,
): Promise<void> {
  const startedMs = performance.now();
  const until = (atMs: number) =>
    sleep(Math.max(0, atMs - (performance.now() - startedMs)), undefined, { signal: stop }).catch(
      () => undefined,
    );
  const underWay: Promise<void>[] = [];
  for (const strike of strikes.filter(({ atMs }) => atMs <= forMs)) {
    await until(strike.atMs);
    if (stop.aborted) break;
    const count = counts.get(strike.kind) ?? { drawn: 0, struck: 0 };
    counts.set(strike.kind, count);
    count.drawn++;
    const words = `${(strike.atMs / 1000).toFixed(1)} s ${strike.kind}, ${strike.host ?? 'all'}, ${strike.lengthMs} ms`;
    underWay.push(
      carryOut(context, strike, (hasMet) => {
        if (hasMet) count.struck++;
        say(`${words}${hasMet ? '' : ': met nothing'}`);
      }),
    );
  }
  await until(forMs);
  await Promise.all(underWay);
}

/** What strikes a host that is just lost strikes nothing. */
async function carryOut(
  { world: { lab }, watch: { observer }, ledger }: LoadContext,
  { kind: name, host, lengthMs }: Strike,
  onStruck: (hasMet: boolean) => void,
): Promise<void> {
  const kind = kindOf(name);
  const field = { lab, observer };
  const entry = ledger.open({
    kind: name,
    host,
    isHeavy: kind.isHeavy === true,
    ends: kind.ends,
    movesClocks: kind.movesClocks === true,
    fromMs: Date.now(),
  });
  const releases = (kind.asksForAStart ?? []).map((victim) => observer.holdStart(victim));
  try {
    const striking = kind.scope === 'host' ? kind.strike(field, host ?? '') : kind.strike(field);
    entry.hasMet = await striking.catch(() => false);
    onStruck(entry.hasMet);
    await sleep(lengthMs);
    const undoing = kind.scope === 'host' ? kind.undo?.(field, host ?? '') : kind.undo?.(field);
    await undoing?.catch(() => undefined);
  } finally {
    for (const release of releases) release();
    entry.untilMs = Date.now();
  }
}

function judgeLogs({ world: { lab }, ledger, violations }: LoadContext): void {
  for (const host of HOSTS) {
    const logs = join(lab.layout.hostDirectory(host), 'layer/var/log');
    for (const words of [...unexplained(endsBelow(logs, host), ledger), ...defectsBelow(logs, host)])
      violations.add('no daemon ends by itself', words);
  }
}
