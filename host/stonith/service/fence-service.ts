/**
 * From a guest's request to its answer: who may, what is asked, the desk and its jobs, the answer, the audit record.
 *
 * Invariant: nothing is touched before the token was accepted, and a guest whose token was not is told the same sentence
 * whatever the reason, at a time that tells nothing of it either (doorkeeper.ts).
 */
import { randomUUID } from 'node:crypto';
import type { Clock, Timer } from '../../../shared/clock.ts';
import type { Logger } from '../../../shared/log.ts';
import type { Answer } from '../../../shared/protocol/message.ts';
import type { ServiceRequest } from '../../../shared/protocol/service-client.ts';
import type { Outcome } from '../decide/job-state.ts';
import type { FenceBackEnd } from '../desk/back-end.ts';
import { type Ask, Desk, type DeskEffect, type Work } from '../desk/desk.ts';
import { JobRunner } from '../desk/job-runner.ts';
import { type Grant, nameOf, type Operation } from '../token/grant.ts';
import type { TokenPolicy } from '../token/read-token.ts';
import type { AuditLog } from './audit-log.ts';
import type { Counts } from './counts.ts';
import { Doorkeeper } from './doorkeeper.ts';
import { type FenceRequest, parseFenceRequest } from './parse-request.ts';
import { RequestRecords, type Verdict } from './request-records.ts';
import { Sweeper } from './sweeper.ts';

export interface FenceServiceOptions {
  readonly backEnd: FenceBackEnd;
  readonly policy: () => TokenPolicy;
  readonly clock: Clock;
  readonly log: Logger;
  readonly audit: AuditLog;
  readonly counts: Counts;
}

const DENIED: Verdict = { result: 'denied', state: 'unknown', reason: 'denied' };
const CALLED_OFF: Verdict = {
  result: 'failed',
  state: 'unknown',
  reason: 'it was called off before anything was begun',
};
const STOP_WITHIN_MS = 8_000;

export class FenceService {
  readonly #options: FenceServiceOptions;
  readonly #desk: Desk;
  readonly #runner: JobRunner;
  readonly #records: RequestRecords;
  readonly #doorkeeper: Doorkeeper;
  readonly #replies = new Map<Ask, (verdict: Verdict, elapsedMs: number) => void>();
  /** What is being authorised, and whether it was called off meanwhile. */
  readonly #arriving = new Map<string, { isCancelled: boolean }>();
  #timer: Timer | undefined;
  readonly #sweeper: Sweeper;
  #onIdle = () => {};

