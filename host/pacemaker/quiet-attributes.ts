/**
 * Node attributes that the scheduler isn't run for.
 *
 * A *quiet* one is known to pacemaker-attrd of every node at once and gets into the CIB only when it still stands after
 * `QUIET_S` seconds; one that is removed before never gets there (Pacemaker 2.1.5: only `--update-both` obeys a delay). A
 * *private* one never does.
 */
import { cibTextFault } from './cib-text.ts';
import type { NodeAttribute } from './node-attributes.ts';
import { callPacemaker, type Pacemaker, type PacemakerFailure } from './pacemaker-call.ts';

const QUIET_S = 5;

type Done = { readonly ok: true } | PacemakerFailure;

export function setQuietAttribute(pacemaker: Pacemaker, at: NodeAttribute, value: string): Promise<Done> {
  return update(pacemaker, at, value, [`--update-both=${value}`, `--delay=${QUIET_S}s`]);
}

export function setPrivateAttribute(pacemaker: Pacemaker, at: NodeAttribute, value: string): Promise<Done> {
  return update(pacemaker, at, value, [`--update=${value}`, '--private']);
}

async function update(
  pacemaker: Pacemaker,
  { name, node }: NodeAttribute,
  value: string,
  change: readonly string[],
): Promise<Done> {
  const fault = cibTextFault(name) ?? cibTextFault(value);
  if (fault !== undefined) return { ok: false, kind: 'refused', fault: `cannot set ${name}: ${fault}` };
  const argv = ['attrd_updater', `--name=${name}`, `--node=${node}`, ...change];
  const answer = await callPacemaker(pacemaker, argv);
  return answer.ok ? { ok: true } : answer;
}
