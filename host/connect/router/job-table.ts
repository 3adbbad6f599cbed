/** The jobs that run, by guest and id, with what they take and which of them falls due first. */
import { DeadlineHeap } from './deadline-heap.ts';
import type { Job } from './job.ts';

interface OfGuest {
  readonly byId: Map<string, Job>;
  bytes: number;
}

export class JobTable {
  readonly #guests = new Map<string, OfGuest>();
  readonly #byDeadline = new DeadlineHeap<Job>();
  #bytes = 0;

  get size(): number {
    return this.#byDeadline.size;
  }

  get bytes(): number {
    return this.#bytes;
  }

  openOf(guest: string): { readonly count: number; readonly bytes: number } {
    const mine = this.#guests.get(guest);
    return { count: mine?.byId.size ?? 0, bytes: mine?.bytes ?? 0 };
  }

  find(guest: string, id: string): Job | undefined {
    return this.#guests.get(guest)?.byId.get(id);
  }

  jobsOf(guest: string): Job[] {
    return [...(this.#guests.get(guest)?.byId.values() ?? [])];
  }

  jobsFor(service: string): Job[] {
    return [...this.#guests.values()].flatMap((mine) =>
      [...mine.byId.values()].filter((job) => job.service === service),
    );
  }

  open(job: Job): void {
    const mine = this.#guests.get(job.guest) ?? { byId: new Map(), bytes: 0 };
    this.#guests.set(job.guest, mine);
    mine.byId.set(job.id, job);
    mine.bytes += job.bytes;
    this.#bytes += job.bytes;
    this.#byDeadline.add(job);
  }

  close(job: Job): void {
    const mine = this.#guests.get(job.guest);
    if (mine === undefined || !mine.byId.delete(job.id)) return;
    mine.bytes -= job.bytes;
    if (mine.byId.size === 0) this.#guests.delete(job.guest);
    this.#bytes -= job.bytes;
    this.#byDeadline.remove(job);
  }

  /** A deadline is never made shorter. */
  extend(job: Job, deadlineMs: number): void {
    if (deadlineMs > job.deadlineMs) this.#byDeadline.move(job, deadlineMs);
  }

  earliest(): Job | undefined {
    return this.#byDeadline.earliest();
  }
}
