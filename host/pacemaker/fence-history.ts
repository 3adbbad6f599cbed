/** What has been fenced, and what is being fenced: an entry of the history that Pacemaker's tools print. */
import type { XmlElement } from '../xml/xml-element.ts';
import { requiredText } from './pacemaker-result.ts';

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
