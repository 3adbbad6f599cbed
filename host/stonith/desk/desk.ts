/**
 * Who asked for what, and which job serves them: pure, without commands or time of its own.
 *
 *   asked --+-- same operation on the same target: joins its work
 *           +-- an id that a job for something else has: refused
 *           +-- target busy with another: queued behind it
 *           +-- work begins --> (decide/job.ts) --> answered --> tidied --> gone; the next in line begins
 *
 * `status` changes nothing and waits for nobody. Works for different targets run side by side.
 *
 * Invariants: every asker gets one reply, before its deadline; at most one work that changes a target runs at a time; an
 * event that belongs to a former phase of a job is dropped, so what was begun before a give-up can't be taken for its end;
 * only that an update was never answered is told to the job all the same, because it may be made yet.
 */
import { advance } from '../decide/job.ts';
import {
  type Job,
  type JobEffect,
  type JobEvent,
  newJob,
  type Outcome,
  type Phase,
} from '../decide/job-state.ts';
import type { FenceRecord } from '../decide/record.ts';
import type { Operation } from '../token/grant.ts';

export interface Ask {
  readonly guest: string;
  /** Of the request, unique with the guest while it is open. */
  readonly id: string;
  /** Of the job, unique for ever. */
  readonly jobId: string;
  readonly operation: Operation;
  readonly resource: string;
  readonly leftMs: number;
}

export type DeskEffect =
  | { readonly do: 'reply'; readonly ask: Ask; readonly outcome: Outcome; readonly elapsedMs: number }
  | { readonly do: 'refuse'; readonly ask: Ask; readonly fault: string }
  /** A job that was taken up again has ended, and nobody waited for it. */
  | { readonly do: 'unasked'; readonly work: Work; readonly outcome: Outcome; readonly elapsedMs: number }
  | { readonly do: 'job'; readonly work: Work; readonly phase: Phase; readonly effect: JobEffect }
  | { readonly do: 'log'; readonly work: Work; readonly from: Phase | 'received'; readonly to: Phase };

interface Asker {
  readonly ask: Ask;
  readonly askedMs: number;
  readonly answerByMs: number;
}

export interface Work {
  readonly number: number;
  readonly line: string;
  /** When it was taken up again, if it was. */
  readonly resumedMs: number | undefined;
  /** When it is given up, so that there is time to take it back. */
  readonly giveUpMs: number;
  /** When its first asker is gone. */
  readonly untilMs: number;
  job: Job;
  hasBegun: boolean;
  hasGivenUp: boolean;
  isAnswered: boolean;
  askers: Asker[];
}

interface NewWork {
  readonly job: Job;
  readonly nowMs: number;
  readonly leftMs: number;
  readonly resumedMs?: number;
}

export interface DeskOptions {
  readonly host: string;
  readonly limits?: { readonly works: number; readonly perGuest: number };
}

const LIMITS = { works: 256, perGuest: 16 };
/** Of the time that is left, for taking it back and saying so. */
const MARGIN_SHARE = 0.2;
const MARGIN_MS = { least: 50, most: 2_500 };
/** So that the answer is there before the host daemon stops waiting. */
const REPLY_MS = 20;

export class Desk {
  readonly #options: DeskOptions;
  /** By target; the first one runs. */
  readonly #lines = new Map<string, Work[]>();
  #numbers = 0;
  #isStopping = false;

  constructor(options: DeskOptions) {
    this.#options = options;
  }

