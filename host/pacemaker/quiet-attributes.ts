/**
 * Node attributes that the scheduler isn't run for.
 *
 * A *quiet* one is known to pacemaker-attrd of every node at once and gets into the CIB only when it still stands after
 * `QUIET_S` seconds; one that is removed before never gets there (Pacemaker 2.1.5: only `--update-both` obeys a delay). A
 * *private* one never does.
 */
import { cibTextFault } from './cib-text.ts';
import { changeAttribute, type NodeAttribute } from './node-attributes.ts';
import type { Pacemaker, PacemakerFailure } from './pacemaker-call.ts';

const QUIET_S = 5;

type Done = { readonly ok: true } | PacemakerFailure;

export function setQuietAttribute(pacemaker: Pacemaker, at: NodeAttribute, value: string): Promise<Done> {
  return set(pacemaker, at, value, [`--update-both=${value}`, `--delay=${QUIET_S}s`]);
}

export function setPrivateAttribute(pacemaker: Pacemaker, at: NodeAttribute, value: string): Promise<Done> {
  return set(pacemaker, at, value, [`--update=${value}`, '--private']);
}

/**
 * Pacemaker 2.1.5 makes an attribute of what is to be deleted and is none, and whether it is private it asks only then:
 * deleted like others, all that is set later would get into the CIB.
 */
export function deletePrivateAttribute(pacemaker: Pacemaker, at: NodeAttribute): Promise<Done> {
  return changeAttribute(pacemaker, at, ['--delete', '--private']);
}

async function set(
  pacemaker: Pacemaker,
  at: NodeAttribute,
  value: string,
  change: readonly string[],
): Promise<Done> {
  const fault = cibTextFault(at.name) ?? cibTextFault(value);
  if (fault !== undefined) return { ok: false, kind: 'refused', fault: `cannot set ${at.name}: ${fault}` };
  return changeAttribute(pacemaker, at, change);
}
