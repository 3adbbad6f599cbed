/**
 * Starts that libvirt was asked for and has not answered. virsh may be given up; what it asked libvirtd for goes on, and
 * may bring a domain up at any later time. So does this daemon's own end leave it: therefore a file knows them, too.
 *
 *   asked --its answer, or a later start of the same domain was carried out--> over
 *     | virsh has ended without one
 *   held by libvirt's processes of that moment --they have all ended--> over
 *
 * Invariant: a start is in the file before virsh is called. A connection that broke is no answer, and what libvirt shows
 * of the domain is none either: it may have been started by somebody else, with this start still to come.
 */
import { messageOf } from '../../../shared/errors.ts';
import type { Logger } from '../../../shared/log.ts';
import type { StartResult } from '../../libvirt/domain-control.ts';
import type { LibvirtProcesses } from './libvirt-processes.ts';
import { hasEnded, type ProcessId } from './processes.ts';
import type { KeptStart, StartsFile } from './starts-file.ts';

/** How long an answer is waited for after whoever asked has turned away. */
export const START_ANSWERED_MS = 600_000;

export interface PendingStartsOptions {
  readonly file: StartsFile;
  readonly processes: LibvirtProcesses;
  readonly log: Logger;
}

interface Start {
  readonly domain: string | undefined;
  heldBy: readonly ProcessId[] | undefined;
  /** This daemon still waits for the answer. */
  isOwn: boolean;
}

export class PendingStarts {
  readonly #options: PendingStartsOptions;
  #starts: readonly Start[];

  constructor(options: PendingStartsOptions) {
    this.#options = options;
    this.#starts = this.#left().map((start) => ({ ...start, isOwn: false }));
    this.#settle();
  }

  has(domain: string): boolean {
    this.#settle();
    return this.#starts.some((start) => start.domain === undefined || start.domain === domain);
  }

  /** The answer, or undefined when it has not come in time. */
  async begin(
    domain: string,
    start: () => Promise<StartResult>,
    enough: Promise<void>,
  ): Promise<StartResult | undefined> {
    const before = this.#starts.filter((one) => one.domain === domain);
    const own: Start = { domain, heldBy: undefined, isOwn: true };
    this.#starts = [...this.#starts, own];
    try {
      this.#options.file.write(this.#starts.map(kept));
    } catch (thrown) {
      this.#starts = this.#starts.filter((one) => one !== own);
      const fault = `it is not started, for that could not be written down: ${messageOf(thrown)}`;
      return { ok: false, kind: 'refused', fault };
    }
    const answered = (async () => {
      const answer = await start();
      own.isOwn = false;
      const over = wasCarriedOut(answer) ? [...before, own] : isAnswer(answer) ? [own] : [];
      this.#starts = this.#starts.filter((one) => !over.includes(one));
      this.#settle();
      this.#write();
      return answer;
    })();
    return Promise.race([answered, enough.then(() => undefined)]);
  }

  /** What the daemon before this one has left. */
  #left(): readonly KeptStart[] {
    try {
      return this.#options.file.read();
    } catch (thrown) {
      this.#options.log.error(
        'which starts libvirt has not answered is not known: no domain is confirmed off',
        {
          reason: messageOf(thrown),
          remedy: 'restart libvirtd',
        },
      );
      return [{ domain: undefined, heldBy: undefined }];
    }
  }

  /** Whoever asked has ended; when libvirt's processes of then have, too, nobody is left to carry it out. */
  #settle(): void {
    const left = this.#starts.filter(({ isOwn }) => !isOwn);
    if (left.length === 0) return;
    const { processes } = this.#options;
    const unheld = left.filter(({ heldBy }) => heldBy === undefined);
    if (unheld.length > 0 && !processes.isAsked()) {
      const daemons = processes.daemons();
      for (const start of unheld) start.heldBy = daemons;
      this.#write();
    }
    const over = left.filter(({ heldBy }) => heldBy?.every(hasEnded));
    if (over.length === 0) return;
    this.#starts = this.#starts.filter((one) => !over.includes(one));
    this.#write();
  }

  /** What the file has too much costs a successor's answers, and no truth. */
  #write(): void {
    try {
      this.#options.file.write(this.#starts.map(kept));
    } catch (thrown) {
      this.#options.log.warning('the starts that libvirt has not answered could not be written down', {
        reason: messageOf(thrown),
      });
    }
  }
}

const kept = ({ domain, heldBy }: Start): KeptStart => ({ domain, heldBy });

/** libvirt carries out one start of a domain after the other. */
const wasCarriedOut = (answer: StartResult): boolean => answer.ok && answer.outcome === 'started';

function isAnswer(answer: StartResult): boolean {
  if (answer.ok || answer.kind === 'refused' || answer.kind === 'no-such-domain') return true;
  return answer.kind === 'unavailable' && /failed to connect/i.test(answer.fault);
}
