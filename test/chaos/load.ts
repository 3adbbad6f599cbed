/**
 * What goes on all the while: each victim is started and fenced again and again, sometimes by two guests at once, by one
 * that is killed while it asks, or it is left off for a minute; the guests ask for health and ping their hosts; and an admin
 * uses vm-ctl. What has to hold of each request is in requests.ts.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { role } from '../lab/fault-kinds.ts';
import { resourceOf } from '../lab/fencing-tokens.ts';
import { HOSTS } from '../lab/fencing-world.ts';
import type { Laboratory } from '../lab/lab.ts';
import { Random } from '../support/random.ts';
import { STALE_EDIT } from './catalogue.ts';
import { ASKERS, type Asker, askersOn, PASSER_BY, VICTIMS, type Victim } from './chaos-names.ts';
import type { ChaosWorld } from './chaos-world.ts';
import type { LabWatch } from './lab-watch.ts';
import type { Requests } from './requests.ts';
import type { StrikeLedger } from './strike-ledger.ts';
import type { Violations } from './violations.ts';

/** In time without trouble: more than the start's own timeout in the cluster, and once more for another try. */
const RUNS_WITHIN_MS = 75_000;
/** Who gave an order before may take it back as one that changed nothing. */
const ORDER_AGAIN_MS = 8_000;
const START_POLL_MS = 100;
const ALONE_MS = [30_000, 90_000] as const;
const ALONE_CHANCE = 1 / 3;
/** Of its time a victim has to be watched so long for a start that nobody has asked for; the load sees to more, and to time in which there is something to migrate and to fence. */
const WATCHED_SHARE = { least: 0.1, wanted: 0.13, most: 0.3 };
/** Some live so long that they are seen by a monitor, and can be migrated. */
const LONG_LIFE = { chance: 0.4, mostMs: 15_000 };
const CONTENTION_CHANCE = 0.15;
const KILL_CHANCE = 0.12;
/** Neither killed midway nor contended. */
const PLAIN_CHANCE = 0.5;

export interface LoadContext {
  readonly world: ChaosWorld;
  readonly watch: LabWatch;
  readonly requests: Requests;
  readonly violations: Violations;
  readonly ledger: StrikeLedger;
}

export class Load {
  readonly #context: LoadContext;
  readonly #loops: Promise<unknown>;
  readonly #begunMs = performance.now();
  readonly #stop = new AbortController();
  /** Time in which what is ordered has to happen, of all victims that somebody waited for. */
  fairMs = 0;
  /** Orders that were taken, and given again because nothing came of them. */
  ordersAgain = 0;

  constructor(context: LoadContext, seed: number) {
    this.#context = context;
    this.#loops = Promise.all([
      ...VICTIMS.map((victim, index) => this.#fenceSteadily(victim, new Random(seed + index + 1))),
      ...ASKERS.map((asker, index) => this.#askSteadily(asker, new Random(seed + index + 11))),
      this.#administerSteadily(new Random(seed + 31)),
    ]);
  }

  /** Resolves when the last request has had its outcome. */
  async end(): Promise<void> {
    this.#stop.abort();
    await this.#loops;
  }

  /** Victims that were watched too little for a start that nobody has asked for. */
  get unwatched(): readonly string[] {
    const { watchedMs } = this.#context.watch.observer;
    const forMs = performance.now() - this.#begunMs;
    return [...watchedMs]
      .filter(([, ms]) => ms < WATCHED_SHARE.least * forMs)
      .map(([victim, ms]) => `${victim} was watched for unasked starts for ${Math.round(ms / 1000)} s only`);
  }

  async #fenceSteadily(victim: Victim, random: Random): Promise<void> {
    const { requests, watch } = this.#context;
    while (!this.#isEnding) {
      await this.#start(victim);
      await this.#pause(random, 0, random.next() < LONG_LIFE.chance ? LONG_LIFE.mostMs : 2_500);
      if (this.#isEnding) return;
      const drawn = random.pick(['off', 'off', 'off', 'reboot', 'on', 'status']);
      const asker = random.pick(ASKERS);
      const drawnChance = random.next();
      const isBehind = this.#watchedShareOf(victim) < WATCHED_SHARE.wanted;
      const [action, chance] = isBehind ? ['off', PLAIN_CHANCE] : [drawn, drawnChance];
      const killAfterMs = chance < KILL_CHANCE ? random.between(100, 2_000) : undefined;
      const rival = random.pick(askersOn(HOSTS.find((host) => host !== asker.host) ?? asker.host));
      const rivalAction = random.pick(['off', 'off', action, 'reboot', 'on']);
      const isContended = chance > 1 - CONTENTION_CHANCE;
      const aloneChance = random.next();
      const aloneMs = random.between(...ALONE_MS);
      const [fenced] = await Promise.all([
        requests.fence(asker, action, victim, killAfterMs),
        ...(isContended ? [requests.fence(rival, rivalAction, victim)] : []),
      ]);
      const isOff = action === 'off' && fenced.kind === 'exited' && fenced.exitCode === 0;
      if (isOff && !watch.observer.isAlive(victim) && this.#isToBeLeftAlone(victim, aloneChance))
        await this.#sleep(aloneMs);
      else await this.#pause(random, 200, 3_000);
    }
  }

  #isToBeLeftAlone(victim: Victim, chance: number): boolean {
    const share = this.#watchedShareOf(victim);
    return share < WATCHED_SHARE.wanted || (share < WATCHED_SHARE.most && chance < ALONE_CHANCE);
  }

