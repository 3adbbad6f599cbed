/**
 * Who serves what: the names of services, the connection that holds each, and what its holder has still to be told.
 *
 *   unknown --register--> held --its connection is lost--> away --register--> held
 *
 * Invariant: a name has at most one holder. While a service is away, its jobs and what was cancelled meanwhile wait
 * here; nothing new is added to them, because new requests for a service that is away are declined.
 */
import { handOver, type Job } from './job.ts';
import { type RouterEffect, toService } from './router-effect.ts';
import { ServiceQueue } from './service-queue.ts';

export interface Service {
  readonly name: string;
  holder: number | undefined;
  /** What its present holder was not told yet. */
  readonly queue: ServiceQueue;
}

/** Why a connection can't have a name: another one holds it, it is the daemon's own, or there are too many names. */
export type Refusal = 'held' | 'own' | 'no-room';

/** Served by vm-connectd itself, on links and on the local socket. */
const OWN_NAMES: ReadonlySet<string> = new Set(['host', 'agent']);
/** Of this version, whether they are there or not. */
const STANDARD_NAMES = ['monitor', 'stonith'] as const;
export const MOST_NAMES = 32;
/** Services come back within 5 s of a start (those whose name was taken), and the machine may be slow. */
const COMING_MS = 30_000;
/** How much is handed over in one go, and at most one frame more: what a connection that has been read has room for. */
const BATCH_BYTES = 64 * 1024;

export class ServiceDesk {
  readonly #services = new Map<string, Service>();
  readonly #startedMs: number;

  /** `startedMs`: when this daemon began. */
  constructor(startedMs: number) {
    this.#startedMs = startedMs;
    for (const name of STANDARD_NAMES) this.#add(name);
  }

  /** Of this daemon itself: nobody else will ever serve it. */
  isOwn(name: string): boolean {
    return OWN_NAMES.has(name);
  }

  /** Whether services that are not here may be about to come, because this daemon has just begun. */
  isAwaitingSome(nowMs: number): boolean {
    return nowMs < this.#startedMs + COMING_MS;
  }

  /** Undefined for a name that nobody ever served. */
  find(name: string): Service | undefined {
    return this.#services.get(name);
  }

  refusalOf(connection: number, name: string): Refusal | undefined {
    if (this.isOwn(name)) return 'own';
    const known = this.#services.get(name);
    if (known === undefined) return this.#services.size >= MOST_NAMES ? 'no-room' : undefined;
    return known.holder === undefined || known.holder === connection ? undefined : 'held';
  }

  /** Undefined when it is refused. */
  register(connection: number, name: string): Service | undefined {
    if (this.refusalOf(connection, name) !== undefined) return undefined;
    const service = this.#services.get(name) ?? this.#add(name);
    service.holder = connection;
    return service;
  }

  /** The services that are away now. */
  release(connection: number): Service[] {
    const released = this.heldBy(connection);
    for (const service of released) service.holder = undefined;
    return released;
  }

  heldBy(connection: number): Service[] {
    return [...this.#services.values()].filter((service) => service.holder === connection);
  }

  /** What guests are told: the services that are there. */
  present(): string[] {
    const held = [...this.#services.values()].filter((service) => service.holder !== undefined);
    return ['host', ...held.map((service) => service.name).sort()];
  }

  all(): readonly Service[] {
    return [...this.#services.values()];
  }

  // ---- what the holder is told

  /** At once, unless others wait already, or nobody is there. */
  tell({ name, holder, queue }: Service, job: Job, nowMs: number): RouterEffect[] {
    if (holder !== undefined && queue.isEmpty) return [toService(name, holder, handOver(job, nowMs))];
    queue.addJob(job);
    return [];
  }

  /** Nobody waits for the job any more: its service is told so, if it was ever asked. */
  withdraw(job: Job): RouterEffect[] {
    const service = this.#services.get(job.service);
    if (service === undefined) return [];
    const { name, holder, queue } = service;
    queue.remove(job);
    if (job.timesSent === 0) return [];
    const { id, guest } = job;
    if (holder !== undefined && queue.isEmpty)
      return [toService(name, holder, { type: 'cancel', id, guest })];
    queue.addCancel(guest, id);
    return [];
  }

  /** Of what waits for this connection, as much as fits into one go. */
  takeUnsent(connection: number, nowMs: number): RouterEffect[] {
    const effects: RouterEffect[] = [];
    for (const { name, queue } of this.heldBy(connection)) {
      for (const message of queue.take(BATCH_BYTES, nowMs))
        effects.push(toService(name, connection, message));
      if (!queue.isEmpty) effects.push({ kind: 'more-for-service', connection });
    }
    return effects;
  }

  #add(name: string): Service {
    const service = { name, holder: undefined, queue: new ServiceQueue() };
    this.#services.set(name, service);
    return service;
  }
}
