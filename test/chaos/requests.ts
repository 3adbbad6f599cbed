/**
 * Requests of the guests that ask, and of an admin: each has one outcome, in its time, and nothing in it that another guest
 * has said or was told.
 */
import type { CommandResult } from '../../shared/process/run-command.ts';
import { ASKERS, type Asker, type Victim } from './chaos-names.ts';
import type { ChaosWorld } from './chaos-world.ts';
import { defectsIn } from './keeper.ts';
import type { LabWatch } from './lab-watch.ts';
import type { Told } from './outcomes.ts';
import type { StrikeLedger } from './strike-ledger.ts';
import type { Trend } from './trend.ts';
import type { Violations } from './violations.ts';

export const REQUEST_S = 15;
/** Node's start on a machine that has much to do. */
const REQUEST_ENDS_MS = (REQUEST_S + 15) * 1000;
/** A host stands still for so long at most, with all who ask on it. */
const FROZEN_MS = 20_000;
/** vm-ctl asks Pacemaker and libvirt several times, and each may be frozen for 8 s. */
const ADMIN_ENDS_MS = 120_000;

export interface Outcome {
  readonly count: number;
  readonly words: string;
}

interface RequestsOptions {
  readonly world: ChaosWorld;
  readonly watch: LabWatch;
  readonly violations: Violations;
  readonly trend: Trend;
  readonly ledger: StrikeLedger;
}

export class Requests {
  /** How often which request ended how, and what it said last. */
  readonly outcomes = new Map<string, Outcome>();
  readonly told: Told[] = [];
  /** Confirmed ends of a guest that lived when it was asked for. */
  readonly offsOfLiving = new Map<Victim, number>();
  readonly #world: ChaosWorld;
  readonly #watch: LabWatch;
  readonly #violations: Violations;
  readonly #trend: Trend;
  readonly #ledger: StrikeLedger;
  /** Words that only this asker may ever see. */
  readonly #markers = new Map<Asker, Set<string>>(ASKERS.map((asker) => [asker, new Set([asker.name])]));

  /** All that each was told: what another asks for may be told to it before that is known. */
  readonly #heard = new Map<Asker, string[]>(ASKERS.map((asker) => [asker, []]));

  constructor({ world, watch, violations, trend, ledger }: RequestsOptions) {
    this.#ledger = ledger;
    this.#world = world;
    this.#watch = watch;
    this.#violations = violations;
    this.#trend = trend;
  }