  get works(): readonly Work[] {
    return [...this.#lines.values()].flat();
  }

  isRunning(jobId: string): boolean {
    return this.works.some(({ job }) => job.id === jobId);
  }

  ask(ask: Ask, nowMs: number, wallMs: number): readonly DeskEffect[] {
    const { works, perGuest } = this.#options.limits ?? LIMITS;
    if (this.#isStopping) return [{ do: 'refuse', ask, fault: 'the daemon is being stopped' }];
    const asker = { ask, askedMs: nowMs, answerByMs: nowMs + ask.leftMs - REPLY_MS };
    const open = this.works;
    const same = open.find((work) => work.job.id === ask.jobId && work.job.requester === ask.guest);
    if (same !== undefined && !isForTheSame(same.job, ask)) {
      return [{ do: 'refuse', ask, fault: 'its id belongs to another request' }];
    }
    const joinable = same ?? this.#line(ask).find((work) => isJoinable(work, ask));
    if (joinable !== undefined && !joinable.isAnswered) {
      joinable.askers.push(asker);
      return [];
    }
    const own = open.filter((work) => work.job.requester === ask.guest);
    if (open.length >= works || own.length >= perGuest) {
      return [{ do: 'refuse', ask, fault: 'too many requests are being served' }];
    }
    const work = this.#add({
      job: newJob({
        id: ask.jobId,
        operation: ask.operation,
        resource: ask.resource,
        requester: ask.guest,
        host: this.#options.host,
        untilWallMs: wallMs + ask.leftMs,
      }),
      nowMs,
      leftMs: ask.leftMs,
    });
    work.askers.push(asker);
    return this.#isFirst(work) ? this.#begin(work, { type: 'begun' }, nowMs) : [];
  }

  /** A job that this daemon, or one on this host before it, left in the cluster. */
  resume(resource: string, record: FenceRecord, nowMs: number, wallMs: number): readonly DeskEffect[] {
    const { id, operation, requester, host, untilWallMs } = record;
    const job = newJob({ id, operation, resource, requester, host, untilWallMs });
    const work = this.#add({ job, nowMs, leftMs: untilWallMs - wallMs, resumedMs: nowMs });
    return this.#isFirst(work) ? this.#begin(work, { type: 'resumed', record }, nowMs) : [];
  }

  /** What an effect of that phase led to. */
  happened(work: Work, phase: Phase, event: JobEvent, nowMs: number): readonly DeskEffect[] {
    if (work.job.phase === phase) return this.#advance(work, event, nowMs);
    const isUnanswered = event.type === 'not-done' && !event.isCertain;
    return isUnanswered ? this.#advance(work, { type: 'unanswered' }, nowMs) : [];
  }

  /** Nobody waits for it any more. A work that others wait for as well goes on. */
  cancel(guest: string, id: string, nowMs: number): readonly DeskEffect[] {
    const work = this.works.find(({ askers }) => askers.some(({ ask }) => isOf(ask, guest, id)));
    if (work === undefined) return [];
    if (work.askers.length > 1) {
      const gone = work.askers.filter(({ ask }) => isOf(ask, guest, id));
      work.askers = work.askers.filter((asker) => !gone.includes(asker));
      return gone.map((asker) => replyTo(asker, unproven('it was called off'), nowMs));
    }
    return this.#giveUp(work, 'it was called off', nowMs);
  }

  /** The next moment at which `tick` has something to do. */
  get nextMs(): number | undefined {
    const moments = this.works.flatMap((work) => [
      ...(work.hasGivenUp ? [] : [work.giveUpMs]),
      ...work.askers.map(({ answerByMs }) => answerByMs),
    ]);
    return moments.length === 0 ? undefined : Math.min(...moments);
  }

