/**
 * Runs what jobs want done. The effects of one job come strictly one after the other, those of different jobs side by
 * side. Each ends by its deadline, and what it led to is told with the phase it was begun in.
 *
 * Looks while a job waits come at the news of a change, not sooner than LOOK_GAP_MS after the last one. Without any news
 * they come after UNHEARD_MS, and each time after twice as long, up to LOOK_EVERY_MS. That the coordinator has become idle
 * is no news to anybody, so who waits for that begins with SETTLING_MS.
 */
import type { Clock } from '../../../shared/clock.ts';
import { messageOf } from '../../../shared/errors.ts';
import type { Logger } from '../../../shared/log.ts';
import type { JobEffect, JobEvent, Phase } from '../decide/job-state.ts';
import { formatMark } from '../decide/record.ts';
import type { Done, FenceBackEnd, FenceTarget, Looked, LookNeeds } from './back-end.ts';
import type { Work } from './desk.ts';

export interface JobRunnerOptions {
  readonly backEnd: FenceBackEnd;
  readonly clock: Clock;
  readonly log: Logger;
  readonly onEvent: (work: Work, phase: Phase, event: JobEvent) => void;
  /** How long each kind of step took. */
  readonly onStep: (step: JobEffect['do'], elapsedMs: number) => void;
}

const LOOK_GAP_MS = 15;
/** Clusters hardly decide and do it in less; what is news before that is the order itself, and that the stop has begun. */
const STOP_TAKES_MS = 45;
const LOOK_EVERY_MS = 500;
const SETTLING_MS = 20;
const UNHEARD_MS = 125;
const LEAST_MS = 50;
const LONGEST_LOOK_MS = 5_000;
const CLEAR_MS = 5_000;
/** Of what is left until the asker is gone, for taking it back; the rest is for seeing that it was. */
const ROLL_BACK_SHARE = 0.7;

interface Running {
  readonly target: FenceTarget;
  /** The end of everything begun so far. */
  last: Promise<void>;
  /** Aborted when nothing need be waited for any more. */
  patience: AbortController;
  seenChange: number;
  /** Not sooner after the last look, whatever the news. */
  gapMs: number;
  /** Until the next look at whether the cluster is settled. */
  settlingMs: number;
  /** Until the next look without any news. */
  unheardMs: number;
}

export class JobRunner {
  readonly #options: JobRunnerOptions;
  readonly #running = new Map<number, Running>();

  constructor(options: JobRunnerOptions) {
    this.#options = options;
  }

  run(work: Work, phase: Phase, effect: JobEffect): void {
    const running = this.#runningOf(work);
    if (effect.do === 'roll-back') {
      running.patience.abort();
      running.patience = new AbortController();
    }
    const before = running.last;
    running.last = (async () => {
      await before;
      await this.#perform(running, work, phase, effect);
    })();
  }

  forget(work: Work): void {
    this.#running.delete(work.number);
  }

