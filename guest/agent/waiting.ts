/** One request that the agent holds for those who asked it, and what can be said of it without its fellows. */
import { encodeMessage } from '../../shared/protocol/encode-message.ts';
import {
  type Json,
  MAX_DEADLINE_MS,
  type Request,
  type RequestError,
  tellableDeadlineMs,
} from '../../shared/protocol/message.ts';

/**
 *                    the link is up              an error with `retry`
 *      unsent ----------------------------> sent <--------------------> held
 *                                    |     ^      sent again: hello,
 *                                    +-----+      its service came, back-off
 *                              sent again: hello, every 10 s
 */
export type WaitingState = 'unsent' | 'sent' | 'held';

export interface Asker {
  /** A local client's number, or NOBODY. */
  readonly client: number;
  readonly untilMs: number;
  readonly impatient: boolean;
}

/** Stands for askers that don't wait for the answer. */
export const NOBODY = 0;

export interface Waiting {
  readonly id: string;
  readonly service: string;
  readonly text: string;
  readonly detail: Json | undefined;
  readonly bytes: number;
  /** The local client that sent it first, who need not be among those that wait for it. */
  readonly sender: number;
  readonly askers: Map<number, Asker>;
  state: WaitingState;
  /** The deadline that the host was told. */
  toldUntilMs: number;
  /** Of a held one: what the host said. */
  lastError: RequestError | undefined;
  /** When to send it again if nothing happens: a held one, or one that may have got lost. */
  retryAtMs: number;
  retries: number;
}

const RETRY_DELAYS_MS = [1_000, 2_000, 4_000, 5_000] as const;
const LAST_RETRY_DELAY_MS = 5_000;
/** A frame, or its answer, can get lost without the link breaking: a serial line has no flow control. */
const SEND_AGAIN_MS = 10_000;

/** How long a frame the request makes; infinite when it fits into none. */
export function sizeOf(request: Request): number {
  return encodeMessage(frameOf(request, MAX_DEADLINE_MS))?.length ?? Number.POSITIVE_INFINITY;
}

export function waitingFor(request: Request, sender: number, bytes: number): Waiting {
  return {
    id: request.id,
    service: request.service,
    text: request.text,
    detail: request.detail,
    bytes,
    sender,
    askers: new Map(),
    state: 'unsent',
    toldUntilMs: 0,
    lastError: undefined,
    retryAtMs: 0,
    retries: 0,
  };
}

export const isSameJob = (waiting: Waiting, request: Request): boolean =>
  waiting.service === request.service && waiting.text === request.text;

/** Asking twice is asking once, until the later of the two deadlines. */
export function addAsker(waiting: Waiting, request: Request, client: number, nowMs: number): void {
  const untilMs = Math.max(waiting.askers.get(client)?.untilMs ?? 0, nowMs + request.deadlineMs);
  waiting.askers.set(client, { client, untilMs, impatient: request.impatient === true });
}

export const lastDeadlineMs = (waiting: Waiting): number =>
  Math.max(...[...waiting.askers.values()].map(({ untilMs }) => untilMs));

export const firstDeadlineMs = (waiting: Waiting): number =>
  Math.min(...[...waiting.askers.values()].map(({ untilMs }) => untilMs));

/** The frame for the host, with what is left of the latest deadline. */
export function sendingOf(waiting: Waiting, nowMs: number): Request {
  const untilMs = lastDeadlineMs(waiting);
  waiting.state = 'sent';
  waiting.lastError = undefined;
  waiting.toldUntilMs = untilMs;
  waiting.retryAtMs = nowMs + SEND_AGAIN_MS;
  return frameOf(waiting, tellableDeadlineMs(untilMs - nowMs));
}

export function hold(waiting: Waiting, error: RequestError, nowMs: number): void {
  waiting.state = 'held';
  waiting.lastError = error;
  waiting.retryAtMs = nowMs + (RETRY_DELAYS_MS[waiting.retries] ?? LAST_RETRY_DELAY_MS);
  waiting.retries++;
}

interface Job {
  readonly id: string;
  readonly service: string;
  readonly text: string;
  readonly detail?: Json | undefined;
}

function frameOf({ id, service, text, detail }: Job, deadlineMs: number): Request {
  return { type: 'request', id, service, text, deadlineMs, ...(detail === undefined ? {} : { detail }) };
}
