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
import { RefusalRate } from './refusal-rate.ts';

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
  readonly refusal: string;
  readonly verdict: Verdict;
}

/** After which the refused requests that were only counted are told of. */
const TOLD_WITHIN_MS = 10_000;

export class RequestRecords {
  readonly #options: RequestRecordsOptions;
  readonly #rate = new RefusalRate<Refused>();
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
    this.#refused({ guest, id, operation, refusal, verdict });
  }

  /** It is no request at all. */
  unreadable({ guest, id }: Asker, verdict: Verdict): void {
    this.#options.counts.request('-', verdict.result, 0);
    this.#refused({ guest, id, operation: '-', refusal: 'no-request', verdict });
  }

  answered(asker: Asker, answered: Answered): void {
    const { log, counts } = this.#options;
    const { operation, target, verdict, elapsedMs } = answered;
    const { result, state, reason } = verdict;
    counts.request(operation, result, elapsedMs);
    if (operation !== 'status' && operation !== 'list') {
      const ms = Math.round(elapsedMs);
      log.info(`${operation}: ${result}`, { guest: asker.guest, target, state, reason, ms, id: asker.id });
    }
    this.#audit(asker, answered);
  }

  /** Tells of what was only counted; from then on of each. */
  stop(): void {
    this.#isStopped = true;
    this.#tellUntold();
  }

  #refused(refused: Refused): void {
    const { clock } = this.#options;
    if (this.#isStopped || this.#rate.take(refused, clock.nowMs())) this.#tell(refused);
    else this.#timer ??= clock.after(TOLD_WITHIN_MS, () => this.#tellUntold());
  }

  #tellUntold(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    for (const { last, count } of this.#rate.takeUntold()) this.#tell(last, count);
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
