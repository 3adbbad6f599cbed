/**
 * What a service has still to be told: a queue for each guest, served in turn, one message of each.
 *
 * Invariants: a guest that asks much waits behind itself and delays another by one message at most. Of one guest wait
 * no more jobs than it may have open, and no more cancels than jobs that the service was asked and may still know, or
 * MOST_STRAY of them: a guest's cancels go before its jobs, and a job that was never handed over needs no cancel.
 */
import type { Cancel, Request } from '../../../shared/protocol/message.ts';
import { handOver, type Job } from './job.ts';

/** Cancels of what this daemon does not know, which a guest can make up. */
const MOST_STRAY = 64;

interface OfGuest {
  readonly cancels: Map<string, Cancel>;
  readonly jobs: Set<Job>;
}

export class ServiceQueue {
  /** Those whose turn comes first are first. */
  readonly #guests = new Map<string, OfGuest>();

  get isEmpty(): boolean {
    return this.#guests.size === 0;
  }

  addJob(job: Job): void {
    this.#of(job.guest).jobs.add(job);
  }

  addCancel(guest: string, id: string): void {
    this.#of(guest).cancels.set(id, { type: 'cancel', id, guest });
  }

  /** Of what only the service may know; dropped where a guest has too many waiting. */
  addStrayCancel(guest: string, id: string): void {
    const waiting = this.#guests.get(guest)?.cancels.size ?? 0;
    if (waiting < MOST_STRAY) this.addCancel(guest, id);
  }

  remove(job: Job): void {
    const mine = this.#guests.get(job.guest);
    if (mine?.jobs.delete(job) === true && isDone(mine)) this.#guests.delete(job.guest);
  }

  /** In turn, until `bytes` are reached. */
  take(bytes: number, nowMs: number): (Request | Cancel)[] {
    const taken: (Request | Cancel)[] = [];
    for (let left = bytes; left > 0; ) {
      const next = this.#guests.entries().next();
      if (next.done === true) break;
      const [guest, mine] = next.value;
      // The next turn of this guest comes after everybody else's.
      this.#guests.delete(guest);
      left -= takeOne(mine, taken, nowMs);
      if (!isDone(mine)) this.#guests.set(guest, mine);
    }
    return taken;
  }

  #of(guest: string): OfGuest {
    const known = this.#guests.get(guest);
    if (known !== undefined) return known;
    const made = { cancels: new Map<string, Cancel>(), jobs: new Set<Job>() };
    this.#guests.set(guest, made);
    return made;
  }
}

const isDone = ({ cancels, jobs }: OfGuest): boolean => cancels.size === 0 && jobs.size === 0;

const CANCEL_BYTES = 256;

/** Gives what it costs. */
function takeOne({ cancels, jobs }: OfGuest, taken: (Request | Cancel)[], nowMs: number): number {
  for (const [id, cancel] of cancels) {
    cancels.delete(id);
    taken.push(cancel);
    return CANCEL_BYTES;
  }
  for (const job of jobs) {
    jobs.delete(job);
    taken.push(handOver(job, nowMs));
    return job.bytes;
  }
  return 0;
}
