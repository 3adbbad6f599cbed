/** An agent on a virtual clock, with what it wants done put into short words. */
import { Agent, type AgentEvent } from '../../../guest/agent/agent.ts';
import type { Effect } from '../../../guest/agent/effect.ts';
import type { Message, Reply, Request } from '../../../shared/protocol/message.ts';

export const PREAMBLE: AgentEvent = {
  kind: 'frame',
  frame: { kind: 'v1', frame: { type: 2, id: '', client: 0, text: '' } },
};

export const hello = (
  host: string,
  session: string,
  services: readonly string[] = ['stonith'],
  boot?: string,
): Message => ({
  type: 'hello',
  version: 2,
  agent: 'vm-connectd 2.0.0',
  session,
  host,
  guest: 'guest1',
  services,
  ...(boot === undefined ? {} : { boot }),
});

export class AgentDriver {
  nowMs = 1_000;
  readonly agent = new Agent(this.nowMs);
  readonly #done: Effect[] = [];

  give(...events: readonly AgentEvent[]): this {
    for (const event of events) this.#done.push(...this.agent.handle(event, this.nowMs));
    return this;
  }

  /** From the host: bytes that are this message. */
  hostSays(message: Message): this {
    return this.give({ kind: 'heard' }, { kind: 'frame', frame: { kind: 'message', message } });
  }

  /** A link that is up; what it took is forgotten. */
  linkUp(host = 'hostA', session = 's1'): this {
    this.give({ kind: 'port-opened' }, { kind: 'host-there' }).hostSays(hello(host, session)).words();
    return this;
  }

  ask(client: number, id: string, given: Partial<Request> = {}): this {
    const request: Request = {
      type: 'request',
      id,
      service: 'stonith',
      text: 'off x',
      deadlineMs: 60_000,
      ...given,
    };
    return this.give({ kind: 'ask', client, request });
  }

  reply(id: string, text = 'OK'): this {
    return this.hostSays({ type: 'reply', id, text });
  }

  refuse(id: string, code: string, retry: boolean): this {
    return this.hostSays({ type: 'reply', id, error: { code, message: 'no', retry } });
  }

  /** Lets time pass, firing what falls due. */
  pass(ms: number): this {
    const untilMs = this.nowMs + ms;
    for (
      let due = this.agent.nextDueMs();
      due !== undefined && due <= untilMs;
      due = this.agent.nextDueMs()
    ) {
      this.nowMs = Math.max(this.nowMs, due);
      this.give({ kind: 'due' });
    }
    this.nowMs = untilMs;
    return this;
  }

  /** What was to be done since the last call; without the log. */
  words(): string[] {
    return this.#done.splice(0).flatMap(wordsFor);
  }

  /** The same, without pings. */
  deeds(): string[] {
    return this.words().filter((words) => !words.startsWith('ping'));
  }
}

function wordsFor(effect: Effect): string[] {
  switch (effect.kind) {
    case 'greet':
      return ['greet'];
    case 'log':
      return [];
    case 'answer':
      return [`${effect.client} <= ${effect.reply.id}: ${answerWords(effect.reply)}`];
    case 'send':
      return [messageWords(effect.message)];
  }
}

const answerWords = (reply: Reply) => ('error' in reply ? reply.error.code : reply.text);

function messageWords(message: Message): string {
  switch (message.type) {
    case 'request':
      return `ask ${message.id} ${message.deadlineMs}`;
    case 'cancel':
      return `cancel ${message.id}`;
    case 'ping':
    case 'pong':
      return `${message.type} ${message.nonce}`;
    default:
      return message.type;
  }
}
