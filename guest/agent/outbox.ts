/**
 * The requests of the local programs, from the moment one is asked until it is answered (docs/protocol.md,
 * "Requests"). Pure: time is an argument, what is to be done is emitted. For the states of one request see
 * waiting.ts; for when the link is up, link.ts.
 *
 * Laws:
 *  - who asks gets exactly one answer, by its deadline; or none, once it has cancelled or gone;
 *  - at every hello of the host all that is not answered is sent, under the old ids, and every 10 s after that;
 *  - an id is one job: who asks the same is answered with it, who asks something else is refused;
 *  - at most LIMITS (admission.ts) wait, and nothing is kept of what is answered.
 */
import type { Answer, Reply, Request, RequestError } from '../../shared/protocol/message.ts';
import { refusalOf, sumOfBytes } from './admission.ts';
import type { Emit } from './effect.ts';
import type { LinkState } from './link.ts';
import { countAnswer, noOutboxCounts, type OutboxCounts } from './outbox-counts.ts';
import { OwedCancels } from './owed-cancels.ts';
import {
  type Asker,
  addAsker,
  firstDeadlineMs,
  hold,
  isSameJob,
  lastDeadlineMs,
  NOBODY,
  sendingOf,
  sizeOf,
  type Waiting,
  waitingFor,
} from './waiting.ts';

/** What the reply to a request with `"reply": false` says. */
export const TAKEN_OVER = 'queued';

export class Outbox {
  readonly counts: OutboxCounts = noOutboxCounts();
  readonly #emit: Emit;
  readonly #waiting = new Map<string, Waiting>();
  readonly #owedCancels = new OwedCancels();
  #link: LinkState = 'closed';
  #busySinceMs: number | undefined;

  constructor(emit: Emit) {
    this.#emit = emit;
  }

  get open(): number {
    return this.#waiting.size;
  }