  /** With `killAfterMs` whoever asks is killed before it may have an answer. */
  async fence(asker: Asker, action: string, victim: Victim, killAfterMs?: number): Promise<CommandResult> {
    const { observer } = this.#watch;
    const askedMs = this.#watch.look();
    const wasAlive = observer.isAlive(victim);
    const release = action === 'on' || action === 'reboot' ? observer.holdStart(victim) : undefined;
    const argv = this.#world.fenceVm(asker, action, victim, REQUEST_S);
    const killer =
      killAfterMs === undefined ? [] : ['timeout', '--signal=KILL', (killAfterMs / 1000).toFixed(3)];
    const result = await this.#run(asker.host, [...killer, ...argv], REQUEST_ENDS_MS);
    const { id, outcome } = answerIn(result.stderr);
    if (id !== undefined) this.#mark(asker, id);
    this.#judgeWords(asker, result);
    const atMs = this.#watch.look();
    const isDone = result.kind === 'exited' && result.exitCode === 0;
    if (isDone && action === 'off') {
      observer.confirmedOff(victim, { askedMs, atMs });
      if (wasAlive) this.offsOfLiving.set(victim, (this.offsOfLiving.get(victim) ?? 0) + 1);
    }
    if (isDone && action === 'reboot') observer.confirmedReset(victim, { askedMs, atMs });
    const isSaidOff = result.kind === 'exited' && result.exitCode === 2 && action === 'status';
    if (isSaidOff && !observer.wasDeadSince(victim, askedMs))
      this.#violations.add(
        'what is confirmed is true',
        `${victim} was said to be off, and lived all the while`,
      );
    release?.();
    if (id !== undefined) this.told.push({ id, asker: asker.name, action, result: outcome, askedMs, atMs });
    this.#count(killAfterMs === undefined ? action : `${action}, killed midway`, result);
    return result;
  }

  /** Of what nobody has set: the answer names it, and it alone. */
  async monitor(asker: Asker, word: string): Promise<CommandResult> {
    const name = `${asker.name.replaceAll('-', '_')}_${word}`;
    this.#mark(asker, name);
    const timeout = ['--timeout', String(REQUEST_S)];
    const argv = ['vm-connect', '-t', 'monitor', '-r', name, ...timeout, `--socket=${asker.socket}`];
    const asked = await this.#run(asker.host, argv, REQUEST_ENDS_MS);
    this.#judgeWords(asker, asked);
    this.#count('monitor', asked);
    const answer = asked.stdout.trim();
    if (asked.kind === 'exited' && asked.exitCode === 0 && !answer.startsWith(`${name}=`))
      this.#violations.add(
        'an answer of its own',
        `who asked for ${name} was answered ${JSON.stringify(answer)}`,
      );
    return asked;
  }

  async ping(asker: Asker): Promise<CommandResult> {
    const argv = ['vm-connect', 'ping', '-c', '3', '--timeout', '10', `--socket=${asker.socket}`];
    const pinged = await this.#run(asker.host, argv, REQUEST_ENDS_MS);
    this.#judgeWords(asker, pinged);
    this.#count('ping', pinged);
    return pinged;
  }

  async vmCtl(host: string, words: readonly string[]): Promise<CommandResult> {
    const result = await this.#run(host, ['vm-ctl', ...words], ADMIN_ENDS_MS);
    this.#count(`vm-ctl ${words[0] === 'resource' ? words[1] : words[0]}`, result);
    return result;
  }

  async #run(host: string, argv: readonly string[], endsWithinMs: number): Promise<CommandResult> {
    const { lab } = this.#world;
    const root = lab.rootOf(host);
    const askedMs = Date.now();
    const result = await lab.on(host, argv, { deadlineMs: endsWithinMs + FROZEN_MS });
    const isLate = result.kind === 'deadline' || result.elapsedMs > endsWithinMs;
    const [defect] = defectsIn(result.stderr);
    if (defect !== undefined)
      this.#violations.add('no daemon ends by itself', `${argv[0]} on ${host} tells of a defect: ${defect}`);
    const isHostsFault = lab.rootOf(host) !== root || lab.isFrozen(host) || root === undefined;
    if (isLate && !isHostsFault && !this.#ledger.touched([], askedMs, Date.now())) {
      const words = argv.filter((word) => !word.startsWith('--tokens=')).join(' ');
      this.#violations.add(
        'an outcome in its time',
        `${words} on ${host} had none in ${endsWithinMs} ms: ${result.kind} after ${Math.round(result.elapsedMs)} ms`,
      );
    }
    return result;
  }

  /** Nothing of what others have asked for or are called. */
  #judgeWords(asker: Asker, { stdout, stderr }: CommandResult): void {
    const words = `${stdout}\n${stderr}`;
    this.#heard.get(asker)?.push(words);
    for (const other of ASKERS) {
      for (const marker of this.#markers.get(other) ?? []) this.#judge(asker, words, other, marker);
    }
  }

  #mark(asker: Asker, marker: string): void {
    this.#markers.get(asker)?.add(marker);
    for (const other of ASKERS) {
      for (const words of this.#heard.get(other) ?? []) this.#judge(other, words, asker, marker);
    }
  }

  #judge(asker: Asker, words: string, owner: Asker, marker: string): void {
    if (asker === owner || !words.includes(marker)) return;
    const told = `${asker.name} was told ${marker}, which is ${owner.name}'s: ${words.trim()}`;
    this.#violations.add('an answer of its own', told);
  }

  #count(what: string, result: CommandResult): void {
    if (result.kind === 'exited' && result.exitCode === 0) this.#trend.took(what, result.elapsedMs);
    const ended = result.kind === 'exited' ? `exit ${result.exitCode}` : result.kind;
    const key = `${what}: ${ended}`;
    const count = (this.outcomes.get(key)?.count ?? 0) + 1;
    const said = result.stderr.split('\n').filter((line) => !TRACE.test(line));
    this.outcomes.set(key, { count, words: said.join(' / ').replace(/ \/ $/, '') });
  }
}

const TRACE = /^fence_vm: request (\S+): (.*)$/;

/** What fence_vm -v tells of its request: its id, and the result if there was an answer. */
export function answerIn(stderr: string): { id: string | undefined; outcome: string | undefined } {
  const traces = stderr.split('\n').flatMap((line) => {
    const [, id, words] = TRACE.exec(line) ?? [];
    return id === undefined || words === undefined ? [] : [{ id, words }];
  });
  const [asked, answered] = traces;
  return { id: asked?.id, outcome: /"result":"(\w+)"/.exec(answered?.words ?? '')?.[1] };
}
