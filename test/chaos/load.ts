/**
 * What goes on all the while: each victim is started and fenced again and again, the guests ask for health and ping their
 * host, and an admin uses vm-ctl. Every request has to have one outcome, and in time.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { CommandResult } from '../../shared/process/run-command.ts';
import { role } from '../lab/fault-kinds.ts';
import { resourceOf } from '../lab/fencing-tokens.ts';
import { HOSTS } from '../lab/fencing-world.ts';
import { Random } from '../support/random.ts';
import { AGENT_SOCKET, PASSER_BY, VICTIMS, type Victim } from './chaos-names.ts';
import type { ChaosWorld } from './chaos-world.ts';
import type { Observer } from './observer.ts';
import type { Trend } from './trend.ts';

const REQUEST_S = 15;
/** Node's start on a machine that has much to do. */
const REQUEST_ENDS_MS = (REQUEST_S + 15) * 1000;
const RUNS_WITHIN_MS = 40_000;
/** A host stands still for so long at most, with all who ask on it. */
const FROZEN_MS = 20_000;

export interface Outcome {
  readonly count: number;
  readonly words: string;
}

export class Load {
  /** How often which request ended how, and what it said last. */
  readonly outcomes = new Map<string, Outcome>();
  readonly #world: ChaosWorld;
  readonly #observer: Observer;
  readonly #trend: Trend;
  readonly #loops: Promise<void>[];
  #isEnding = false;

  constructor(world: ChaosWorld, observer: Observer, trend: Trend, seed: number) {
    this.#world = world;
    this.#observer = observer;
    this.#trend = trend;
    this.#loops = [
      ...VICTIMS.map((victim, index) => this.#fenceSteadily(victim, new Random(seed + index + 1))),
      this.#askSteadily(new Random(seed + 11)),
      this.#administerSteadily(new Random(seed + 12)),
    ];
  }

  async end(): Promise<void> {
    this.#isEnding = true;
    await Promise.all(this.#loops);
  }

  async #fenceSteadily(victim: Victim, random: Random): Promise<void> {
    while (!this.#isEnding) {
      await this.#start(victim);
      await sleep(random.between(0, 2_500));
      await this.#fence(
        victim,
        random.pick(HOSTS),
        random.pick(['off', 'off', 'off', 'reboot', 'on', 'status']),
      );
      await sleep(random.between(200, 3_000));
    }
  }

  /** By the cluster's own tools, as an admin would. */
  async #start(victim: Victim): Promise<void> {
    this.#observer.mayStart(victim);
    const untilMs = performance.now() + RUNS_WITHIN_MS;
    let isOrdered = false;
    while (performance.now() < untilMs && !this.#isEnding) {
      try {
        if (!isOrdered) await role(this.#world.lab, 'Started', resourceOf(victim));
        isOrdered = true;
      } catch {
        // the cluster has other troubles just now
      }
      if (this.#observer.pidsOf(victim).length > 0) return;
      await sleep(200);
    }
  }

  async #fence(victim: Victim, host: string, action: string): Promise<void> {
    const before = this.#observer.pidsOf(victim);
    const startMs = Date.now();
    if (action === 'on' || action === 'reboot') this.#observer.mayStart(victim);
    const result = await this.#ask(host, this.#world.fenceVm(host, action, victim, REQUEST_S));
    if (result.kind !== 'exited') return this.#count(action, result);
    if (result.exitCode === 0 && action === 'off') this.#observer.confirmedOff(victim);
    if (result.exitCode === 0 && action === 'reboot') this.#observer.confirmedReset(victim, before);
    if (result.exitCode === 2 && action === 'status' && !this.#observer.wasDeadSince(victim, startMs))
      this.#observer.violated(`${victim} was said to be off, and lived all the while`);
    this.#count(action, result);
  }

  async #askSteadily(random: Random): Promise<void> {
    while (!this.#isEnding) {
      const host = random.pick(HOSTS);
      const socket = `--socket=${AGENT_SOCKET}`;
      const name = `chaos_${random.between(1, 1_000_000)}`;
      const asked = await this.#ask(host, [
        'vm-connect',
        ...['-t', 'monitor', '-r', name, '--timeout', String(REQUEST_S), socket],
      ]);
      this.#count('monitor', asked);
      const answer = asked.stdout.trim();
      if (asked.kind === 'exited' && asked.exitCode === 0 && !answer.startsWith(`${name}=`))
        this.#observer.violated(`who asked for ${name} was answered ${JSON.stringify(answer)}`);
      const pinged = await this.#ask(host, ['vm-connect', 'ping', '-c', '3', '--timeout', '10', socket]);
      this.#count('ping', pinged);
      await sleep(random.between(200, 1_500));
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
        this.#count(
          `vm-ctl ${words[0] === 'resource' ? words[1] : words[0]}`,
          await this.#ask(host, ['vm-ctl', ...words]),
        );
        await sleep(random.between(200, 2_000));
      }
    }
  }

  async #ask(host: string, argv: readonly string[]): Promise<CommandResult> {
    const { lab } = this.#world;
    const root = lab.rootOf(host);
    const result = await lab.on(host, argv, { deadlineMs: REQUEST_ENDS_MS + FROZEN_MS });
    const isHostsFault = lab.rootOf(host) !== root || lab.isFrozen(host) || root === undefined;
    if (result.kind === 'deadline' && !isHostsFault && argv[0] !== 'vm-ctl')
      this.#observer.violated(
        `${argv.slice(0, 5).join(' ')} on ${host} had no outcome in ${result.elapsedMs} ms`,
      );
    return result;
  }

  #count(what: string, result: CommandResult): void {
    if (result.kind === 'exited' && result.exitCode === 0) this.#trend.took(what, result.elapsedMs);
    const ended = result.kind === 'exited' ? `exit ${result.exitCode}` : result.kind;
    const key = `${what}: ${ended}`;
    const count = (this.outcomes.get(key)?.count ?? 0) + 1;
    this.outcomes.set(key, { count, words: result.stderr.trim().replaceAll('\n', ' / ') });
  }
}
