/**
 * What is told of every request to those who run the hosts: the log, the audit record, the counts. The guest is told
 * none of it.
 */
import type { Clock, Timer } from '../../../shared/clock.ts';
import type { Logger } from '../../../shared/log.ts';
import type { ServiceRequest } from '../../../shared/protocol/service-client.ts';
import type { Outcome } from '../decide/job-state.ts';
import type { Operation } from '../token/grant.ts';
import type { AuditLog } from './audit-log.ts';
import type { Counts } from './counts.ts';
import { LineRate } from './line-rate.ts';

export interface Verdict {
  readonly result: Outcome['result'] | 'denied';
  readonly state: Outcome['state'];
  readonly reason: string;
}

export interface RequestRecordsOptions {
  readonly clock: Clock;
  readonly log: Logger;
  readonly audit: AuditLog;
  readonly counts: Counts;
}

interface Answered {
  readonly operation: string;
  readonly target: string | undefined;
  readonly token?: string;
  readonly verdict: Verdict;
  readonly elapsedMs: number;
}

type Asker = Pick<ServiceRequest, 'guest' | 'id'>;

interface Refused extends Asker {
  readonly operation: string;
  readonly kind: string;
  readonly verdict: Verdict;
}

interface Look extends Asker {
  readonly operation: string;
  readonly kind: string;
  readonly answered: Answered;
}

/** After which the requests that were only counted are told of. */
const TOLD_WITHIN_MS = 10_000;

export class RequestRecords {
  readonly #options: RequestRecordsOptions;
  readonly #refusals = new LineRate<Refused>();
  readonly #looks = new LineRate<Look>();
  #timer: Timer | undefined;
  #isStopped = false;

  constructor(options: RequestRecordsOptions) {
    this.#options = options;
  }

  denied({ guest, id }: Asker, operation: Operation, refusal: string, forLog: string): undefined {
    const { counts } = this.#options;
    counts.refusal(refusal);
    counts.request(operation, 'denied', 0);
    const verdict = { result: 'denied', state: 'unknown', reason: `${refusal}: ${forLog}` } as const;
    this.#refused({ guest, id, operation, kind: refusal, verdict });
  }

  /** It is no request at all. */
  unreadable({ guest, id }: Asker, verdict: Verdict): void {
    this.#options.counts.request('-', verdict.result, 0);
    this.#refused({ guest, id, operation: '-', kind: 'no-request', verdict });
  }

  answered(asker: Asker, answered: Answered): void {
    const { log, counts } = this.#options;
    const { operation, target, verdict, elapsedMs } = answered;
    const { result, state, reason } = verdict;
    counts.request(operation, result, elapsedMs);
    const { guest, id } = asker;
    if (operation === 'status' || operation === 'list') {
      this.#looked({ guest, id, operation, kind: `${result} ${state} ${target ?? ''}`, answered });
      return;
    }
    log.info(`${operation}: ${result}`, { guest, target, state, reason, ms: Math.round(elapsedMs), id });
    this.#audit(asker, answered);
  }

  /** Tells of what was only counted; from then on of each. */
  stop(): void {
    this.#isStopped = true;
    this.#tellUntold();
  }

  #refused(refused: Refused): void {
    if (this.#isStopped || this.#refusals.take(refused, this.#options.clock.nowMs())) this.#tell(refused);
    else this.#tellLater();
  }

  #looked(look: Look): void {
    if (this.#isStopped || this.#looks.take(look, this.#options.clock.nowMs()))
      this.#audit(look, look.answered);
    else this.#tellLater();
  }

  #tellLater(): void {
    this.#timer ??= this.#options.clock.after(TOLD_WITHIN_MS, () => this.#tellUntold());
  }

  #tellUntold(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    for (const { last, count } of this.#refusals.takeUntold()) this.#tell(last, count);
    for (const { last, count } of this.#looks.takeUntold()) this.#audit(last, last.answered, { count });
  }

  #tell({ guest, id, operation, verdict }: Refused, count?: number): void {
    const { result, reason } = verdict;
    this.#options.log.warning(result === 'denied' ? 'denied' : 'no request', {
      guest,
      operation,
      reason,
      id,
      count,
    });
    const more = count === undefined ? {} : { count };
    this.#audit({ guest, id }, { operation, target: undefined, verdict, elapsedMs: 0 }, more);
  }

  #audit(
    { guest, id }: Asker,
    { operation, target, token, verdict, elapsedMs }: Answered,
    more: { readonly count?: number } = {},
  ): void {
    this.#options.audit.add({
      time: new Date(this.#options.clock.wallMs()).toISOString(),
      requester: guest,
      target: target ?? null,
      operation,
      ...(token === undefined ? {} : { token }),
      ...verdict,
      durationMs: Math.round(elapsedMs),
      id,
      ...more,
    });
  }
}
