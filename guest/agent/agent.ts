/**
 * The agent as one pure machine: what happens goes in, what is to be done comes out. It joins the link (link.ts) and
 * the requests (outbox.ts); the daemon (guest-daemon.ts) gives it the events and the time, and does the effects.
 *
 * After every event the daemon calls `due` when `nextDueMs` has come.
 */
import type { Frame } from '../../shared/protocol/frame-decoder.ts';
import type { Message, Request } from '../../shared/protocol/message.ts';
import { V1_TYPE } from '../../shared/protocol/v1-frame.ts';
import type { Effect } from './effect.ts';
import { Link } from './link.ts';
import { Outbox } from './outbox.ts';

export type AgentEvent =
  | { readonly kind: 'port-opened' }
  | { readonly kind: 'port-lost' }
  | { readonly kind: 'host-there' }
  | { readonly kind: 'host-gone' }
  /** Bytes came from the host, before they are a frame. */
  | { readonly kind: 'heard' }
  | { readonly kind: 'frame'; readonly frame: Frame }
  /** A frame to the host found no room. */
  | { readonly kind: 'stuck' }
  | { readonly kind: 'ask'; readonly client: number; readonly request: Request }
  | { readonly kind: 'cancel'; readonly client: number; readonly id: string }
  | { readonly kind: 'client-gone'; readonly client: number }
  | { readonly kind: 'due' };

/** Frames from the host that should not have come. */
export interface FrameFaults {
  badMessages: number;
  unknownTypes: number;
  /** Of a kind that a host does not send. */
  unexpected: number;
  /** `error` frames: the host did not understand one of ours. */
  errors: number;
}

export class Agent {
  readonly link: Link;
  readonly outbox: Outbox;
  readonly faults: FrameFaults = { badMessages: 0, unknownTypes: 0, unexpected: 0, errors: 0 };
  #effects: Effect[] = [];

  constructor(nowMs: number) {
    const emit = (effect: Effect) => void this.#effects.push(effect);
    this.link = new Link(emit, nowMs);
    this.outbox = new Outbox(emit);
  }

  handle(event: AgentEvent, nowMs: number): readonly Effect[] {
    this.#handle(event, nowMs);
    this.outbox.linkIs(this.link.state);
    const effects = this.#effects;
    this.#effects = [];
    return effects;
  }

  nextDueMs(): number | undefined {
    const dueMs = [this.link.nextDueMs(this.outbox.busySinceMs), this.outbox.nextDueMs()];
    const known = dueMs.filter((ms) => ms !== undefined);
    return known.length === 0 ? undefined : Math.min(...known);
  }

  #handle(event: AgentEvent, nowMs: number): void {
    switch (event.kind) {
      case 'port-opened':
        this.link.portOpened(nowMs);
        break;
      case 'port-lost':
        this.link.portLost(nowMs);
        break;
      case 'host-there':
        this.link.hostThere(nowMs);
        break;
      case 'host-gone':
        this.link.hostGone(nowMs);
        break;
      case 'heard':
        this.link.heard(nowMs);
        break;
      case 'frame':
        this.#frame(event.frame, nowMs);
        break;
      case 'stuck':
        this.link.stuck(nowMs);
        break;
      case 'ask':
        this.outbox.ask(event.client, event.request, nowMs);
        break;
      case 'cancel':
        this.outbox.cancel(event.client, event.id, nowMs);
        break;
      case 'client-gone':
        this.outbox.clientGone(event.client);
        break;
      case 'due':
        this.link.due(nowMs, this.outbox.busySinceMs);
        this.outbox.linkIs(this.link.state);
        this.outbox.due(nowMs);
        break;
    }
  }

  #frame(frame: Frame, nowMs: number): void {
    switch (frame.kind) {
      case 'message':
        this.#message(frame.message, nowMs);
        break;
      case 'v1':
        if (frame.frame.type === V1_TYPE.migrated) this.link.preamble(nowMs);
        else this.faults.unexpected++;
        break;
      case 'bad-message':
        this.faults.badMessages++;
        this.#warn('the host sent a wrong message', { fault: frame.fault });
        if (frame.replyTo !== undefined) this.#badReply(frame.replyTo.id, nowMs);
        break;
      case 'unknown-type':
        this.faults.unknownTypes++;
    }
  }

  /** Its asker need not wait for an answer that has come already. */
  #badReply(id: string, nowMs: number): void {
    const message = 'the host answered, and its answer is not understood; see the log of vm-connectd';
    this.outbox.reply({ type: 'reply', id, error: { code: 'bad-reply', message, retry: false } }, nowMs);
  }

  #message(message: Message, nowMs: number): void {
    switch (message.type) {
      case 'hello':
        if (!this.link.welcomed(message, nowMs)) break;
        this.outbox.linkIs(this.link.state);
        this.outbox.sendAll(nowMs);
        break;
      case 'services':
        this.link.servicesAre(message.services);
        this.outbox.servicesAre(message.services, nowMs);
        break;
      case 'reply':
        this.outbox.reply(message, nowMs);
        break;
      case 'ping':
        this.#effects.push({ kind: 'send', message: { type: 'pong', nonce: message.nonce } });
        break;
      case 'pong':
        this.link.pong(message.nonce, nowMs);
        break;
      case 'error':
        this.faults.errors++;
        this.#warn('the host did not understand a frame', { code: message.code, reason: message.message });
        break;
      case 'request':
      case 'cancel':
      case 'register':
      case 'registered':
        this.faults.unexpected++;
    }
  }

  #warn(message: string, fields: Readonly<Record<string, string>>): void {
    this.#effects.push({ kind: 'log', level: 'warning', message, fields });
  }
}
