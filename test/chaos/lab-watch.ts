/**
 * Looks at the laboratory from outside all the while, and asks no daemon in it: QEMU's processes for the observer, and the
 * hosts' audit logs, whose answers are judged in the moment that they are read.
 */
import { HOSTS } from '../lab/fencing-world.ts';
import type { Laboratory } from '../lab/lab.ts';
import { QemuScan } from '../lab/qemu-scan.ts';
import { AuditWatch } from './audit-watch.ts';
import { Observer, victimOf } from './observer.ts';
import type { StrikeLedger } from './strike-ledger.ts';
import type { Violations } from './violations.ts';

const LOOK_MS = 25;

/** What was found of a job that is over: its answer was given once, and was judged then. */
const isRepeatedToNobody = (reason: string): boolean =>
  reason.startsWith('taken up again, with nobody waiting: it was asked before');

export interface Looks {
  readonly count: number;
  readonly meanMs: number;
  readonly longestMs: number;
}

export class LabWatch {
  readonly observer: Observer;
  readonly audit: AuditWatch;
  readonly #scan: QemuScan;
  readonly #ledger: StrikeLedger;
  readonly #timer: NodeJS.Timeout;
  readonly #begunMs = Date.now();
  #count = 0;
  #lastMs = Date.now();
  #longestMs = 0;

  constructor(lab: Laboratory, violations: Violations, ledger: StrikeLedger, twoLiveForMs: number) {
    this.observer = new Observer(violations, twoLiveForMs);
    this.audit = new AuditWatch((host) => lab.rootOf(host));
    this.#scan = new QemuScan(lab);
    this.#ledger = ledger;
    this.audit.read(HOSTS, Date.now()); // what was there before is nobody's answer
    this.look();
    this.#timer = setInterval(() => this.look(), LOOK_MS);
  }

  /** When it was begun. */
  look(): number {
    const nowMs = Date.now();
    this.observer.see(this.#scan.look(), nowMs);
    this.#count++;
    this.#longestMs = Math.max(this.#longestMs, nowMs - this.#lastMs);
    this.#lastMs = nowMs;
    for (const { operation, target, result, reason, host, timeMs, durationMs, readMs } of this.audit.read(
      HOSTS,
      nowMs,
    )) {
      const victim = victimOf(target);
      if (isRepeatedToNobody(reason)) continue;
      if (victim === undefined || result !== 'confirmed') continue;
      // By the host's clock, which is the machine's unless it was moved: read later, it was given then all the same.
      const atMs = this.#ledger.hasTrueClock(host, nowMs) ? Math.min(timeMs, readMs) : readMs;
      const answer = { askedMs: atMs - durationMs, atMs };
      if (operation === 'off') this.observer.confirmedOff(victim, answer);
      if (operation === 'reset') this.observer.confirmedReset(victim, answer);
    }
    return nowMs;
  }

  end(): void {
    clearInterval(this.#timer);
  }

  get looks(): Looks {
    const forMs = this.#lastMs - this.#begunMs;
    return { count: this.#count, meanMs: forMs / Math.max(1, this.#count), longestMs: this.#longestMs };
  }
}
