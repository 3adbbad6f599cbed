/**
 * The heart of the bridge: requests of guests to services, answers back, nothing to anybody else.
 *
 *                        service there                         reply of the service
 *   request of a guest ----------------------> job (asked) ------------------------------> answered, remembered
 *      |                                        |  ^  |  deadline: `cancel` to the service      ^
 *      |  its service is away or unknown,       |  |  +-----------------------------------------+
 *      |  too many, other text under this id    |  | the service is back, or reads: asked
 *      +--> declined                            v  |
 *                                              job (waiting for its service, in the queue of its guest)
 *                                               |
 *      cancel of the guest: from either --------+--> gone; only the id stays taken
 *
 * A cancel of what is not known here goes to all services: one of them may be at work on what a former daemon asked it.
 *
 * Pure: it has no clock (`nowMs` is handed in), no sockets and no chance of its own; each call gives the effects.
 *
 * Invariants: (guest, id) is one job. A reply counts only from the connection that holds the job's service, and its
 * answer goes to no guest but the one whose link brought the request. Open requests and remembered answers stay
 * within the limits of each guest and of all, and a guest that asks much makes no other wait (service-queue.ts). A retriable error ends a job and leaves nothing behind.
 */
import { tooLongAnswer } from '../../../shared/protocol/encode-message.ts';
import type { Frame } from '../../../shared/protocol/frame-decoder.ts';
import {
  type Answer,
  type ErrorCode,
  MAX_FRAME_BYTES,
  type Message,
  type Reply,
} from '../../../shared/protocol/message.ts';
import { ROUTER_LIMITS, type RouterLimits } from '../limits.ts';
import { askersOf, type Call, meaningOf } from './call.ts';
import { greeting, type Identity } from './greeting.ts';
import { errorAnswer, isRetriable, type Job, parseAnswer } from './job.ts';
import { jobOf } from './job-of.ts';
import { Ledger } from './ledger.ts';
import { RequestCounter } from './request-counts.ts';
import { answerEffects, complaint, type RouterEffect, type ToService, toGuest } from './router-effect.ts';
import { type Refusal, ServiceDesk } from './service-desk.ts';
import { StrayCancels } from './stray-cancels.ts';

export interface RouterOptions {
  readonly identity: Identity;
  /** An id that nobody else has. */
  readonly newId: () => string;
  /** The domain that has this name now, where that is known. */
  readonly uuidOf: (guest: string) => string | undefined;
  readonly limits?: Partial<RouterLimits>;
  /** When this daemon began: services that it does not know yet may be about to come. */
  readonly startedMs?: number;
}

/** What a reply's frame has beside the answer. */
const REPLY_FRAME_BYTES = 128;
const RETRIABLE: ReadonlySet<ErrorCode> = new Set(['service-away', 'service-busy', 'too-many']);
/** Less than this is but the time that a frame took to come again. */
const WORTH_TELLING_MS = 1_000;
const AWAY = 'the service is not there just now';
const BUSY = 'the service did not take the request in time, so nothing was begun; ask again';
const TOO_LONG = 'text and detail leave no room in a frame for the name of the guest';

export class Router {
  readonly counts = new RequestCounter();
  #identity: Identity;
  readonly #newId: () => string;
  readonly #uuidOf: (guest: string) => string | undefined;
  readonly #limits: RouterLimits;
  readonly #ledger: Ledger;
  readonly #desk: ServiceDesk;
  readonly #strayCancels: StrayCancels;
  #strayReplies = 0;

  constructor({ identity, newId, uuidOf, limits, startedMs = Number.NEGATIVE_INFINITY }: RouterOptions) {
    this.#desk = new ServiceDesk(startedMs);
    this.#strayCancels = new StrayCancels(this.#desk);
    this.#identity = identity;
    this.#newId = newId;
    this.#uuidOf = uuidOf;
    this.#limits = { ...ROUTER_LIMITS, ...limits };
    this.#ledger = new Ledger(this.#limits);
  }

  get identity(): Identity {
    return this.#identity;
  }

  /** The cluster's name for this host, for the greetings from now on. */
  isOnHost(host: string): void {
    this.#identity = { ...this.#identity, host };
  }

  // ---- guests

