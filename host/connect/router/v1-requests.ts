/**
 * Frames of version 1 as requests, and answers as frames of version 1 (docs/protocol.md, "Version 1").
 *
 * Version 1 has two words for a failure: type 3 makes its asker ask again, `NG` ends the matter for a fence request.
 * A monitor request has no such end: its asker is told to ask again.
 */
import { createHash } from 'node:crypto';
import { type Answer, MAX_DEADLINE_MS } from '../../../shared/protocol/message.ts';
import { isId } from '../../../shared/protocol/message-id.ts';
import { V1_MAX_DATA_BYTES, V1_TYPE, type V1Frame } from '../../../shared/protocol/v1-frame.ts';
import { V1_DEADLINE_MS } from '../limits.ts';
import type { V1Asker } from './job.ts';

export type V1Call =
  | {
      readonly kind: 'request';
      readonly id: string;
      readonly service: 'monitor' | 'stonith';
      readonly text: string;
      readonly deadlineMs: number;
      readonly asker: V1Asker;
    }
  | { readonly kind: 'cancel'; readonly id: string }
  /** Of a type that only hosts send. */
  | { readonly kind: 'unexpected' };

const CANCEL_TEXT = 'timeout';

/** `newId` makes the id of a request that has none. */
export function readV1Call({ type, id, client, text }: V1Frame, newId: () => string): V1Call {
  switch (type) {
    case V1_TYPE.stonith:
      if (text === CANCEL_TEXT) return { kind: 'cancel', id: jobId(id) };
      break;
    case V1_TYPE.monitor:
      break;
    case V1_TYPE.migrated:
    case V1_TYPE.serviceAway:
      return { kind: 'unexpected' };
  }
  return {
    kind: 'request',
    id: id === '' ? `v1:${newId()}` : jobId(id),
    service: type === V1_TYPE.stonith ? 'stonith' : 'monitor',
    text,
    deadlineMs: Math.min(V1_DEADLINE_MS, MAX_DEADLINE_MS),
    asker: { type, id, client },
  };
}

/** The same on every host: an id of version 1 may have characters that version 2 has not. */
function jobId(id: string): string {
  return isId(id) ? id : `v1:${createHash('sha256').update(id).digest('hex').slice(0, 32)}`;
}

export function writeV1Answer({ type, id, client }: V1Asker, answer: Answer): V1Frame {
  const askAgain: V1Frame = { type: V1_TYPE.serviceAway, id, client, text: '' };
  if ('error' in answer) {
    const isFinal = !answer.error.retry && type === V1_TYPE.stonith;
    return isFinal ? { type, id, client, text: 'NG' } : askAgain;
  }
  return Buffer.byteLength(answer.text) > V1_MAX_DATA_BYTES
    ? askAgain
    : { type, id, client, text: answer.text };
}
