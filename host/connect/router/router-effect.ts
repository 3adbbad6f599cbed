/** What the router wants done, in this order. */
import type { Answer, Cancel, Message, Request } from '../../../shared/protocol/message.ts';
import type { V1Frame } from '../../../shared/protocol/v1-frame.ts';
import { type Askers, errorAnswer } from './job.ts';
import { writeV1Answer } from './v1-requests.ts';

/** In the version that the guest asked in. */
export type GuestFrame =
  | { readonly kind: 'message'; readonly message: Message }
  | { readonly kind: 'v1'; readonly frame: V1Frame };

export interface ToGuest {
  readonly kind: 'to-guest';
  readonly guest: string;
  readonly frame: GuestFrame;
  /** The id whose remembered answer this is: `Router.repeat` gives it once more. */
  readonly answers: string | undefined;
}

export interface ToService {
  readonly kind: 'to-service';
  readonly service: string;
  readonly connection: number;
  readonly message: Request | Cancel;
}

export type RouterEffect =
  | ToGuest
  /** What the connection does not take is brought back by `Router.notTaken`. */
  | ToService
  /** There is more for this connection: call `Router.serviceReady` soon. */
  | { readonly kind: 'more-for-service'; readonly connection: number }
  /** Every guest of version 2 with a link is to be told which services there are (`Router.servicesMessage`). */
  | { readonly kind: 'services' };

export function toGuest(guest: string, message: Message, answers?: string): ToGuest {
  return { kind: 'to-guest', guest, frame: { kind: 'message', message }, answers };
}

export function toService(service: string, connection: number, message: ToService['message']): ToService {
  return { kind: 'to-service', service, connection, message };
}

/** `isKept`: it can be given again from memory. */
export function answerEffects(
  guest: string,
  id: string,
  askers: Askers,
  answer: Answer,
  isKept: boolean,
): ToGuest[] {
  const effects: ToGuest[] = [];
  const answers = isKept ? id : undefined;
  if (askers.v2) effects.push(toGuest(guest, { type: 'reply', id, ...answer }, answers));
  if (askers.v1 !== undefined) {
    const frame = { kind: 'v1', frame: writeV1Answer(askers.v1, answer) } as const;
    effects.push({ kind: 'to-guest', guest, frame, answers });
  }
  return effects;
}

/** To a frame with a wrong member. */
export function complaint(guest: string, id: string | undefined, fault: string): ToGuest {
  const message: Message =
    id === undefined
      ? { type: 'error', code: 'bad-request', message: fault }
      : { type: 'reply', id, ...errorAnswer('bad-request', fault) };
  return toGuest(guest, message);
}
