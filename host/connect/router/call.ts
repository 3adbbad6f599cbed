/** What a frame of a guest means, whichever version it came in. */
import type { Frame } from '../../../shared/protocol/frame-decoder.ts';
import type { Json, Message } from '../../../shared/protocol/message.ts';
import type { Askers, V1Asker } from './job.ts';
import { readV1Call } from './v1-requests.ts';

/** A request, as it came. */
export interface Call {
  readonly guest: string;
  readonly id: string;
  readonly service: string;
  readonly text: string;
  readonly detail?: Json;
  readonly deadlineMs: number;
  /** Undefined: it came in version 2. */
  readonly v1: V1Asker | undefined;
}

export type Meaning =
  | { readonly kind: 'call'; readonly call: Call }
  | { readonly kind: 'cancel'; readonly id: string }
  | { readonly kind: 'hello' }
  | { readonly kind: 'ping'; readonly nonce: number }
  | { readonly kind: 'bad'; readonly id: string | undefined; readonly fault: string }
  /** Nothing that wants an answer. */
  | { readonly kind: 'nothing' }
  /** Nothing that a guest has any business to send, or of a type that this version does not know. */
  | { readonly kind: 'unexpected' };

export const askersOf = ({ v1 }: Call): Askers => ({ v2: v1 === undefined, v1 });

export function meaningOf(guest: string, frame: Frame, newId: () => string): Meaning {
  switch (frame.kind) {
    case 'message':
      return ofMessage(guest, frame.message);
    case 'v1': {
      const v1 = readV1Call(frame.frame, newId);
      if (v1.kind !== 'request') return v1;
      const { id, service, text, deadlineMs, asker } = v1;
      return { kind: 'call', call: { guest, id, service, text, deadlineMs, v1: asker } };
    }
    case 'bad-message':
      return { kind: 'bad', id: frame.id, fault: frame.fault };
    case 'unknown-type':
      return { kind: 'unexpected' };
  }
}

function ofMessage(guest: string, message: Message): Meaning {
  switch (message.type) {
    case 'request': {
      const { id, service, text, detail, deadlineMs } = message;
      const own = { guest, id, service, text, deadlineMs, v1: undefined };
      return { kind: 'call', call: detail === undefined ? own : { ...own, detail } };
    }
    case 'cancel':
      return { kind: 'cancel', id: message.id };
    case 'hello':
      return { kind: 'hello' };
    case 'ping':
      return { kind: 'ping', nonce: message.nonce };
    case 'pong':
    case 'error':
      return { kind: 'nothing' };
    case 'reply':
    case 'services':
    case 'register':
    case 'registered':
      return { kind: 'unexpected' };
  }
}
