/** Starts, stops and defines domains. No retries and no waiting: each is one virsh process, and says what it knows. */
import { type DomainSelector, domainWord } from './domain-selector.ts';
import { callVirsh, type Virsh, type VirshFailure } from './virsh.ts';

/**
 * `destroyed`: it ran and libvirt has ended it. `not-running`: libvirt has it and it did not run. A domain that
 * this libvirt does not know is the failure `no-such-domain`: it may well run on another host.
 */
export type DestroyResult =
  | { readonly ok: true; readonly outcome: 'destroyed' | 'not-running' }
  | VirshFailure;

export async function destroyDomain(virsh: Virsh, selector: DomainSelector): Promise<DestroyResult> {
  const answer = await onDomain(virsh, 'destroy', selector);
  if (answer.ok) return { ok: true, outcome: 'destroyed' };
  const isStopped = answer.kind === 'refused' && /domain is not running/i.test(answer.fault);
  return isStopped ? { ok: true, outcome: 'not-running' } : answer;
}

export type StartResult =
  | { readonly ok: true; readonly outcome: 'started' | 'already-running' }
  | VirshFailure;

/** Starts a domain that libvirt has defined. */
export async function startDomain(virsh: Virsh, selector: DomainSelector): Promise<StartResult> {
  const answer = await onDomain(virsh, 'start', selector);
  if (answer.ok) return { ok: true, outcome: 'started' };
  const isRunning = answer.kind === 'refused' && /is already active/i.test(answer.fault);
  return isRunning ? { ok: true, outcome: 'already-running' } : answer;
}

/** Removes what a managed save has kept of it: its next start is a start. */
export async function forgetMemory(
  virsh: Virsh,
  selector: DomainSelector,
): Promise<{ readonly ok: true } | VirshFailure> {
  const answer = await onDomain(virsh, 'managedsave-remove', selector);
  return answer.ok ? { ok: true } : answer;
}

/** Makes an XML file the definition of its domain; a running one has it from its next start. */
export async function defineDomain(
  virsh: Virsh,
  xmlPath: string,
): Promise<{ readonly ok: true } | VirshFailure> {
  const answer = await callVirsh(virsh, ['define', `--file=${xmlPath}`]);
  return answer.ok ? { ok: true } : answer;
}

/** Ends its migration, save or dump; it goes on running here. */
export async function abortDomainJob(
  virsh: Virsh,
  selector: DomainSelector,
): Promise<{ readonly ok: true } | VirshFailure> {
  const answer = await onDomain(virsh, 'domjobabort', selector);
  return answer.ok ? { ok: true } : answer;
}

/** Plugs a device into a running domain; until it is shut down, and only there. */
export async function attachDevice(
  virsh: Virsh,
  selector: DomainSelector,
  xmlPath: string,
): Promise<{ readonly ok: true } | VirshFailure> {
  const answer = await onDomain(virsh, 'attach-device', selector, [`--file=${xmlPath}`, '--live']);
  return answer.ok ? { ok: true } : answer;
}

async function onDomain(
  virsh: Virsh,
  command: string,
  selector: DomainSelector,
  more: readonly string[] = [],
) {
  const domain = await domainWord(virsh, selector);
  return domain.ok ? callVirsh(virsh, [command, `--domain=${domain.word}`, ...more]) : domain;
}
