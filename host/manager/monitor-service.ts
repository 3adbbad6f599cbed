/**
 * The service `monitor`: questions of guests in, values of this host's attributes out, and changes of them to those who
 * watch. Whoever watches is answered before its deadline also when nothing has changed, so that silence always means that
 * nobody is there.
 */
import type { Clock, Timer } from '../../shared/clock.ts';
import type { Json } from '../../shared/protocol/message.ts';
import type { ServiceRequest } from '../../shared/protocol/service-client.ts';
import type { JobKey } from '../../shared/protocol/service-jobs.ts';
import type { NamedValues } from '../pacemaker/attribute-sets.ts';
import { type Given, MonitorDesk, questionOf } from './monitor-desk.ts';
import type { RuleBook } from './rules.ts';

export interface Values {
  /** Good enough for an answer now. */
  readonly fresh: NamedValues | undefined;
  ask(): void;
}

interface Asker {
  readonly request: ServiceRequest;
  /** Of one who watches. */
  readonly known: string | undefined;
  timer: Timer | undefined;
}

/** Before the deadline, so that there is time for a query; of a short deadline the half. */
const LAST_WORD_MS = 3_000;

export class MonitorService {
  readonly #desk: MonitorDesk<string>;
  readonly #askers = new Map<string, Asker>();
  readonly #values: Values;
  readonly #clock: Clock;
  readonly counts = { requests: 0, refused: 0, answers: 0, changesTold: 0 };

  constructor(rules: RuleBook, values: Values, clock: Clock) {
    this.#desk = new MonitorDesk(rules);
    this.#values = values;
    this.#clock = clock;
  }

  get rules(): RuleBook {
    return this.#desk.rules;
  }

  /** Those who watch are told what the new rules change, by what the cluster says now: not while it is silent. */
  set rules(rules: RuleBook) {
    this.#desk.rules = rules;
    const { fresh } = this.#values;
    if (fresh !== undefined) this.valuesCame(fresh);
    else if (this.isOpen) this.#values.ask();
  }

  get isOpen(): boolean {
    return this.#askers.size > 0;
  }

  /** Requests that are open: of those who watch, and of those whose answer is not there yet. */
  get open(): { readonly watching: number; readonly waiting: number } {
    const watching = [...this.#askers.values()].filter(({ known }) => known !== undefined).length;
    return { watching, waiting: this.#askers.size - watching };
  }

  request(request: ServiceRequest): void {
    this.counts.requests++;
    const known = knownOf(request.detail);
    const question = questionOf(request.text, known);
    if (question === undefined) {
      this.counts.refused++;
      const message = 'name 1 to 256 attributes, parted by spaces';
      request.reply({ error: { code: 'bad-request', message, retry: false } });
      return;
    }
    const key = keyOf(request);
    const asker: Asker = { request, known, timer: undefined };
    this.#askers.set(key, asker);
    this.#desk.add(key, question);
    if (known !== undefined) this.#awaitEnd(key, asker);
    const { fresh } = this.#values;
    if (fresh === undefined) this.#values.ask();
    else this.#give(this.#desk.settle(fresh, key));
  }

  cancel(job: JobKey): void {
    const key = keyOf(job);
    this.#desk.remove(key);
    this.#askers.get(key)?.timer?.cancel();
    this.#askers.delete(key);
  }

  valuesCame(values: NamedValues): void {
    this.#give(this.#desk.settle(values));
  }

  stop(): void {
    for (const { timer } of this.#askers.values()) timer?.cancel();
  }

  #give(given: readonly Given<string>[]): void {
    for (const { key, answer } of given) {
      const asker = this.#askers.get(key);
      if (asker === undefined) continue;
      this.#askers.delete(key);
      asker.timer?.cancel();
      this.counts.answers++;
      if (asker.known !== undefined && asker.known !== answer.text) this.counts.changesTold++;
      asker.request.reply({ text: answer.text, detail: { values: answer.values } });
    }
  }

  #awaitEnd(key: string, asker: Asker): void {
    const leftMs = asker.request.timeLeftMs();
    const pauseMs = leftMs - Math.min(LAST_WORD_MS, leftMs / 2);
    asker.timer = this.#clock.after(pauseMs, () => {
      // Asked again meanwhile, with a later deadline.
      if (asker.request.timeLeftMs() > LAST_WORD_MS) return this.#awaitEnd(key, asker);
      this.#desk.end(key);
      const { fresh } = this.#values;
      if (fresh === undefined) this.#values.ask();
      else this.#give(this.#desk.settle(fresh, key));
    });
  }
}

function knownOf(detail: Json | undefined): string | undefined {
  if (typeof detail !== 'object' || detail === null || !('known' in detail)) return undefined;
  const { known } = detail;
  return typeof known === 'string' ? known : undefined;
}

/** No id holds a space. */
const keyOf = ({ guest, id }: JobKey): string => `${id} ${guest}`;
