/**
 * What a service is working on, and the answers it has given: pure, without sockets or time of its own.
 *
 *              asked                       answered                      forgotten
 *   unknown -----------> in work -----------------------------> kept ---------------> unknown
 *                        ^ | ^  asked again: joined              | ^  asked again: the same answer
 *                        | | +--+                                | +--+
 *                        | +-- cancelled, or past its deadline --> its id kept ---------------> unknown
 *                        +------------- asked again -----------------+            forgotten
 *
 * Invariants: a job (guest and id) is handed to the service once, however often it is asked, for as long as it is in
 * work or its answer is kept; the answer is given again until the deadline, since nobody waits for it any longer. An id is one question: for as long as it is in work or kept another one is a conflict, by
 * the rule of docs/protocol.md, "Requests", which the host daemon keeps as well, but forgets when it is started anew.
 * A guest is a domain, not its name: to another one of that name all is unknown. What is in work and what is kept is
 * bounded for each guest and in all, and what is kept by age, too: a guest that asks without end makes the service
 * forget its own answers, and refuse its own jobs.
 */
import type { Answer, Request } from './message.ts';

export interface JobKey {
  readonly guest: string;
  readonly id: string;
}

/** A request as the host daemon passes it on: with the guest that it really came from. */
export type GuestRequest = Request & { readonly guest: string };

export interface Job extends JobKey {
  readonly text: string;
  readonly protocol: 1 | 2;
  /** On the clock of whoever owns the jobs; a later one may come while the job is in work. */
  deadlineAtMs: number;
}

export type Asked =
  | { readonly kind: 'new'; readonly job: Job }
  | { readonly kind: 'joined' }
  | { readonly kind: 'answer'; readonly answer: Answer };

interface Kept extends JobKey {
  readonly text: string;
  readonly protocol: 1 | 2;
  /** Undefined: nobody waited for it any more, and only its id is kept. */
  readonly answer: Answer | undefined;
  readonly bytes: number;
  /** The deadline of the job: whoever asks later is not who waited for it. */
  readonly repeatedUntilMs: number;
  readonly atMs: number;
}

export const SERVICE_LIMITS = {
  jobs: 4_096,
  guestJobs: 128,
  keptAnswers: 4_096,
  keptBytes: 16 * 1024 * 1024,
  guestAnswers: 256,
  guestBytes: 4 * 1024 * 1024,
  keptForMs: 600_000,
} as const;

/** What one guest has here. */
interface Share {
  /** Of the domain that asked; undefined while nobody could tell. */
  uuid: string | undefined;
  inWork: number;
  /** The keys of its kept answers, the oldest first. */
  readonly kept: Set<string>;
  keptBytes: number;
}

const ID_CONFLICT: Answer = {
  error: { code: 'id-conflict', message: 'another request has or had this id; choose another', retry: false },
};

const TOO_MANY: Answer = {
  error: { code: 'service-busy', message: 'the service has too much to do; ask again', retry: true },
};

export class ServiceJobs {
  readonly #inWork = new Map<string, Job>();
  /** The oldest first. */
  readonly #kept = new Map<string, Kept>();
  readonly #shares = new Map<string, Share>();
  #keptBytes = 0;
  /** Answers that are kept and that the daemon waits for. */
  readonly #owed = new Set<string>();

  get inWork(): number {
    return this.#inWork.size;
  }

  get kept(): number {
    return this.#kept.size;
  }

  get keptBytes(): number {
    return this.#keptBytes;
  }

