/**
 * What is told of every request to those who run the hosts: the log, the audit record, the counts. The guest is told
 * none of it.
 */
import type { Clock } from '../../../shared/clock.ts';
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

export class RequestRecords {
  readonly #options: RequestRecordsOptions;
  readonly #rate = new RefusalRate();

  constructor(options: RequestRecordsOptions) {
    this.#options = options;
  }

  denied({ guest, id }: Asker, operation: Operation, refusal: string, forLog: string): undefined {
    const { clock, log, counts } = this.#options;
    counts.refusal(refusal);
    counts.request(operation, 'denied', 0);
    const untold = this.#rate.take(guest, clock.nowMs());
    if (untold === undefined) return;
    const reason = `${refusal}: ${forLog}`;
    log.warning('denied', { guest, operation, reason, id, untold: untold || undefined });
    const verdict = { result: 'denied', state: 'unknown', reason } as const;
    const count = untold === 0 ? {} : { count: untold + 1 };
    this.#audit({ guest, id }, { operation, target: undefined, verdict, elapsedMs: 0 }, count);
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
