/**
 * Looks for what daemons left behind, at the start and every 30 s: this host's own jobs are taken up again, except those
 * that this very daemon has given up: what had not reached the cluster when they were taken back is taken back now. What
 * anybody forgot is ended as decide/forgotten.ts says when its time has passed. Attributes that hold no longer are seen to.
 */
import type { Clock, Timer } from '../../../shared/clock.ts';
import type { Logger } from '../../../shared/log.ts';
import { type Fate, fateOf } from '../decide/forgotten.ts';
import type { Job } from '../decide/job-state.ts';
import { CLOCKS_AGREE_MS, type FenceRecord, formatRecord } from '../decide/record.ts';
import type { Done, FenceBackEnd, FenceTarget, FoundRecord } from '../desk/back-end.ts';

export interface SweeperOptions {
  readonly backEnd: FenceBackEnd;
  readonly clock: Clock;
  readonly log: Logger;
  readonly isRunning: (id: string) => boolean;
  readonly resume: (found: FoundRecord) => void;
}

const EVERY_MS = 30_000;
const LOOK_MS = 5_000;
const CHANGE_MS = 8_000;
/** An order that comes later than that many other jobs are taken back is taken for forgotten. */
const MOST_TAKEN_BACK = 256;

const FATES: Readonly<Record<Fate, string>> = {
  clear: 'a forgotten job was found done, and its record removed',
  start: 'a forgotten reset was ended with the start',
  'roll-back': 'a forgotten job was rolled back',
  leave: 'what became of a forgotten job can not be told yet',
};

export class Sweeper {
  readonly #options: SweeperOptions;
  /** What other hosts' daemons have written, and since when it has stood there unchanged, by this host's own clock. */
  #unchanged: ReadonlyMap<string, number> = new Map();
  /** Jobs of this daemon that it did not confirm and has taken back; the newest stand last. */
  readonly #takenBack = new Set<string>();
  #timer: Timer | undefined;
  #sweeping: Promise<void> = Promise.resolve();
  #isStopped = false;

  constructor(options: SweeperOptions) {
    this.#options = options;
  }

  /** Resolves when this host's own jobs are taken up; the rest can take its time, and nobody shall wait for it. */
  async start(): Promise<void> {
    const all = (await this.#options.backEnd.records()) ?? [];
    if (this.#isStopped) return;
    for (const found of all) this.#takeUp(found);
    this.#sweeping = this.#sweepAndGoOn();
  }

  /** A job of this daemon is over. One that may have undone what was confirmed elsewhere has to be judged as a forgotten one. */
  ended(job: Job): void {
    this.#takenBack.delete(keyOf(job));
    if (job.giveUp === undefined || job.isJoined || job.tookOverOff) return;
    this.#takenBack.add(keyOf(job));
    for (const oldest of this.#takenBack) {
      if (this.#takenBack.size <= MOST_TAKEN_BACK) return;
      this.#takenBack.delete(oldest);
    }
  }

  /** Takes nothing up any more; resolves when the sweep that is under way has ended. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#timer?.cancel();
    await this.#sweeping;
  }

  #later(): void {
    if (this.#isStopped) return;
    this.#timer = this.#options.clock.after(EVERY_MS, () => {
      this.#sweeping = this.#sweepAndGoOn();
    });
  }

  async #sweepAndGoOn(): Promise<void> {
    try {
      await this.#sweep();
    } catch (thrown) {
      this.#options.log.error('looking for forgotten jobs failed', { reason: String(thrown) });
    }
    this.#later();
  }

  async #sweep(): Promise<void> {
    const { backEnd, clock, isRunning } = this.#options;
    const all = await backEnd.records();
    const nowMs = clock.nowMs();
    const before = this.#unchanged;
    if (all !== undefined)
      this.#unchanged = new Map(all.map((found) => [wordsOf(found), before.get(wordsOf(found)) ?? nowMs]));
    for (const found of all ?? []) {
      if (this.#isStopped) return;
      if (!isRunning(found.record.id)) await this.#judge(found);
    }
    if (this.#isStopped) return;
    await backEnd.sweepAttributes(isRunning);
  }

  async #judge(found: FoundRecord): Promise<void> {
    const { resource, record } = found;
    const isOverdue = record.host === this.#options.backEnd.host && this.#takenBack.has(keyOf(record));
    if (isOverdue) return this.#end(resource, record, isOverdue);
    if (this.#takeUp(found)) return;
    const isOver = record.untilWallMs + CLOCKS_AGREE_MS < this.#options.clock.wallMs();
    if (isOver && this.#isUnchanged(found)) await this.#end(resource, record, isOverdue);
  }

  #takeUp({ resource, record }: FoundRecord): boolean {
    const { backEnd, clock, log, resume } = this.#options;
    if (record.host !== backEnd.host || record.untilWallMs <= clock.wallMs()) return false;
    log.warning('a job is taken up again', { id: record.id, target: resource });
    resume({ resource, record });
    return true;
  }

  /** Its writer's wall clock may be another than ours, so that alone condemns nothing that a living host has just written. */
  #isUnchanged(found: FoundRecord): boolean {
    const { backEnd, clock } = this.#options;
    const sinceMs = this.#unchanged.get(wordsOf(found)) ?? clock.nowMs();
    return found.record.host === backEnd.host || clock.nowMs() - sinceMs >= CLOCKS_AGREE_MS;
  }

  async #end(resource: string, record: FenceRecord, isOverdue: boolean): Promise<void> {
    const { id, host } = record;
    const words = { id, target: resource, host };
    const target = this.#options.backEnd.open(resource, record);
    const looked = await target.look({ configuration: true, settled: true }, LOOK_MS);
    if (looked.ok && looked.facts.target?.record?.id !== id) return;
    const fate = looked.ok ? fateOf(record, looked.facts, isOverdue) : 'leave';
    const unlessEnded = record.operation === 'off' && !isOverdue;
    const done = await carryOut(fate, target, { role: record.formerRole, unlessEnded });
    const told = isOverdue ? `${FATES[fate]}; this daemon had given it up` : FATES[fate];
    this.#options.log.warning(told, done.ok ? words : { ...words, fault: done.fault });
  }
}

const keyOf = ({ requester, id }: Pick<Job, 'requester' | 'id'>) => `${requester} ${id}`;

const wordsOf = ({ resource, record }: FoundRecord) => `${resource} ${formatRecord(record)}`;

async function carryOut(
  fate: Fate,
  target: FenceTarget,
  former: Parameters<FenceTarget['rollBack']>[0],
): Promise<Done> {
  switch (fate) {
    case 'leave':
      return { ok: true };
    case 'clear':
      return target.clear(CHANGE_MS);
    case 'start': {
      const started = await target.start(CHANGE_MS);
      return started.ok ? target.clear(CHANGE_MS) : started;
    }
    case 'roll-back':
      return target.rollBack(former, CHANGE_MS);
  }
}