  #runningOf(work: Work): Running {
    const present = this.#running.get(work.number);
    if (present !== undefined) return present;
    const { resource, requester, operation, id } = work.job;
    const { backEnd } = this.#options;
    const running: Running = {
      target: backEnd.open(resource, { requester, operation, id }),
      last: Promise.resolve(),
      patience: new AbortController(),
      seenChange: -1,
      gapMs: LOOK_GAP_MS,
      settlingMs: SETTLING_MS,
      unheardMs: UNHEARD_MS,
    };
    this.#running.set(work.number, running);
    return running;
  }

  async #perform(running: Running, work: Work, phase: Phase, effect: JobEffect): Promise<void> {
    if (isOutdated(work, phase, effect)) return;
    try {
      if (effect.do === 'look') await this.#pace(running, work, phase, effect.delayMs);
      if (isOutdated(work, phase, effect)) return;
      const startedMs = this.#options.clock.nowMs();
      const event = await this.#eventOf(running, work, effect);
      this.#options.onStep(effect.do, this.#options.clock.nowMs() - startedMs);
      if (event !== undefined) this.#options.onEvent(work, phase, event);
    } catch (thrown) {
      // A defect of ours must not leave a job that never ends.
      this.#options.log.error('a step of a job failed', { job: work.job.id, reason: messageOf(thrown) });
      this.#options.onEvent(work, phase, failed(effect, messageOf(thrown)));
    }
  }

  async #pace(running: Running, work: Work, phase: Phase, delayMs: number): Promise<void> {
    const { backEnd, clock } = this.#options;
    const { signal } = running.patience;
    const hasSeen = running.seenChange >= 0;
    if (delayMs > 0) await clock.sleep(delayMs, signal).catch(() => undefined);
    else if (phase === 'waiting' && hasSeen && !work.hasGivenUp) {
      await clock.sleep(running.gapMs, signal).catch(() => undefined);
      running.gapMs = LOOK_GAP_MS;
      const limitMs = needsOf(work).settled ? running.settlingMs : running.unheardMs;
      await backEnd.change(running.seenChange, limitMs, signal);
      running.settlingMs = Math.min(LOOK_EVERY_MS, 2 * running.settlingMs);
      running.unheardMs = Math.min(LOOK_EVERY_MS, 2 * running.unheardMs);
    }
    if (phase === 'waiting') running.seenChange = backEnd.changes;
  }

  async #eventOf(running: Running, work: Work, effect: JobEffect): Promise<JobEvent | undefined> {
    const { backEnd, clock, log } = this.#options;
    const { target } = running;
    const { job } = work;
    const leftMs = work.giveUpMs - clock.nowMs();
    const deadlineMs = Math.max(LEAST_MS, Math.min(LONGEST_LOOK_MS, leftMs));
    switch (effect.do) {
      case 'look':
        return this.#seen(await this.#look(running, work));
      case 'mark':
        return eventOf(
          await target.mark(effect.nodes, formatMark(job.id, job.untilWallMs), deadlineMs),
          'marked',
        );
      case 'order': {
        const done = await target.order(effect.role, effect.record, deadlineMs);
        // Known to have run still, it needs no look before there is news.
        if (done.ok && done.ranOn !== undefined) {
          running.seenChange = backEnd.changes;
          running.gapMs = STOP_TAKES_MS;
        }
        return eventOf(done, 'ordered');
      }
      case 'start':
        return eventOf(await target.start(CLEAR_MS), 'ordered');
      case 'clear':
        return eventOf(await target.clear(CLEAR_MS), 'cleaned');
      case 'roll-back': {
        const untilGoneMs = work.untilMs - clock.nowMs();
        const rollBackMs = Math.max(LEAST_MS, untilGoneMs * ROLL_BACK_SHARE);
        const former = { role: effect.formerRole, unlessEnded: effect.unlessEnded };
        return eventOf(await target.rollBack(former, rollBackMs), 'cleaned');
      }
      case 'publish': {
        const { resource, requester, operation, id } = job;
        const done = await backEnd.publish(resource, { requester, operation, id }, effect.ended);
        if (!done.ok) log.warning('how a job ended could not be published', { id, reason: done.fault });
        return undefined;
      }
      case 'answer':
        return undefined;
    }
  }

  #look(running: Running, work: Work): Promise<Looked> {
    return running.target.look(needsOf(work), this.#lookDeadline(work));
  }

  #lookDeadline({ job, giveUpMs, untilMs }: Work): number {
    const endMs = job.phase === 'verifying' ? untilMs : giveUpMs;
    return Math.max(LEAST_MS, Math.min(LONGEST_LOOK_MS, endMs - this.#options.clock.nowMs()));
  }

  #seen(looked: Looked): JobEvent {
    return looked.ok
      ? { type: 'seen', facts: looked.facts, wallMs: this.#options.clock.wallMs() }
      : { type: 'unreadable', fault: looked.fault };
  }
}

/** What follows a look, a mark or an order that a give-up has overtaken would be out of place. */
function isOutdated(work: Work, phase: Phase, effect: JobEffect): boolean {
  const isTidying = effect.do === 'clear' || effect.do === 'roll-back' || effect.do === 'publish';
  return !isTidying && work.job.phase !== phase;
}

/** While it waits for the end of what it saw running, neither the configuration nor the coordinator is asked. */
function needsOf({ job }: Work): LookNeeds {
  const isWaiting = job.phase === 'waiting' && job.operation !== 'on';
  return {
    configuration: job.phase !== 'verifying' && !(isWaiting && !job.isJoined),
    settled: job.operation === 'status' || job.phase === 'verifying' || job.mustSettle,
  };
}

function eventOf(done: Done, type: 'marked' | 'ordered' | 'cleaned'): JobEvent {
  if (done.ok) return type === 'ordered' ? { type, ranOn: done.ranOn ?? [] } : { type };
  if (done.isConflict === true && type === 'ordered') return { type: 'conflict' };
  return { type: 'not-done', fault: done.fault, isCertain: done.isCertain };
}

const failed = (effect: JobEffect, fault: string): JobEvent =>
  effect.do === 'look' ? { type: 'unreadable', fault } : { type: 'not-done', fault, isCertain: false };
