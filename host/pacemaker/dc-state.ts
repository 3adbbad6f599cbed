/** What the node that decides is about: `crmadmin`. */

import type { Pacemaker, PacemakerFailure } from './pacemaker-call.ts';
import { callForResult, requiredChild, requiredText } from './pacemaker-result.ts';

export interface DcState {
  /** Undefined while the nodes elect one. */
  readonly dc: string | undefined;
  /** The state of its machine, `S_IDLE` when everything that was to be done is done. */
  readonly state: string | undefined;
  readonly isIdle: boolean;
}

export type DcStateResult = { readonly ok: true; readonly dcState: DcState } | PacemakerFailure;

export async function queryDcState(pacemaker: Pacemaker): Promise<DcStateResult> {
  const timeout = `--timeout=${Math.max(1, Math.floor(pacemaker.deadlineMs / 1000))}s`;
  const lookup = await callForResult(pacemaker, ['crmadmin', '--dc_lookup', timeout], (result) => ({
    dc: requiredChild(result, 'dc').attributes['node_name'],
  }));
  if (!lookup.ok) return lookup;
  const { dc } = lookup;
  if (dc === undefined || dc === '')
    return { ok: true, dcState: { dc: undefined, state: undefined, isIdle: false } };
  const status = await callForResult(pacemaker, ['crmadmin', `--status=${dc}`, timeout], (result) => ({
    state: requiredText(requiredChild(result, 'crmd'), 'state'),
  }));
  if (!status.ok) return status;
  return { ok: true, dcState: { dc, state: status.state, isIdle: status.state === 'S_IDLE' } };
}
