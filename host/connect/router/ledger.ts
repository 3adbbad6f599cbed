/**
 * What is open and what was answered: says of an id what it is to us, and keeps both within the limits.
 *
 * Invariant: an id of a guest is either open, or remembered, or new; never two of these.
 */
import type { Answer } from '../../../shared/protocol/message.ts';
import type { RouterLimits } from '../limits.ts';
import { AnswerMemory, type Remembered } from './answer-memory.ts';
import type { Call } from './call.ts';
import { fingerprint, type Job } from './job.ts';
import { JobTable } from './job-table.ts';

export type Standing =
  | { readonly kind: 'new' }
  | { readonly kind: 'running'; readonly job: Job }
  | { readonly kind: 'answered'; readonly answer: string }
  /** The id is taken by something else. */
  | { readonly kind: 'conflict' };

export class Ledger {
  readonly jobs = new JobTable();
  readonly #memory: AnswerMemory;
  readonly #limits: RouterLimits;

  constructor(limits: RouterLimits) {
    this.#limits = limits;
    this.#memory = new AnswerMemory(limits);
  }

  standingOf({ guest, id, service, text, v1 }: Call, nowMs: number): Standing {
    const job = this.jobs.find(guest, id);
    if (job !== undefined) {
      return job.service === service && job.text === text ? { kind: 'running', job } : { kind: 'conflict' };
    }
    const known = this.#memory.find(guest, id, nowMs);
    // Askers of version 1 use one id again and again: what was true of the last request is not of this one.
    if (known === undefined || v1 !== undefined) return { kind: 'new' };
    const { answer } = known;
    const isSame = known.fingerprint === fingerprint(service, text);
    if (!isSame) return { kind: 'conflict' };
    if (answer === undefined) return { kind: 'new' };
    return nowMs < known.repeatedUntilMs ? { kind: 'answered', answer } : { kind: 'conflict' };
  }

  remembered(guest: string, id: string, nowMs: number): Remembered | undefined {
    return this.#memory.find(guest, id, nowMs);
  }

  /** Whether one more request of this size may be opened; old answers of anybody give way to it. */
  makeRoom(guest: string, bytes: number): boolean {
    const { openRequests, openBytes, reservedBytes, totalBytes } = this.#limits;
    const mine = this.jobs.openOf(guest);
    if (mine.count >= openRequests || mine.bytes + bytes > openBytes) return false;
    this.#trimMemory(bytes);
    return this.#bytes + bytes <= totalBytes || (mine.count === 0 && bytes <= reservedBytes);
  }

  open(job: Job): void {
    this.#memory.forget(job.guest, job.id);
    this.jobs.open(job);
  }

  /** Without an answer: it was cancelled, and only its id stays taken. */
  closeAndRemember(job: Job, answer: Answer | undefined, nowMs: number): void {
    const { guest, id, service, text, askers } = job;
    this.jobs.close(job);
    this.#memory.remember({
      guest,
      id,
      fingerprint: fingerprint(service, text),
      answer: answer === undefined ? undefined : JSON.stringify(answer),
      askers,
      repeatedUntilMs: job.deadlineMs,
      atMs: nowMs,
    });
    this.#trimMemory(0);
  }

  forgetGuest(guest: string): void {
    for (const job of this.jobs.jobsOf(guest)) this.jobs.close(job);
    this.#memory.forgetGuest(guest);
  }

  forgetExpired(nowMs: number): void {
    this.#memory.forgetExpired(nowMs);
  }

  /** When a job falls due or an answer has been kept for long enough. */
  nextWakeMs(): number | undefined {
    const deadlineMs = this.jobs.earliest()?.deadlineMs;
    const expiryMs = this.#memory.nextExpiryMs();
    if (deadlineMs === undefined || expiryMs === undefined) return deadlineMs ?? expiryMs;
    return Math.min(deadlineMs, expiryMs);
  }

  holdsAnythingOf(guest: string): boolean {
    return this.jobs.openOf(guest).count > 0 || this.#memory.sizeOf(guest) > 0;
  }

  totals() {
    return {
      openRequests: this.jobs.size,
      openBytes: this.jobs.bytes,
      answers: this.#memory.size,
      answerBytes: this.#memory.bytes,
    };
  }

  get #bytes(): number {
    return this.jobs.bytes + this.#memory.bytes;
  }

  #trimMemory(bytesToCome: number): void {
    while (this.#bytes + bytesToCome > this.#limits.totalBytes && this.#memory.forgetOldest());
  }
}
