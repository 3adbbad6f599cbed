/** What has been fenced, and what is being fenced: `stonith_admin --history` and the history in `crm_mon`. */
import { childrenNamed, elementAt, type XmlElement } from '../xml/xml-element.ts';
import type { Pacemaker, PacemakerFailure } from './pacemaker-call.ts';
import { callForResult, requiredText } from './pacemaker-result.ts';

export interface FenceEvent {
  /** `off`, `reboot`, `on` */
  readonly action: string;
  readonly target: string;
  readonly status: 'success' | 'failed' | 'pending';
  /** Who asked, and on which node. */
  readonly client: string | undefined;
  readonly origin: string | undefined;
  /** Who did it. */
  readonly delegate: string | undefined;
  /** As Pacemaker writes it, `2026-11-21 03:49:53Z`; undefined while it is pending. */
  readonly completedAt: string | undefined;
  readonly reason: string | undefined;
}

export type FenceHistoryResult =
  | { readonly ok: true; readonly events: readonly FenceEvent[] }
  | PacemakerFailure;

/** The history of all nodes, the newest first, as far as the local node remembers. */
export async function queryFenceHistory(pacemaker: Pacemaker): Promise<FenceHistoryResult> {
  return callForResult(pacemaker, ['stonith_admin', '--history', '*', '--verbose'], (result) => {
    const list = elementAt(result, 'list');
    return { events: list === undefined ? [] : childrenNamed(list, 'fence_event').map(fenceEventOf) };
  });
}

export function fenceEventOf(element: XmlElement): FenceEvent {
  const { attributes } = element;
  const status = attributes['status'];
  return {
    action: requiredText(element, 'action'),
    target: requiredText(element, 'target'),
    status: status === 'success' || status === 'failed' ? status : 'pending',
    client: attributes['client'],
    origin: attributes['origin'],
    delegate: attributes['delegate'],
    completedAt: attributes['completed'],
    reason: attributes['exit-reason'],
  };
}
