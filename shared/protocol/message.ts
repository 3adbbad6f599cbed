/**
 * The messages of the bridge (docs/protocol.md) and the way from an unknown JSON value to one of them.
 *
 * Invariant: what these functions return has every member within its bounds; nothing else in the project looks at a
 * received value before they did.
 */

export const MAX_FRAME_BYTES = 65_536;
export const MAX_DEADLINE_MS = 3_600_000;
export const PROTOCOL_VERSION = 2;

/** What is left of a deadline, as a message may say it: sums of fractions can come out a little above what was asked. */
export const tellableDeadlineMs = (leftMs: number): number =>
  Math.min(MAX_DEADLINE_MS, Math.max(1, Math.round(leftMs)));

export type ErrorCode =
  | 'bad-request'
  | 'unknown-service'
  | 'service-away'
  | 'service-busy'
  | 'too-many'
  | 'id-conflict'
  | 'deadline'
  | 'host-away'
  | 'bad-reply'
  | 'refused'
  | 'taken';

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

export interface RequestError {
  readonly code: string;
  readonly message: string;
  readonly retry: boolean;
}

export type Answer = { readonly text: string; readonly detail?: Json } | { readonly error: RequestError };

export interface Hello {
  readonly type: 'hello';
  readonly version: number;
  readonly agent: string;
  readonly session: string;
  readonly boot?: string;
  /** From an agent: the guest's own idea of its name. For people only. */
  readonly name?: string;
  /** From a host daemon. */
  readonly host?: string;
  readonly guest?: string;
  readonly services?: readonly string[];
  /** What the host grants; told for people, and kept by nobody. */
  readonly limits?: { readonly [name: string]: number };
  /** On a local socket. */
  readonly role?: 'guest' | 'host';
}

export interface Request {
  readonly type: 'request';
  readonly id: string;
  readonly service: string;
  readonly text: string;
  readonly detail?: Json;
  readonly deadlineMs: number;
  /** Local: false when the asker does not wait for the answer. */
  readonly reply?: boolean;
  /** Local: hand me retriable errors at once. */
  readonly impatient?: boolean;
  /** Host daemon to service: who really asks. */
  readonly guest?: string;
  /** Host daemon to service: the domain that has this name now, where that is known. */
  readonly uuid?: string;
  readonly protocol?: 1 | 2;
}

export type Reply = Answer & { readonly type: 'reply'; readonly id: string; readonly guest?: string };
export interface Cancel {
  readonly type: 'cancel';
  readonly id: string;
  readonly guest?: string;
}
export interface Services {
  readonly type: 'services';
  readonly services: readonly string[];
}
export interface Ping {
  readonly type: 'ping' | 'pong';
  readonly nonce: number;
}
export interface Register {
  readonly type: 'register' | 'registered';
  readonly service: string;
}
export interface FrameError {
  readonly type: 'error';
  readonly code: string;
  readonly message: string;
}

export type Message = Hello | Request | Reply | Cancel | Services | Ping | Register | FrameError;

export type Parsed =
  | { readonly ok: true; readonly message: Message }
  /** No frame at all: no object, or without a type. */
  | { readonly ok: false; readonly kind: 'garbage' }
  | { readonly ok: false; readonly kind: 'unknown-type'; readonly name: string }
  /** A known type with a wrong member; `id` where one could be read, so that the asker can be told. */
  | ({ readonly ok: false } & BadMessage);

export interface BadMessage {
  readonly kind: 'bad-message';
  readonly fault: string;
  readonly id?: string;
  /** Of a reply, the job that it was for: whoever waits for it need not wait on. */
  readonly replyTo?: { readonly id: string; readonly guest?: string };
}
