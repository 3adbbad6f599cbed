/**
 * The local programs behind their connections: what they send becomes events of the agent, and what is wrong with it
 * is told them. The service `agent`, which is this daemon itself, is answered here.
 */
import type { Frame } from '../../shared/protocol/frame-decoder.ts';
import { type LocalFrameCounts, newLocalFrameCounts } from '../../shared/protocol/local-frame-counts.ts';
import type { LocalConnection } from '../../shared/protocol/local-server.ts';
import type { Answer, Message, Reply, Request } from '../../shared/protocol/message.ts';
import type { AgentEvent } from './agent.ts';

export interface LocalProgramsOptions {
  readonly onEvent: (event: AgentEvent) => void;
  /** Answers what is asked of the service `agent`. */
  readonly answer: (text: string) => Answer;
}

const OWN_SERVICE = 'agent';

export class LocalPrograms {
  readonly counts: LocalFrameCounts = newLocalFrameCounts();
  readonly #options: LocalProgramsOptions;
  readonly #connections = new Map<number, LocalConnection>();

  constructor(options: LocalProgramsOptions) {
    this.#options = options;
  }

  frame(connection: LocalConnection, frame: Frame): void {
    this.#connections.set(connection.number, connection);
    switch (frame.kind) {
      case 'message':
        this.#message(connection, frame.message);
        break;
      case 'bad-message':
        this.counts.badMessages++;
        this.#bad(connection, frame.fault, frame.id);
        break;
      case 'unknown-type':
        this.counts.unknownTypes++;
        break;
      case 'v1':
        this.counts.unexpected++;
        this.#bad(connection, 'version 1 of the protocol is not spoken here');
        break;
    }
  }

  closed(connection: LocalConnection): void {
    if (!this.#connections.delete(connection.number)) return;
    this.#options.onEvent({ kind: 'client-gone', client: connection.number });
  }

  /** Who has gone in the meantime needs no answer. */
  reply(client: number, reply: Reply): void {
    this.#connections.get(client)?.send(reply);
  }

  #message(connection: LocalConnection, message: Message): void {
    switch (message.type) {
      case 'request':
        this.#request(connection, message);
        break;
      case 'cancel':
        this.#options.onEvent({ kind: 'cancel', client: connection.number, id: message.id });
        break;
      case 'ping':
        connection.send({ type: 'pong', nonce: message.nonce });
        break;
      case 'hello':
        break; // polite, and of no use to us
      case 'register':
        this.counts.unexpected++;
        this.#bad(connection, 'services register with vm-connectd on the host, not in a guest');
        break;
      case 'reply':
      case 'services':
      case 'pong':
      case 'registered':
      case 'error':
        this.counts.unexpected++;
        this.#bad(connection, `${message.type} is not for an agent`);
        break;
    }
  }

  #request(connection: LocalConnection, request: Request): void {
    if (request.service === OWN_SERVICE) {
      connection.send({ type: 'reply', id: request.id, ...this.#options.answer(request.text) });
    } else {
      this.#options.onEvent({ kind: 'ask', client: connection.number, request });
    }
  }

  #bad(connection: LocalConnection, message: string, id?: string): void {
    const error = { code: 'bad-request', message } as const;
    if (id === undefined) connection.send({ type: 'error', ...error });
    else connection.send({ type: 'reply', id, error: { ...error, retry: false } });
  }
}
