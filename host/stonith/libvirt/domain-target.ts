/**
 * A domain of this host's libvirt, as one fencing job sees and changes it: the back end without a cluster.
 *
 * Invariant: it is off only when the QEMU process that was seen to run it has ended *and* either this very job has ended
 * it while it lived or libvirt says that it is shut off. Of an end that it did not bring about libvirt takes some 200 ms
 * to hear, in which it answers nobody, so a job that has seen the end doesn't ask. A domain that libvirt does not know is
 * not there at all. Never off is what libvirt was asked to start and has not answered, what has been sent to another host,
 * or is on its way there (nobody here sees it there), and what has its memory saved: it would go on where it was.
 */
import { systemCodeOf } from '../../../shared/errors.ts';
import { abortDomainJob, destroyDomain, forgetMemory, startDomain } from '../../libvirt/domain-control.ts';
import { type DomainListResult, type DomainSummary, listDomains } from '../../libvirt/domain-list.ts';
import type { Virsh } from '../../libvirt/virsh.ts';
import type { Facts, Role, Target } from '../decide/facts.ts';
import type { FenceRecord } from '../decide/record.ts';
import type { Done, FenceTarget, Looked } from '../desk/back-end.ts';
import { hasSavedMemory, type LibvirtFolders, wasSentAway } from './domain-traces.ts';
import { type PendingStarts, START_ANSWERED_MS } from './pending-starts.ts';
import { hasEnded, type ProcessId } from './processes.ts';
import { endUnless, qemuProcessOf } from './qemu-process.ts';
import { type Whereabouts, whereaboutsOf } from './status-file.ts';

export interface DomainTargetOptions {
  readonly host: string;
  readonly virsh: Omit<Virsh, 'deadlineMs'>;
  readonly folders: LibvirtFolders;
  readonly sleep: (ms: number) => Promise<void>;
  readonly requester: string;
  /** What jobs of this daemon are ending just now: a guest among them has no say any more. */
  readonly ending: Set<string>;
  /** What jobs of this daemon have asked libvirt to start, and it has not answered. */
  readonly starts: PendingStarts;
}

const DONE: Done = { ok: true };
const REQUESTER_ENDS: Done = {
  ok: false,
  fault: 'the guest that asks is being ended itself',
  isCertain: true,
  isConflict: true,
};
const HAS_LEFT = { ok: false, fault: 'it was sent to another host', isCertain: true } as const;
const START_UNANSWERED = {
  ok: false,
  fault: 'libvirt has not answered to its start; should it stay so, restart libvirtd',
  isCertain: false,
} as const;
const END_WITHIN_MS = 2_000;
const END_LOOK_MS = 2;
const LOOK_AGAIN_MS = 20;
const ABORT_MS = 1_000;
const HEARD_WITHIN_MS = 3_000;
/** Reasons that hide an earlier one. */
const FORGETFUL: readonly string[] = ['unknown', 'failed', 'daemon'];

export class DomainTarget implements FenceTarget {
  readonly #name: string;
  readonly #options: DomainTargetOptions;
  #process: ProcessId | undefined;
  #ordered: Role | undefined;
  #wasDestroyed = false;
  /** The QEMU that it ended lived, and is gone: what libvirt says adds nothing to that. */
  #sawItsEnd = false;

  constructor(name: string, options: DomainTargetOptions) {
    this.#name = name;
    this.#options = options;
  }