  constructor(options: FenceServiceOptions) {
    this.#options = options;
    const { backEnd, clock, log, counts } = options;
    this.#records = new RequestRecords(options);
    this.#doorkeeper = new Doorkeeper({ ...options, records: this.#records });
    this.#desk = new Desk({ host: backEnd.host });
    this.#runner = new JobRunner({
      backEnd,
      clock,
      log,
      onEvent: (work, phase, event) => this.#do(this.#desk.happened(work, phase, event, clock.nowMs())),
      onStep: (step, elapsedMs) => counts.step(step, elapsedMs),
    });
    this.#sweeper = new Sweeper({
      backEnd,
      clock,
      log,
      isRunning: (id) => this.#desk.isRunning(id),
      resume: ({ resource, record }) =>
        this.#do(this.#desk.resume(resource, record, clock.nowMs(), clock.wallMs())),
    });
  }

  get jobs(): number {
    return this.#desk.works.length;
  }

  /** Takes up what a daemon on this host left, and begins to look for what was forgotten. */
  async start(): Promise<void> {
    await this.#sweeper.start();
  }

  request(request: ServiceRequest): void {
    void this.#serve(request).catch((thrown: unknown) => {
      this.#options.log.error('a request could not be served', {
        guest: request.guest,
        reason: String(thrown),
      });
      request.reply(answerOf({ result: 'unknown', state: 'unknown', reason: 'an error of the host' }, 0));
    });
  }

  cancel({ guest, id }: { readonly guest: string; readonly id: string }): void {
    const arriving = this.#arriving.get(keyOf(guest, id));
    if (arriving !== undefined) arriving.isCancelled = true;
    for (const ask of [...this.#replies.keys()]) {
      if (ask.guest !== guest || (ask.id !== id && !ask.id.startsWith(`${id}#`))) continue;
      this.#do(this.#desk.cancel(guest, ask.id, this.#options.clock.nowMs()));
    }
  }

  /** Takes nothing new from now on, and takes back what runs; resolves when that is done, or can't be. No job waits for a sweep. */
  async stop(): Promise<void> {
    const swept = this.#sweeper.stop();
    const idle = new Promise<void>((resolve) => {
      this.#onIdle = resolve;
    });
    this.#do(this.#desk.stop(this.#options.clock.nowMs()));
    const limit = new AbortController();
    await Promise.race([
      Promise.all([idle, swept]),
      this.#options.clock.sleep(STOP_WITHIN_MS, limit.signal).catch(() => {}),
    ]);
    limit.abort();
    this.#timer?.cancel();
    this.#records.stop();
  }

  async #serve(request: ServiceRequest): Promise<void> {
    const parsed = parseFenceRequest(request.text);
    if (parsed === undefined) {
      const reason = 'it is no request: say off, on, reset, reboot or status and a token, or list and tokens';
      const verdict: Verdict = { result: 'failed', state: 'unknown', reason };
      request.reply(answerOf(verdict, 0));
      this.#records.unreadable(request, verdict);
      return;
    }
    const arriving = { isCancelled: false };
    const key = keyOf(request.guest, request.id);
    this.#arriving.set(key, arriving);
    try {
      if (parsed.kind === 'list') await this.#list(request, parsed, arriving);
      else await this.#one(request, parsed, arriving);
    } finally {
      if (this.#arriving.get(key) === arriving) this.#arriving.delete(key);
    }
  }

  async #one(
    request: ServiceRequest,
    { operation, token }: Extract<FenceRequest, { kind: 'one' }>,
    arriving: { readonly isCancelled: boolean },
  ): Promise<void> {
    const grant = await this.#doorkeeper.authorise(request, operation, token);
    if (grant === undefined) {
      request.reply(answerOf(DENIED, 0));
      return;
    }
    if (arriving.isCancelled) {
      this.#recordAnswered(request, operation, grant, CALLED_OFF, 0);
      return;
    }
    this.#ask(request, { operation, grant, id: request.id }, (verdict, elapsedMs) => {
      request.reply(answerOf(verdict, elapsedMs));
      this.#recordAnswered(request, operation, grant, verdict, elapsedMs);
    });
  }

  async #list(
    request: ServiceRequest,
    { tokens }: Extract<FenceRequest, { kind: 'list' }>,
    arriving: { readonly isCancelled: boolean },
  ): Promise<void> {
    const states = await Promise.all(
      tokens.map(async (token, index): Promise<Verdict> => {
        const grant = await this.#doorkeeper.authorise(request, 'status', token);
        if (grant === undefined) return DENIED;
        if (arriving.isCancelled) {
          this.#recordAnswered(request, 'list', grant, CALLED_OFF, 0);
          return CALLED_OFF;
        }
        return new Promise((resolve) => {
          const ask = { operation: 'status', grant, id: `${request.id}#${index}` } as const;
          this.#ask(request, ask, (verdict, elapsedMs) => {
            this.#recordAnswered(request, 'list', grant, verdict, elapsedMs);
            resolve(verdict);
          });
        });
      }),
    );
    const summary = { result: 'confirmed', state: 'unknown', reason: 'see the states' } as const;
    request.reply({ text: 'OK', detail: { ...summary, states: states.map((verdict) => ({ ...verdict })) } });
  }

  #ask(
    request: ServiceRequest,
    { operation, grant, id }: Pick<Ask, 'operation' | 'id'> & { readonly grant: Grant },
    reply: (verdict: Verdict, elapsedMs: number) => void,
  ): void {
    const { guest, protocol } = request;
    const { resource } = grant;
    // A guest of version 1 gives the same id to one question after the other.
    const jobId = protocol === 1 ? `v1-${randomUUID()}` : id;
    const ask: Ask = { guest, id, jobId, operation, resource, leftMs: request.timeLeftMs() };
    this.#replies.set(ask, reply);
    this.#do(this.#desk.ask(ask, this.#options.clock.nowMs(), this.#options.clock.wallMs()));
  }

  #recordAnswered(
    request: ServiceRequest,
    operation: Operation | 'list',
    grant: Grant,
    verdict: Verdict,
    elapsedMs: number,
  ): void {
    const { resource: target } = grant;
    this.#records.answered(request, { operation, target, token: nameOf(grant), verdict, elapsedMs });
  }

  /** Whoever asked for it has the answer of a daemon that is gone, or none; the record is to say how it ended. */
  #recordUnasked({ job }: Work, outcome: Outcome, elapsedMs: number): void {
    const { operation, resource: target, requester: guest, id } = job;
    const verdict = { ...outcome, reason: `taken up again, with nobody waiting: ${outcome.reason}` };
    this.#records.answered({ guest, id }, { operation, target, verdict, elapsedMs });
  }

  #do(effects: readonly DeskEffect[]): void {
    const { log } = this.#options;
    for (const effect of effects) {
      switch (effect.do) {
        case 'reply':
          this.#take(effect.ask)?.(effect.outcome, effect.elapsedMs);
          break;
        case 'refuse':
          this.#take(effect.ask)?.({ result: 'failed', state: 'unknown', reason: effect.fault }, 0);
          break;
        case 'unasked':
          this.#recordUnasked(effect.work, effect.outcome, effect.elapsedMs);
          break;
        case 'job':
          this.#runner.run(effect.work, effect.phase, effect.effect);
          break;
        case 'log': {
          const { job } = effect.work;
          log.debug(`job ${job.id}: ${effect.from} => ${effect.to}`, { target: job.resource });
          if (effect.to !== 'done') break;
          this.#runner.forget(effect.work);
          this.#sweeper.ended(job);
          break;
        }
      }
    }
    this.#schedule();
    if (this.jobs === 0) this.#onIdle();
  }

  #take(ask: Ask) {
    const reply = this.#replies.get(ask);
    this.#replies.delete(ask);
    return reply;
  }

  #schedule(): void {
    const { clock } = this.#options;
    this.#timer?.cancel();
    const nextMs = this.#desk.nextMs;
    this.#timer =
      nextMs === undefined
        ? undefined
        : clock.after(Math.max(0, nextMs - clock.nowMs()), () => this.#do(this.#desk.tick(clock.nowMs())));
  }
}

const keyOf = (guest: string, id: string) => `${guest}\n${id}`;

function answerOf({ result, state, reason }: Verdict, elapsedMs: number): Answer {
  const detail = { result, state, reason, elapsedMs: Math.round(elapsedMs) };
  return { text: result === 'confirmed' ? 'OK' : 'NG', detail };
}
