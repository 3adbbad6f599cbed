/**
 * Starts that libvirt was asked for and has not answered. virsh may be given up; what it asked libvirtd for goes on, and
 * may bring a domain up at any later time.
 *
 * Invariant: a start stays here until its own answer, or that of a later one of the same domain: libvirt carries them out
 * one after the other. A connection that broke is no answer.
 */
import type { StartResult } from '../../libvirt/domain-control.ts';

/** How long an answer is waited for after whoever asked has turned away. */
export const START_ANSWERED_MS = 600_000;

export class PendingStarts {
  readonly #pending = new Map<string, Set<symbol>>();

  has(domain: string): boolean {
    return this.#pending.has(domain);
  }

  /** The answer, or undefined when it has not come in time. */
  async begin(
    domain: string,
    start: () => Promise<StartResult>,
    enough: Promise<void>,
  ): Promise<StartResult | undefined> {
    const own = Symbol(domain);
    const before = this.#pending.get(domain) ?? new Set();
    this.#pending.set(domain, new Set([...before, own]));
    const answered = (async () => {
      const answer = await start();
      if (isAnswer(answer)) this.#end(domain, new Set([...before, own]));
      return answer;
    })();
    return Promise.race([answered, enough.then(() => undefined)]);
  }

  #end(domain: string, ended: ReadonlySet<symbol>): void {
    const left = [...(this.#pending.get(domain) ?? [])].filter((one) => !ended.has(one));
    if (left.length === 0) this.#pending.delete(domain);
    else this.#pending.set(domain, new Set(left));
  }
}

function isAnswer(answer: StartResult): boolean {
  if (answer.ok || answer.kind === 'refused' || answer.kind === 'no-such-domain') return true;
  return answer.kind === 'unavailable' && /failed to connect/i.test(answer.fault);
}