  get bytes(): number {
    return sumOfBytes([...this.#waiting.values()]);
  }

  /** Since when at least one request has been waiting. */
  get busySinceMs(): number | undefined {
    return this.#busySinceMs;
  }

  ask(client: number, request: Request, nowMs: number): void {
    this.counts.asked++;
    const asker = request.reply === false ? NOBODY : client;
    const waiting = this.#waiting.get(request.id) ?? this.#accept(client, asker, request, nowMs);
    if (waiting === undefined) return;
    if (!isSameJob(waiting, request)) {
      this.counts.conflicts++;
      const message = `another request has the id ${request.id}`;
      this.#refuse(client, request.id, { code: 'id-conflict', message, retry: false });
      return;
    }
    if (waiting.askers.size > 0) this.counts.joined++;
    addAsker(waiting, request, asker, nowMs);
    if (asker === NOBODY) this.#answer(client, { type: 'reply', id: request.id, text: TAKEN_OVER });
    if (this.#link === 'up' && waiting.state !== 'held' && lastDeadlineMs(waiting) > waiting.toldUntilMs) {
      this.#send(waiting, nowMs);
    }
    this.#answerImpatient(waiting);
  }

  /** Takes back what the client asked; of one who did not ask, the whole request is called off. */
  cancel(client: number, id: string, nowMs: number): void {
    const waiting = this.#waiting.get(id);
    if (waiting === undefined) {
      this.#tellCancel(id, nowMs + UNKNOWN_CANCEL_MS);
      return;
    }
    if (waiting.askers.has(client)) {
      this.#withdraw(waiting, client);
      return;
    }
    for (const asker of [...waiting.askers.values()]) {
      const message = 'another local program called it off';
      this.#settle(waiting, asker, { error: { code: 'deadline', message, retry: false } });
    }
    this.counts.cancelled++;
    this.#drop(waiting);
  }

  clientGone(client: number): void {
    for (const waiting of [...this.#waiting.values()]) {
      if (waiting.askers.has(client)) this.#withdraw(waiting, client);
    }
  }

  /** From the host. */
  reply(reply: Reply, nowMs: number): void {
    const waiting = this.#waiting.get(reply.id);
    if (waiting === undefined) {
      this.counts.lateReplies++;
      return;
    }
    if ('error' in reply && reply.error.retry) {
      this.counts.retriable++;
      hold(waiting, reply.error, nowMs);
      this.#answerImpatient(waiting);
      return;
    }
    const { type: _type, id: _id, guest: _guest, ...answer } = reply;
    for (const asker of [...waiting.askers.values()]) this.#settle(waiting, asker, answer);
    this.#forget(waiting);
  }

  /** Follows the link. */
  linkIs(state: LinkState): void {
    if (state === this.#link) return;
    this.#link = state;
    if (isHostAway(state)) for (const waiting of [...this.#waiting.values()]) this.#answerImpatient(waiting);
  }

  /** The host said hello: it is told again all that it may not know. */
  sendAll(nowMs: number): void {
    for (const id of this.#owedCancels.takeAll(nowMs)) this.#tellCancel(id, nowMs);
    for (const waiting of this.#waiting.values()) {
      waiting.retries = 0;
      this.#send(waiting, nowMs);
    }
  }

  servicesAre(services: readonly string[], nowMs: number): void {
    if (this.#link !== 'up') return;
    for (const waiting of this.#waiting.values()) {
      if (waiting.state === 'held' && services.includes(waiting.service)) this.#send(waiting, nowMs);
    }
  }

  due(nowMs: number): void {
    for (const waiting of [...this.#waiting.values()]) {
      for (const asker of [...waiting.askers.values()]) {
        if (asker.untilMs <= nowMs) this.#settle(waiting, asker, { error: this.#deadlineError(waiting) });
      }
      if (waiting.askers.size === 0) this.#drop(waiting);
      else if (this.#isToRetry(waiting) && waiting.retryAtMs <= nowMs) this.#send(waiting, nowMs);
    }
  }

  nextDueMs(): number | undefined {
    let first: number | undefined;
    for (const waiting of this.#waiting.values()) {
      const dueMs = this.#isToRetry(waiting)
        ? Math.min(firstDeadlineMs(waiting), waiting.retryAtMs)
        : firstDeadlineMs(waiting);
      first = first === undefined ? dueMs : Math.min(first, dueMs);
    }
    return first;
  }

  /** Room for a new request, or undefined and the asker knows why. */
  #accept(client: number, asker: number, request: Request, nowMs: number): Waiting | undefined {
    const bytes = sizeOf(request);
    const refusal = refusalOf([...this.#waiting.values()], { client, asker, bytes });
    if (refusal !== undefined) {
      this.#refuse(client, request.id, refusal);
      return undefined;
    }
    const waiting = waitingFor(request, client, bytes);
    this.#waiting.set(request.id, waiting);
    this.#owedCancels.remove(request.id);
    this.#busySinceMs ??= nowMs;
    return waiting;
  }

  #refuse(client: number, id: string, error: RequestError): void {
    this.counts.refused++;
    this.#answer(client, { type: 'reply', id, error });
  }

  #send(waiting: Waiting, nowMs: number): void {
    this.counts.sent++;
    if (waiting.state !== 'unsent') this.counts.sentAgain++;
    this.#emit({ kind: 'send', message: sendingOf(waiting, nowMs) });
  }

  #isToRetry(waiting: Waiting): boolean {
    return waiting.state !== 'unsent' && this.#link === 'up';
  }

  #answerImpatient(waiting: Waiting): void {
    const error = isHostAway(this.#link) ? this.#hostAwayError() : waiting.lastError;
    if (error === undefined) return;
    for (const asker of [...waiting.askers.values()]) {
      if (asker.impatient) this.#settle(waiting, asker, { error });
    }
    if (waiting.askers.size === 0) this.#drop(waiting);
  }

  #deadlineError(waiting: Waiting): RequestError {
    if (waiting.state === 'unsent') return this.#hostAwayError();
    if (waiting.lastError !== undefined) return waiting.lastError;
    return {
      code: 'deadline',
      message: 'no answer came in time; what was begun is being cancelled',
      retry: false,
    };
  }

  #hostAwayError(): RequestError {
    return { code: 'host-away', message: AWAY_WORDS[this.#link], retry: true };
  }

  #settle(waiting: Waiting, asker: Asker, answer: Answer): void {
    waiting.askers.delete(asker.client);
    countAnswer(this.counts, answer);
    if (asker.client !== NOBODY) {
      this.#answer(asker.client, { type: 'reply', id: waiting.id, ...answer });
      return;
    }
    const fields = { id: waiting.id, service: waiting.service, ...resultFields(answer) };
    this.#emit({ kind: 'log', level: 'info', message: 'a request that nobody waits for has ended', fields });
  }

  #answer(client: number, reply: Reply): void {
    this.#emit({ kind: 'answer', client, reply });
  }

  #withdraw(waiting: Waiting, client: number): void {
    this.counts.cancelled++;
    waiting.askers.delete(client);
    if (waiting.askers.size === 0) this.#drop(waiting);
  }

  /** Nobody waits any more: the host need not go on. */
  #drop(waiting: Waiting): void {
    this.#forget(waiting);
    if (waiting.state !== 'unsent') this.#tellCancel(waiting.id, waiting.toldUntilMs);
  }

  #forget(waiting: Waiting): void {
    this.#waiting.delete(waiting.id);
    if (this.#waiting.size === 0) this.#busySinceMs = undefined;
  }

  #tellCancel(id: string, untilMs: number): void {
    if (this.#link === 'up') this.#emit({ kind: 'send', message: { type: 'cancel', id } });
    else this.#owedCancels.add(id, untilMs);
  }
}

/** A cancel of what this agent does not know may be meant for what its predecessor asked. */
const UNKNOWN_CANCEL_MS = 120_000;

const AWAY_WORDS: Readonly<Record<LinkState, string>> = {
  closed: 'the port to the host is not open; vm-connect status says why',
  away: 'no host daemon is connected to the port; is vm-connectd running on the host?',
  greeting: 'the host has not answered the greeting yet',
  up: 'the host was not there in time',
  silent: 'the host is connected to the port but does not answer; see vm-connectd there',
};

/** Whether an impatient asker is told so. While the greeting is under way an answer is near. */
const isHostAway = (state: LinkState): boolean => state !== 'up' && state !== 'greeting';

const resultFields = (answer: Answer) =>
  'error' in answer ? { error: answer.error.code, reason: answer.error.message } : { text: answer.text };