  /**
   * The guest of this name is this domain now: what is kept of another one is forgotten, and what is in work for it is
   * given and ended. To be said before `ask`.
   */
  guestIs(guest: string, uuid: string | undefined): readonly Job[] {
    const share = this.#shares.get(guest);
    if (share === undefined || uuid === undefined || share.uuid === uuid) return [];
    const isAnother = share.uuid !== undefined;
    share.uuid = uuid;
    if (!isAnother) return [];
    for (const key of share.kept) {
      const kept = this.#kept.get(key);
      if (kept !== undefined) this.#forget(key, kept);
    }
    const orphans = [...this.#inWork.values()].filter((job) => job.guest === guest);
    for (const job of orphans) this.#end(job);
    return orphans;
  }

  ask(request: GuestRequest, nowMs: number): Asked {
    this.#forgetOld(nowMs);
    const key = keyOf(request);
    const { guest, id, text, protocol = 2 } = request;
    const deadlineAtMs = nowMs + request.deadlineMs;
    const running = this.#inWork.get(key);
    if (running !== undefined) {
      if (running.text !== text) return { kind: 'answer', answer: ID_CONFLICT };
      running.deadlineAtMs = Math.max(running.deadlineAtMs, deadlineAtMs);
      return { kind: 'joined' };
    }
    const former = this.#kept.get(key);
    if (former !== undefined) {
      const isSame = former.text === text;
      const { answer, repeatedUntilMs } = former;
      if (isSame && answer !== undefined && nowMs < repeatedUntilMs) return { kind: 'answer', answer };
      // Old guests use one id again and again.
      const mayBeAskedAgain = protocol === 1 || (isSame && (answer === undefined || isOver(former)));
      if (!mayBeAskedAgain) return { kind: 'answer', answer: ID_CONFLICT };
    }
    if (!this.#hasRoomFor(guest)) return { kind: 'answer', answer: TOO_MANY };
    if (former !== undefined) this.#forget(key, former);
    const job: Job = { guest, id, text, protocol, deadlineAtMs };
    this.#inWork.set(key, job);
    const share = this.#shareOf(guest);
    share.inWork++;
    share.uuid ??= request.uuid;
    return { kind: 'new', job };
  }

  /** False when nobody waits for it any more: it was answered, cancelled or given up. */
  isInWork(job: Job): boolean {
    return this.#inWork.get(keyOf(job)) === job;
  }

  /** Ends a job of `isInWork`. */
  answered(job: Job, answer: Answer, nowMs: number): void {
    this.#keep(job, answer, nowMs);
    this.#end(job);
  }

  /** Called before `#end`. */
  #keep(job: Job, answer: Answer | undefined, nowMs: number): void {
    const key = keyOf(job);
    const { guest, id, text, protocol, deadlineAtMs: repeatedUntilMs } = job;
    const answerLength = answer === undefined ? 0 : JSON.stringify(answer).length;
    const bytes = 2 * (answerLength + key.length + text.length);
    const share = this.#shareOf(guest);
    this.#kept.set(key, { guest, id, text, protocol, answer, bytes, repeatedUntilMs, atMs: nowMs });
    this.#keptBytes += bytes;
    share.kept.add(key);
    share.keptBytes += bytes;
    this.#keepWithinShare(share);
    this.#forgetOld(nowMs);
  }

  /** The daemon has the answer. */
  given(to: JobKey): void {
    const key = keyOf(to);
    this.#owed.delete(key);
    const kept = this.#kept.get(key);
    if (kept !== undefined && isOver(kept)) this.#forget(key, kept);
  }

  /** The daemon is there and had no room for the answer. */
  owe(to: JobKey): void {
    this.#owed.add(keyOf(to));
  }

  /** The daemon has gone: what it waited for it will ask for again. */
  oweNothing(): void {
    this.#owed.clear();
  }

  /** Gives what is owed until `give` says that there is no room again. */
  pay(give: (to: JobKey, answer: Answer) => boolean): void {
    for (const key of this.#owed) {
      const kept = this.#kept.get(key);
      if (kept?.answer !== undefined && !give(kept, kept.answer)) return;
      this.#owed.delete(key);
    }
  }

  /** The job that ended so, if there was one. */
  cancel(key: JobKey, nowMs: number): Job | undefined {
    const job = this.#inWork.get(keyOf(key));
    if (job !== undefined) this.#giveUp(job, nowMs);
    return job;
  }

  /** Ends the jobs whose deadline has passed for longer than `graceMs`, and gives them. */
  expire(nowMs: number, graceMs = 0): readonly Job[] {
    const late = [...this.#inWork.values()].filter((job) => job.deadlineAtMs + graceMs <= nowMs);
    for (const job of late) this.#giveUp(job, nowMs);
    return late;
  }

  #giveUp(job: Job, nowMs: number): void {
    if (job.protocol !== 1) this.#keep(job, undefined, nowMs);
    this.#end(job);
  }

  #hasRoomFor(guest: string): boolean {
    const { inWork } = this.#shares.get(guest) ?? NO_SHARE;
    return this.#inWork.size < SERVICE_LIMITS.jobs && inWork < SERVICE_LIMITS.guestJobs;
  }

  #shareOf(guest: string): Share {
    const known = this.#shares.get(guest);
    if (known !== undefined) return known;
    const made = { uuid: undefined, inWork: 0, kept: new Set<string>(), keptBytes: 0 };
    this.#shares.set(guest, made);
    return made;
  }

  #end(job: Job): void {
    if (!this.#inWork.delete(keyOf(job))) return;
    const share = this.#shareOf(job.guest);
    share.inWork--;
    this.#dropEmpty(job.guest, share);
  }

  #dropEmpty(guest: string, { inWork, kept }: Share): void {
    if (inWork === 0 && kept.size === 0) this.#shares.delete(guest);
  }

  /** The newest answer of a guest stays in any case. */
  #keepWithinShare(share: Share): void {
    const { guestAnswers, guestBytes } = SERVICE_LIMITS;
    for (const key of share.kept) {
      if (share.kept.size <= 1 || (share.kept.size <= guestAnswers && share.keptBytes <= guestBytes)) return;
      const kept = this.#kept.get(key);
      if (kept !== undefined) this.#forget(key, kept);
    }
  }

  #forgetOld(nowMs: number): void {
    for (const [key, kept] of this.#kept) {
      const isWithinLimits =
        this.#kept.size <= SERVICE_LIMITS.keptAnswers &&
        this.#keptBytes <= SERVICE_LIMITS.keptBytes &&
        nowMs - kept.atMs < SERVICE_LIMITS.keptForMs;
      if (isWithinLimits) return;
      this.#forget(key, kept);
    }
  }

  #forget(key: string, kept: Kept): void {
    this.#kept.delete(key);
    this.#keptBytes -= kept.bytes;
    const share = this.#shareOf(kept.guest);
    share.kept.delete(key);
    share.keptBytes -= kept.bytes;
    this.#dropEmpty(kept.guest, share);
  }
}

/**
 * Whether an answer that has been given is of no more use: an old guest gives the same id to one question after the
 * other, and who was told to ask again is to be heard anew.
 */
const isOver = ({ protocol, answer }: Kept): boolean =>
  protocol === 1 || (answer !== undefined && 'error' in answer && answer.error.retry);

const NO_SHARE: Share = { uuid: undefined, inWork: 0, kept: new Set(), keptBytes: 0 };

/** No id holds a space, so this is unambiguous whatever the guest's name is. */
const keyOf = ({ guest, id }: JobKey): string => `${id} ${guest}`;