  async look(_needs: unknown, deadlineMs: number): Promise<Looked> {
    if (this.#sawItsEnd && !this.#lingers()) {
      return { ok: true, facts: this.#factsOf(this.#targetOf(undefined), false) };
    }
    const list = await this.#list(deadlineMs);
    if (!list.ok) return { ok: false, fault: list.fault };
    const named = (name: string) => list.domains.find((domain) => domain.name === name);
    const requester = named(this.#options.requester);
    const isOff = requester !== undefined && requester.id === undefined;
    return { ok: true, facts: this.#factsOf(this.#targetOf(named(this.#name)), isOff) };
  }

  /** Looks again while libvirt has not heard yet that the QEMU of one that it calls running has ended. */
  async #list(deadlineMs: number): Promise<DomainListResult> {
    const askedMs = performance.now();
    const untilMs = askedMs + Math.min(HEARD_WITHIN_MS, deadlineMs);
    for (;;) {
      const leftMs = askedMs + deadlineMs - performance.now();
      const list = await listDomains(this.#within(Math.max(1, leftMs)));
      const domain = list.ok ? list.domains.find(({ name }) => name === this.#name) : undefined;
      if (domain?.id === undefined || this.#lingers() || performance.now() > untilMs) return list;
      await this.#options.sleep(LOOK_AGAIN_MS);
    }
  }

  async mark(): Promise<Done> {
    return DONE;
  }

  async order(role: Role, _record: FenceRecord, deadlineMs: number): Promise<Done> {
    if (role === 'Started') {
      this.#ordered = role;
      const list = await this.#list(deadlineMs);
      if (!list.ok) return { ok: false, fault: list.fault, isCertain: true };
      // It may have left since the look.
      if (this.#isElsewhere(list.domains.find(({ name }) => name === this.#name))) return HAS_LEFT;
      return this.start(deadlineMs);
    }
    if (this.#requesterIsEnding) return REQUESTER_ENDS;
    this.#ordered = role;
    this.#options.ending.add(this.#name);
    const untilMs = performance.now() + deadlineMs;
    const destroyed = await this.#destroy(deadlineMs);
    if (!destroyed.ok || !hasSavedMemory(this.#options.folders, this.#name)) return destroyed;
    const virsh = this.#within(Math.max(1, untilMs - performance.now()));
    const forgotten = await forgetMemory(virsh, { name: this.#name });
    return forgotten.ok ? DONE : { ok: false, fault: forgotten.fault, isCertain: false };
  }

  get #requesterIsEnding(): boolean {
    const { ending, requester } = this.#options;
    return requester !== this.#name && ending.has(requester);
  }

  async start(deadlineMs: number): Promise<Done> {
    this.#options.ending.delete(this.#name);
    const untilMs = performance.now() + deadlineMs;
    if (this.#sawItsEnd) await this.#list(deadlineMs); // it starts nothing that it takes for running
    this.#wasDestroyed = false;
    this.#sawItsEnd = false;
    const { starts, sleep } = this.#options;
    const virsh = this.#within(START_ANSWERED_MS);
    const enough = sleep(Math.max(1, untilMs - performance.now()));
    const answer = await starts.begin(this.#name, () => startDomain(virsh, { name: this.#name }), enough);
    if (answer === undefined) return START_UNANSWERED;
    return answer.ok ? DONE : { ok: false, fault: answer.fault, isCertain: answer.kind === 'refused' };
  }

  async clear(): Promise<Done> {
    this.#options.ending.delete(this.#name);
    return DONE;
  }

  /** There is no role here that would have to be put back. */
  async rollBack(): Promise<Done> {
    if (this.#ordered === 'Stopped') this.#options.ending.delete(this.#name);
    return DONE;
  }

  /**
   * What is between two hosts is held back first: the other host might go on with it. libvirt's own way begins with a
   * polite signal and waits in steps of 200 ms; ours does not, and asks libvirt nothing that would wait for what others
   * have asked of a QEMU that hangs.
   */
  async #destroy(deadlineMs: number): Promise<Done> {
    const untilMs = performance.now() + deadlineMs;
    const qemu = this.#process;
    let isAborted = false;
    for (;;) {
      const lives = qemu !== undefined && !hasEnded(qemu);
      const whereabouts = lives ? this.#end(qemu, 'here') : this.#whereabouts;
      if (lives && whereabouts.kind === 'here') return this.#seeTheEnd(qemu, untilMs);
      if (whereabouts.kind !== 'doubtful') return this.#destroyByLibvirt(untilMs);
      if (performance.now() > untilMs) return { ok: false, fault: whereabouts.fault, isCertain: false };
      if (whereabouts.isLeaving && !isAborted) {
        isAborted = true;
        await abortDomainJob(this.#within(ABORT_MS), { name: this.#name });
      }
      await this.#options.sleep(LOOK_AGAIN_MS);
    }
  }

  /** Told to end if that is what is returned. A migration may have begun since anybody looked, so that it is frozen for this look. */
  #end(qemu: ProcessId, only: 'here' | 'unknown'): Whereabouts {
    try {
      const obstacle = endUnless(qemu, () => {
        const whereabouts = this.#whereabouts;
        return whereabouts.kind === only ? undefined : whereabouts;
      });
      return obstacle ?? { kind: only };
    } catch (thrown) {
      if (systemCodeOf(thrown) === 'EPERM') return this.#whereabouts; // libvirt may
      throw thrown;
    }
  }

  async #seeTheEnd(qemu: ProcessId, untilMs: number): Promise<Done> {
    const giveUpMs = Math.min(untilMs, performance.now() + END_WITHIN_MS);
    while (!hasEnded(qemu)) {
      if (performance.now() > giveUpMs) return this.#destroyByLibvirt(untilMs);
      await this.#options.sleep(END_LOOK_MS);
    }
    if (this.#wasSentAway) return { ...HAS_LEFT, isCertain: false };
    this.#wasDestroyed = true;
    this.#sawItsEnd = true;
    return DONE;
  }

  async #destroyByLibvirt(untilMs: number): Promise<Done> {
    const virsh = this.#within(Math.max(1, untilMs - performance.now()));
    const answer = await destroyDomain(virsh, { name: this.#name });
    if (!answer.ok) return { ok: false, fault: answer.fault, isCertain: false };
    this.#wasDestroyed = answer.outcome === 'destroyed' && !this.#wasSentAway;
    return answer.outcome === 'not-running' ? this.#endTheForgotten(untilMs) : DONE;
  }

  /** libvirt calls it off, has no note of it, and has not sent it away: where its /run was lost it will never end that QEMU. */
  async #endTheForgotten(untilMs: number): Promise<Done> {
    const qemu = this.#process;
    if (qemu === undefined || hasEnded(qemu) || this.#wasSentAway) return DONE;
    return this.#end(qemu, 'unknown').kind === 'unknown' ? this.#seeTheEnd(qemu, untilMs) : DONE;
  }

  get #whereabouts(): Whereabouts {
    return whereaboutsOf(this.#options.folders.pids, this.#name);
  }

  get #wasSentAway(): boolean {
    return wasSentAway(this.#options.folders, this.#name);
  }

  #targetOf(domain: DomainSummary | undefined): Target | undefined {
    if (domain === undefined && !this.#wasDestroyed) return undefined;
    const isOff = domain === undefined || (domain.state.name === 'shut-off' && domain.id === undefined);
    const lingers = this.#lingers();
    return {
      isManaged: true,
      isBlocked: false,
      hasFailed: false,
      activeOn: isOff && !lingers ? [] : [this.#options.host],
      pending: this.#pendingOf(domain, isOff, lingers),
      role: this.#ordered,
      ownRole: undefined,
      record: undefined,
      obstacle: undefined,
      savesMemory: false,
      isElsewhere: this.#isElsewhere(domain),
    };
  }

  /** libvirt remembers why it is off until it is restarted or a start has failed; its log knows longer. */
  #isElsewhere(domain: DomainSummary | undefined): boolean {
    if (domain?.state.name !== 'shut-off' || domain.id !== undefined || this.#wasDestroyed) return false;
    const { reason } = domain.state;
    if (reason === 'migrated') return true;
    return FORGETFUL.includes(reason) && this.#wasSentAway;
  }

  /** Whether a QEMU of it lives: the one that this job has seen, or another. */
  #lingers(): boolean {
    const present = qemuProcessOf(this.#options.folders.pids, this.#name);
    this.#process ??= present;
    return [this.#process, present].some((one) => one !== undefined && !hasEnded(one));
  }

  #pendingOf(domain: DomainSummary | undefined, isOff: boolean, lingers: boolean): string | undefined {
    if (this.#options.starts.has(this.#name)) return START_UNANSWERED.fault;
    if (isOff && lingers) return 'its process has not ended';
    if (isOff)
      return hasSavedMemory(this.#options.folders, this.#name)
        ? 'its memory is saved, and would come back'
        : undefined;
    const state = domain?.state.name;
    if (state === 'no-state' || state === 'in-shutdown' || state === 'shut-off') return state;
    return this.#process === undefined ? 'its process is not known' : undefined;
  }

  #factsOf(target: Target | undefined, requesterIsOff: boolean): Facts {
    const tells = target?.activeOn.length === 0 ? 'stopped' : 'otherwise';
    const node = {
      name: this.#options.host,
      isOnline: true,
      isUnclean: false,
      isPending: false,
      tells,
    } as const;
    return {
      teller: 'libvirt',
      hasQuorum: true,
      fencesItsNodes: true,
      nodes: [node],
      unsettled: undefined,
      hasMigrated: false,
      ordersAreDone: true,
      requesterIsDoomed: requesterIsOff || this.#requesterIsEnding,
      target,
      finished: undefined,
    };
  }

  #within(deadlineMs: number): Virsh {
    return { ...this.#options.virsh, deadlineMs };
  }
}