  #watchedShareOf(victim: Victim): number {
    const watchedMs = this.#context.watch.observer.watchedMs.get(victim) ?? 0;
    return watchedMs / (performance.now() - this.#begunMs);
  }

  /** By the cluster's own tools, as an admin would. */
  async #start(victim: Victim): Promise<void> {
    const isDone = () => this.#isEnding;
    const { world, watch, violations, ledger } = this.#context;
    const { runs, fairMs, orders } = await startVictim(world.lab, watch, victim, RUNS_WITHIN_MS, {
      isDone,
      isFair: () => !ledger.isHeavy(Date.now()) && HOSTS.every((host) => isWell(world.lab, host)),
    });
    this.fairMs += fairMs;
    this.ordersAgain += Math.max(0, orders - 1);
    if (!runs)
      violations.add(
        'what is ordered happens',
        `${victim} was not started in ${Math.round(fairMs / 1000)} s without any great trouble`,
      );
  }

  async #askSteadily(asker: Asker, random: Random): Promise<void> {
    const { requests } = this.#context;
    while (!this.#isEnding) {
      await requests.monitor(asker, String(random.between(1, 1_000_000)));
      await this.#pause(random, 300, 3_000);
      if (this.#isEnding) return;
      await requests.ping(asker);
      await this.#pause(random, 500, 5_000);
    }
  }

  async #administerSteadily(random: Random): Promise<void> {
    while (!this.#isEnding) {
      const host = random.pick(HOSTS);
      for (const words of [
        ['resource', 'list'],
        ['resource', 'add', PASSER_BY, '-a', host, '--yes'],
        ['status'],
        ['resource', 'delete', PASSER_BY, '--yes'],
      ]) {
        if (this.#isEnding) return;
        await this.#administer(host, words);
        await this.#pause(random, 500, 3_000);
      }
    }
  }

  /** What vm-ctl says that it has done is so. */
  async #administer(host: string, words: readonly string[]): Promise<void> {
    const { world, requests, ledger, violations } = this.#context;
    const sinceMs = Date.now();
    const done = await requests.vmCtl(host, words);
    const verb = words[1];
    if (done.kind !== 'exited' || done.exitCode !== 0 || (verb !== 'add' && verb !== 'delete')) return;
    const query = ['cibadmin', '--query', '--scope', 'resources'];
    const asked = await world.lab.on(host, query, { deadlineMs: 10_000 });
    if (asked.kind !== 'exited' || asked.exitCode !== 0) return;
    if (ledger.touched([STALE_EDIT], sinceMs, Date.now())) return;
    const isThere = asked.stdout.includes(`id="${resourceOf(PASSER_BY)}"`);
    if (isThere !== (verb === 'add'))
      violations.add(
        'what is confirmed is true',
        `vm-ctl resource ${verb} ${PASSER_BY} has succeeded, and the resource is ${isThere ? 'there' : 'not there'}`,
      );
  }

  get #isEnding(): boolean {
    return this.#stop.signal.aborted;
  }

  #pause(random: Random, least: number, most: number): Promise<void> {
    return this.#sleep(random.between(least, most));
  }

  async #sleep(ms: number): Promise<void> {
    await sleep(ms, undefined, { signal: this.#stop.signal }).catch(() => undefined);
  }
}

const isWell = (lab: Laboratory, host: string) => lab.isRunning(host) && !lab.isFrozen(host);

export interface Started {
  /** Or nobody waits for it any more. */
  readonly runs: boolean;
  readonly fairMs: number;
  readonly orders: number;
}

export async function startVictim(
  lab: Laboratory,
  watch: LabWatch,
  victim: Victim,
  withinMs: number,
  { isDone, isFair }: { readonly isDone: () => boolean; readonly isFair: () => boolean },
): Promise<Started> {
  const release = watch.observer.holdStart(victim);
  try {
    let fairMs = 0;
    let orders = 0;
    let orderedMs = Number.NEGATIVE_INFINITY;
    let lastMs = performance.now();
    while (!isDone()) {
      if (watch.observer.isAlive(victim)) break;
      if (fairMs > withinMs) return { runs: false, fairMs, orders };
      if (performance.now() - orderedMs > ORDER_AGAIN_MS) {
        // The cluster may have other troubles just now.
        await role(lab, 'Started', resourceOf(victim)).then(
          () => {
            orderedMs = performance.now();
            orders++;
          },
          () => undefined,
        );
      }
      await sleep(START_POLL_MS);
      const nowMs = performance.now();
      if (isFair()) fairMs += nowMs - lastMs;
      lastMs = nowMs;
    }
    return { runs: true, fairMs, orders };
  } finally {
    release();
  }
}
