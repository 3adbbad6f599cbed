/** The host's end of the bridge, played for one vm-stonithd: whoever has it asks as guests would. */
import { randomUUID } from 'node:crypto';
import { rmSync } from 'node:fs';
import { silentLogger } from '../../shared/log.ts';
import { type LocalConnection, LocalServer } from '../../shared/protocol/local-server.ts';
import type { Json } from '../../shared/protocol/message.ts';
import { eventually } from './eventually.ts';

/** Whom tokens have to name. */
export const ASKER = 'asker';

export interface Answer {
  readonly text: string;
  readonly detail: Json | undefined;
}

interface Open {
  readonly guest: string;
  readonly text: string;
  readonly untilMs: number;
  readonly done: (answer: Answer) => void;
}

export class BridgeStandIn {
  readonly #server: LocalServer;
  readonly #open = new Map<string, Open>();
  #service: LocalConnection | undefined;

  private constructor(listen: (standIn: BridgeStandIn) => LocalServer) {
    this.#server = listen(this);
  }

  static async listen(path: string): Promise<BridgeStandIn> {
    rmSync(path, { force: true });
    let standIn: BridgeStandIn | undefined;
    const server = await LocalServer.listen({
      path,
      role: 'host',
      agent: 'a stand-in',
      session: randomUUID(),
      log: silentLogger,
      handlers: {
        onFrame(connection, frame) {
          if (frame.kind !== 'message') return;
          const { message } = frame;
          if (message.type === 'register') standIn?.registered(connection, message.service);
          if (message.type === 'reply' && 'text' in message)
            standIn?.replied(message.id, { text: message.text, detail: message.detail });
        },
        onClosed: () => undefined,
      },
    });
    standIn = new BridgeStandIn(() => server);
    return standIn;
  }

  registered(connection: LocalConnection, service: string): void {
    this.#service = connection;
    connection.send({ type: 'registered', service });
    for (const id of this.#open.keys()) this.#send(id);
  }

  replied(id: string, answer: Answer): void {
    this.#open.get(id)?.done(answer);
    this.#open.delete(id);
  }

  get isServed(): boolean {
    return this.#service !== undefined && !this.#service.isClosed;
  }

  async waitForService(): Promise<void> {
    await eventually('vm-stonithd serves', () => this.isServed);
  }

  /** Undefined: no answer came in time, which is a no. */
  ask(
    text: string,
    deadlineMs: number,
    { guest = ASKER, id = randomUUID() as string } = {},
  ): Promise<Answer | undefined> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        this.#open.delete(id);
        resolve(undefined);
      }, deadlineMs);
      const done = (answer: Answer) => {
        clearTimeout(timer);
        resolve(answer);
      };
      this.#open.set(id, { guest, text, untilMs: performance.now() + deadlineMs, done });
      this.#send(id);
    });
  }

  /** Nobody waits any more for what is open. */
  callOff(): void {
    for (const [id, { guest, done }] of this.#open) {
      this.#service?.send({ type: 'cancel', guest, id });
      this.#open.delete(id);
      done({ text: 'NG', detail: { result: 'called off' } });
    }
  }

  breakLink(): void {
    this.#service?.close();
  }

  close(): Promise<void> {
    return this.#server.close();
  }

  #send(id: string): void {
    const asked = this.#open.get(id);
    if (asked === undefined) return;
    const deadlineMs = Math.max(1, Math.round(asked.untilMs - performance.now()));
    const request = {
      id,
      service: 'stonith',
      text: asked.text,
      deadlineMs,
      guest: asked.guest,
      protocol: 2,
    } as const;
    this.#service?.send({ type: 'request', ...request });
  }
}

/** What an answer says of the request: its result, or that there was none. */
export function resultOf(answer: Answer | undefined): string {
  return wordOf(answer, 'result') ?? 'no answer';
}

export const stateOf = (answer: Answer | undefined): string => wordOf(answer, 'state') ?? 'no state';
export const reasonOf = (answer: Answer | undefined): string => wordOf(answer, 'reason') ?? 'no reason';

function wordOf(answer: Answer | undefined, name: string): string | undefined {
  const detail = answer?.detail;
  if (typeof detail !== 'object' || detail === null || Array.isArray(detail)) return undefined;
  const word = Object.entries(detail).find(([key]) => key === name)?.[1];
  return typeof word === 'string' ? word : undefined;
}