  /** A frame that came over the link of this guest. */
  fromGuest(guest: string, frame: Frame, nowMs: number): RouterEffect[] {
    const meaning = meaningOf(guest, frame, this.#newId);
    switch (meaning.kind) {
      case 'call':
        return this.#request(meaning.call, nowMs);
      case 'cancel':
        return this.#cancel(guest, meaning.id, nowMs);
      case 'hello':
        return [toGuest(guest, greeting(this.#identity, guest, this.#desk.present(), this.#limits))];
      case 'ping':
        return [toGuest(guest, { type: 'pong', nonce: meaning.nonce })];
      case 'bad':
        this.counts.error(guest, 'bad-request');
        return [complaint(guest, meaning.id, meaning.fault)];
      case 'unexpected':
        this.counts.of(guest).unexpected++;
        return [];
      case 'nothing':
        return [];
    }
  }

  /** The link has room again for an answer that it had none for. */
  repeat(guest: string, id: string, nowMs: number): RouterEffect[] {
    const { answer, askers } = this.#ledger.remembered(guest, id, nowMs) ?? {};
    if (answer === undefined || askers === undefined) return [];
    return answerEffects(guest, id, askers, parseAnswer(answer), true);
  }

  /** The guest of this name is another one now: nothing of the former one may reach it. */
  forgetGuest(guest: string): RouterEffect[] {
    const effects = this.#ledger.jobs.jobsOf(guest).flatMap((job) => this.#desk.withdraw(job));
    this.#ledger.forgetGuest(guest);
    this.#strayCancels.forgetGuest(guest);
    this.counts.forget(guest);
    return effects;
  }

  /** Gives up the counts of guests that are no longer known and have nothing here. */
  retainCounts(isKnown: (guest: string) => boolean): void {
    this.counts.retain((guest) => isKnown(guest) || this.holdsAnythingOf(guest));
  }

  /** Open requests or remembered answers. */
  holdsAnythingOf(guest: string): boolean {
    return this.#ledger.holdsAnythingOf(guest);
  }

  #request(call: Call, nowMs: number): RouterEffect[] {
    const { guest, id } = call;
    const counts = this.counts.of(guest);
    counts.requests++;
    if (call.service === 'host') return this.#hostRequest(call);
    const standing = this.#ledger.standingOf(call, nowMs);
    switch (standing.kind) {
      case 'running':
        counts.joined++;
        return this.#join(standing.job, call, nowMs);
      case 'answered':
        counts.repeated++;
        return answerEffects(guest, id, askersOf(call), parseAnswer(standing.answer), true);
      case 'conflict':
        return this.#decline(call, 'id-conflict', 'this id is taken by another request');
      case 'new':
        return this.#begin(call, nowMs);
    }
  }

  #hostRequest(call: Call): RouterEffect[] {
    if (call.text !== 'ping') return this.#decline(call, 'bad-request', 'host knows no text but ping');
    this.counts.of(call.guest).answers++;
    return answerEffects(call.guest, call.id, askersOf(call), { text: 'pong' }, false);
  }

  /**
   * The later deadline counts; the service is told of one that is worth telling. Not so for version 1, whose answers no
   * service keeps: told again while its answer is under way, it would do the same once more.
   */
  #join(job: Job, { v1, deadlineMs }: Call, nowMs: number): RouterEffect[] {
    if (v1 !== undefined) {
      job.askers.v1 = v1;
      return [];
    }
    job.askers.v2 = true;
    const untilMs = nowMs + deadlineMs;
    if (untilMs > job.deadlineMs) this.#ledger.jobs.extend(job, untilMs);
    const service = this.#desk.find(job.service);
    if (untilMs - job.toldDeadlineMs < WORTH_TELLING_MS || service?.holder === undefined) return [];
    return this.#desk.tell(service, job, nowMs);
  }

  #begin(call: Call, nowMs: number): RouterEffect[] {
    const service = this.#desk.find(call.service);
    if (service === undefined) {
      return this.#desk.isAwaitingSome(nowMs) && !this.#desk.isOwn(call.service)
        ? this.#decline(
            call,
            'service-away',
            'no service of that name has come yet; this daemon has just started',
          )
        : this.#decline(call, 'unknown-service', `there is no service ${call.service}`);
    }
    if (service.holder === undefined) return this.#decline(call, 'service-away', AWAY);
    const job = jobOf(call, this.#uuidOf(call.guest), nowMs);
    if (job.bytes > MAX_FRAME_BYTES) return this.#decline(call, 'bad-request', TOO_LONG);
    if (!this.#ledger.makeRoom(job.guest, job.bytes)) {
      return this.#decline(call, 'too-many', 'too many requests are open; wait for answers first');
    }
    this.#ledger.open(job);
    this.#strayCancels.askedAnew(job.guest, job.id);
    return this.#desk.tell(service, job, nowMs);
  }