  tick(nowMs: number): readonly DeskEffect[] {
    const effects: DeskEffect[] = [];
    for (const work of this.works) {
      if (!work.hasGivenUp && work.giveUpMs <= nowMs)
        effects.push(...this.#giveUp(work, 'the deadline has passed', nowMs));
      const late = work.askers.filter(({ answerByMs }) => answerByMs <= nowMs);
      work.askers = work.askers.filter((asker) => !late.includes(asker));
      const outcome = unproven(work.job.giveUp ?? `the deadline has passed: ${work.job.lastReason}`);
      effects.push(...late.map((asker) => replyTo(asker, outcome, nowMs)));
    }
    return effects;
  }

  stop(nowMs: number): readonly DeskEffect[] {
    this.#isStopping = true;
    return this.works.flatMap((work) => this.#giveUp(work, 'the daemon is being stopped', nowMs));
  }

  #giveUp(work: Work, reason: string, nowMs: number): readonly DeskEffect[] {
    if (work.hasGivenUp) return [];
    work.hasGivenUp = true;
    return this.#advance(work, { type: 'give-up', reason }, nowMs);
  }

  #advance(work: Work, event: JobEvent, nowMs: number): readonly DeskEffect[] {
    const from = work.job.phase;
    const { job, effects } = advance(work.job, event);
    work.job = job;
    const out: DeskEffect[] = from === job.phase ? [] : [{ do: 'log', work, from, to: job.phase }];
    for (const effect of effects) {
      if (effect.do === 'answer') out.push(...this.#answer(work, effect.outcome, nowMs));
      else out.push({ do: 'job', work, phase: job.phase, effect });
    }
    if (job.phase === 'done') out.push(...this.#leave(work, nowMs));
    return out;
  }

  #answer(work: Work, outcome: Outcome, nowMs: number): readonly DeskEffect[] {
    const { askers } = work;
    work.isAnswered = true;
    work.askers = [];
    if (askers.length === 0 && work.resumedMs !== undefined) {
      return [{ do: 'unasked', work, outcome, elapsedMs: nowMs - work.resumedMs }];
    }
    return askers.map((asker) => replyTo(asker, outcome, nowMs));
  }

  #leave(work: Work, nowMs: number): readonly DeskEffect[] {
    const line = (this.#lines.get(work.line) ?? []).filter((one) => one !== work);
    if (line.length === 0) this.#lines.delete(work.line);
    else this.#lines.set(work.line, line);
    const [next] = line;
    return next === undefined || next.hasBegun ? [] : this.#begin(next, { type: 'begun' }, nowMs);
  }

  #begin(work: Work, event: JobEvent, nowMs: number): readonly DeskEffect[] {
    work.hasBegun = true;
    const begun: DeskEffect = { do: 'log', work, from: 'received', to: work.job.phase };
    return [begun, ...this.#advance(work, event, nowMs)];
  }

  #add({ job, nowMs, leftMs, resumedMs }: NewWork): Work {
    const marginMs = Math.min(MARGIN_MS.most, Math.max(MARGIN_MS.least, leftMs * MARGIN_SHARE));
    const line = lineOf(job);
    const work: Work = {
      number: ++this.#numbers,
      line,
      resumedMs,
      job,
      giveUpMs: nowMs + leftMs - marginMs,
      untilMs: nowMs + leftMs,
      hasBegun: false,
      hasGivenUp: false,
      isAnswered: false,
      askers: [],
    };
    this.#lines.set(line, [...(this.#lines.get(line) ?? []), work]);
    return work;
  }

  #line = (asked: Pick<Ask, 'operation' | 'resource'>) => this.#lines.get(lineOf(asked)) ?? [];
  #isFirst = (work: Work) => this.#lines.get(work.line)?.[0] === work;
}

const lineOf = ({ operation, resource }: Pick<Ask, 'operation' | 'resource'>) =>
  operation === 'status' ? `status of ${resource}` : resource;

const isOf = (ask: Ask, guest: string, id: string) => ask.guest === guest && ask.id === id;

const isForTheSame = (job: Job, ask: Ask) => job.operation === ask.operation && job.resource === ask.resource;

/** What is being taken back is no help to anybody who asks now, and neither is a death that came before the asking. */
function isJoinable({ job, hasGivenUp, isAnswered }: Work, ask: Ask): boolean {
  return job.operation === ask.operation && job.phase !== 'starting' && !hasGivenUp && !isAnswered;
}

const unproven = (reason: string): Outcome => ({ result: 'unknown', state: 'unknown', reason });

function replyTo({ ask, askedMs }: Asker, outcome: Outcome, nowMs: number): DeskEffect {
  return { do: 'reply', ask, outcome, elapsedMs: nowMs - askedMs };
}
