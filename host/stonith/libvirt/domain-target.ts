/**
 * A domain of this host's libvirt, as one fencing job sees and changes it: the back end without a cluster.
 *
 * Invariant: it is off only when libvirt says that it is shut off *and* the QEMU process that was seen to run it has
 * ended. A domain that libvirt does not know is not there at all, unless this very job has ended it: it was transient.
 */
import { destroyDomain, startDomain } from '../../libvirt/domain-control.ts';
import { type DomainSummary, findDomain } from '../../libvirt/domain-list.ts';
import type { Virsh } from '../../libvirt/virsh.ts';
import type { Facts, Role, Target } from '../decide/facts.ts';
import type { FenceRecord } from '../decide/record.ts';
import type { Done, FenceTarget, Looked, LookNeeds } from '../desk/back-end.ts';
import { endProcess, hasEnded, type QemuProcess, qemuProcessOf } from './qemu-process.ts';

export interface DomainTargetOptions {
  readonly host: string;
  readonly virsh: Omit<Virsh, 'deadlineMs'>;
  /** Where libvirt keeps the pid files of its QEMUs. */
  readonly pidDirectory: string;
  readonly sleep: (ms: number) => Promise<void>;
}

const DONE: Done = { ok: true };
const END_WITHIN_MS = 2_000;
const END_LOOK_MS = 2;

export class DomainTarget implements FenceTarget {
  readonly #name: string;
  readonly #options: DomainTargetOptions;
  #process: QemuProcess | undefined;
  #ordered: Role | undefined;
  #wasDestroyed = false;

  constructor(name: string, options: DomainTargetOptions) {
    this.#name = name;
    this.#options = options;
  }

  async look(_needs: LookNeeds, deadlineMs: number): Promise<Looked> {
    const found = await findDomain(this.#within(deadlineMs), this.#name);
    if (!found.ok && found.kind !== 'no-such-domain') return { ok: false, fault: found.fault };
    const domain = found.ok ? found.domain : undefined;
    return { ok: true, facts: this.#factsOf(this.#targetOf(domain)) };
  }

  async mark(): Promise<Done> {
    return DONE;
  }

  async order(role: Role, _record: FenceRecord, deadlineMs: number): Promise<Done> {
    this.#ordered = role;
    return role === 'Stopped' ? this.#destroy(deadlineMs) : this.start(deadlineMs);
  }

  async start(deadlineMs: number): Promise<Done> {
    const answer = await startDomain(this.#within(deadlineMs), { name: this.#name });
    return answer.ok ? DONE : { ok: false, fault: answer.fault, isCertain: answer.kind === 'refused' };
  }

  async clear(): Promise<Done> {
    return DONE;
  }

  /** There is no role here that would have to be put back. */
  async rollBack(): Promise<Done> {
    return DONE;
  }

  /** libvirt's own way begins with a polite signal and waits in steps of 200 ms; ours does not. */
  async #destroy(deadlineMs: number): Promise<Done> {
    if (this.#process !== undefined && endProcess(this.#process)) await this.#awaitEnd(deadlineMs);
    const answer = await destroyDomain(this.#within(deadlineMs), { name: this.#name });
    const isGone = !answer.ok && answer.kind === 'no-such-domain' && this.#process !== undefined;
    this.#wasDestroyed = answer.ok || isGone;
    return this.#wasDestroyed ? DONE : { ok: false, fault: answer.ok ? '' : answer.fault, isCertain: false };
  }

  async #awaitEnd(deadlineMs: number): Promise<void> {
    const untilMs = performance.now() + Math.min(deadlineMs, END_WITHIN_MS);
    while (this.#process !== undefined && !hasEnded(this.#process) && performance.now() < untilMs) {
      await this.#options.sleep(END_LOOK_MS);
    }
  }

  #targetOf(domain: DomainSummary | undefined): Target | undefined {
    if (domain === undefined && !this.#wasDestroyed) return undefined;
    const isOff = domain === undefined || (domain.state.name === 'shut-off' && domain.id === undefined);
    const present = qemuProcessOf(this.#options.pidDirectory, this.#name);
    this.#process ??= present;
    const lingers = [this.#process, present].some((one) => one !== undefined && !hasEnded(one));
    return {
      isManaged: true,
      isBlocked: false,
      hasFailed: false,
      activeOn: isOff && !lingers ? [] : [this.#options.host],
      pending: this.#pendingOf(domain, isOff, lingers),
      role: this.#ordered,
      ownRole: undefined,
      record: undefined,
    };
  }

  #pendingOf(domain: DomainSummary | undefined, isOff: boolean, lingers: boolean): string | undefined {
    if (isOff) return lingers ? 'its process has not ended' : undefined;
    const state = domain?.state.name;
    if (state === 'no-state' || state === 'in-shutdown' || state === 'shut-off') return state;
    return this.#process === undefined ? 'its process is not known' : undefined;
  }

  #factsOf(target: Target | undefined): Facts {
    const node = { name: this.#options.host, isOnline: true, isUnclean: false, isPending: false };
    return {
      hasQuorum: true,
      fencesItsNodes: true,
      nodes: [node],
      isSettled: true,
      target,
      finished: undefined,
    };
  }

  #within(deadlineMs: number): Virsh {
    return { ...this.#options.virsh, deadlineMs };
  }
}