  #decline(call: Call, code: ErrorCode, message: string): RouterEffect[] {
    this.counts.error(call.guest, code);
    const error = errorAnswer(code, message, RETRIABLE.has(code));
    return answerEffects(call.guest, call.id, askersOf(call), error, false);
  }

  #cancel(guest: string, id: string, nowMs: number): RouterEffect[] {
    const job = this.#ledger.jobs.find(guest, id);
    if (job === undefined) {
      const isKnown = this.#ledger.remembered(guest, id, nowMs) !== undefined;
      return isKnown ? [] : this.#strayCancels.heard(guest, id, nowMs);
    }
    this.counts.of(guest).cancelled++;
    const effects = this.#desk.withdraw(job);
    this.#ledger.closeAndRemember(job, undefined, nowMs);
    return effects;
  }

  // ---- services

  /** Why `register` would be refused. */
  refusalOf(connection: number, name: string): Refusal | undefined {
    return this.#desk.refusalOf(connection, name);
  }

  /** Undefined when it is refused. */
  register(connection: number, name: string, nowMs: number): RouterEffect[] | undefined {
    const isHeldAlready = this.#desk.find(name)?.holder === connection;
    const service = this.#desk.register(connection, name);
    if (service === undefined) return undefined;
    if (isHeldAlready) return [];
    for (const job of this.#ledger.jobs.jobsFor(name)) service.queue.addJob(job);
    this.#strayCancels.serviceCame(service, nowMs);
    return [{ kind: 'services' }, ...this.serviceReady(connection, nowMs)];
  }

  connectionLost(connection: number): RouterEffect[] {
    const released = this.#desk.release(connection);
    return released.length === 0 ? [] : [{ kind: 'services' }];
  }

  /** The connection has room for what was not taken, or for the next part of what it is asked again. */
  serviceReady(connection: number, nowMs: number): RouterEffect[] {
    return this.#desk.takeUnsent(connection, nowMs);
  }

  notTaken(effect: ToService, why: 'full' | 'closed' | 'too-long', nowMs: number): RouterEffect[] {
    const { message } = effect;
    const service = this.#desk.find(effect.service);
    if (service === undefined || message.guest === undefined) return [];
    if (message.type === 'cancel') {
      service.queue.addCancel(message.guest, message.id);
      return [];
    }
    const job = this.#ledger.jobs.find(message.guest, message.id);
    if (job === undefined) return [];
    job.timesSent--;
    job.toldDeadlineMs = Number.NEGATIVE_INFINITY;
    if (why === 'too-long') return this.#finish(job, errorAnswer('bad-request', TOO_LONG), nowMs);
    if (why === 'closed' && job.timesSent === 0) {
      return this.#finish(job, errorAnswer('service-away', AWAY, true), nowMs);
    }
    service.queue.addJob(job);
    return [];
  }

  fromService(connection: number, reply: Reply, nowMs: number): RouterEffect[] {
    const job = reply.guest === undefined ? undefined : this.#ledger.jobs.find(reply.guest, reply.id);
    if (job === undefined || this.#desk.find(job.service)?.holder !== connection) {
      this.#strayReplies++;
      return [];
    }
    return this.#finish(job, answerOf(reply), nowMs);
  }

  /** What guests of version 2 are told at the effect `services`. */
  servicesMessage(): Message {
    return { type: 'services', services: this.#desk.present() };
  }

  servicesOf(connection: number): string[] {
    return this.#desk.heldBy(connection).map(({ name }) => name);
  }

  // ---- time and ends

  /** When `wake` has something to do. */
  nextWakeMs(): number | undefined {
    return this.#ledger.nextWakeMs();
  }

  wake(nowMs: number): RouterEffect[] {
    const { jobs } = this.#ledger;
    const effects: RouterEffect[] = [];
    for (let job = jobs.earliest(); job !== undefined && job.deadlineMs <= nowMs; job = jobs.earliest()) {
      const error =
        job.timesSent === 0
          ? errorAnswer('service-busy', BUSY, true)
          : errorAnswer('deadline', `${job.service} gave no answer in time`);
      effects.push(...this.#desk.withdraw(job), ...this.#finish(job, error, nowMs));
    }
    this.#ledger.forgetExpired(nowMs);
    this.#strayCancels.forgetOld(nowMs);
    return effects;
  }

  #finish(job: Job, given: Answer, nowMs: number): RouterEffect[] {
    const fits = Buffer.byteLength(JSON.stringify(given)) + REPLY_FRAME_BYTES <= MAX_FRAME_BYTES;
    const answer = fits ? given : tooLongAnswer();
    const isKept = !isRetriable(answer);
    this.#desk.find(job.service)?.queue.remove(job);
    if (isKept) this.#ledger.closeAndRemember(job, answer, nowMs);
    else this.#ledger.jobs.close(job);
    if ('error' in answer) this.counts.error(job.guest, answer.error.code);
    else this.counts.of(job.guest).answers++;
    return answerEffects(job.guest, job.id, job.askers, answer, isKept);
  }

  // ---- for status

  openRequestsOf(guest: string): number {
    return this.#ledger.jobs.openOf(guest).count;
  }

  totals() {
    return { ...this.#ledger.totals(), strayReplies: this.#strayReplies };
  }

  services(): { name: string; isPresent: boolean; openRequests: number }[] {
    return this.#desk.all().map(({ name, holder }) => ({
      name,
      isPresent: holder !== undefined,
      openRequests: this.#ledger.jobs.jobsFor(name).length,
    }));
  }
}

function answerOf(reply: Reply): Answer {
  if ('error' in reply) return { error: reply.error };
  return { text: reply.text, ...(reply.detail === undefined ? {} : { detail: reply.detail }) };
}
