/** The two ends of a service's registration: a host daemon that does what a test wants, and a service that listens. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { silentLogger } from '../../../shared/log.ts';
import { type LocalConnection, LocalServer } from '../../../shared/protocol/local-server.ts';
import type { Message, Reply, Request } from '../../../shared/protocol/message.ts';
import { ServiceClient, type ServiceRequest } from '../../../shared/protocol/service-client.ts';
import type { JobKey } from '../../../shared/protocol/service-jobs.ts';
import { eventually } from '../../support/eventually.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';
import type { VirtualClock } from '../../support/virtual-clock.ts';

/** A host daemon that registers whoever asks while the name is free, and asks what a test wants. */
export class Host {
  readonly replies: Reply[] = [];
  readonly received: Message[] = [];
  isTaken = false;
  registrations = 0;
  #service: LocalConnection | undefined;
  #server: LocalServer | undefined;

  async start(t: TestContext, path: string): Promise<void> {
    const server = await LocalServer.listen({
      path,
      role: 'host',
      agent: 'test',
      session: 's',
      log: silentLogger,
      handlers: {
        onFrame: (connection, frame) => {
          if (frame.kind === 'message') this.#receive(connection, frame.message);
        },
        onClosed: () => {
          this.#service = undefined;
        },
      },
    });
    this.#server = server;
    t.after(() => server.close());
  }

  async stop(): Promise<void> {
    await this.#server?.close();
  }

  breakConnection(): void {
    this.#service?.close();
  }

  ask(id: string, more: Partial<Request> = {}): void {
    const request = { type: 'request', id, service: 'stonith', text: 'off', deadlineMs: 60_000 } as const;
    assert.equal(this.tell({ ...request, guest: 'guest1', protocol: 2, ...more }), 'sent');
  }

  tell(message: Message): string | undefined {
    return this.#service?.offer(message);
  }

  #receive(connection: LocalConnection, message: Message): void {
    this.received.push(message);
    if (message.type === 'reply') this.replies.push(message);
    if (message.type !== 'register') return;
    this.registrations++;
    if (this.isTaken) {
      connection.send({ type: 'error', code: 'taken', message: 'another connection holds stonith' });
      return;
    }
    this.#service = connection;
    connection.send({ type: 'registered', service: message.service });
  }
}

/** A service at a host daemon, and what it was told. */
export function service(t: TestContext, path: string, clock?: VirtualClock) {
  const requests: ServiceRequest[] = [];
  const cancelled: JobKey[] = [];
  const states: string[] = [];
  const client = new ServiceClient({
    socketPath: path,
    service: 'stonith',
    log: silentLogger,
    onRequest: (request) => requests.push(request),
    onCancel: ({ guest, id }) => cancelled.push({ guest, id }),
    onState: (state, reason) => states.push(`${state}: ${reason}`),
    ...(clock === undefined ? {} : { clock }),
  });
  t.after(() => client.stop());
  return { client, requests, cancelled, states };
}

export async function registered(t: TestContext) {
  const path = join(temporaryDirectory(t), 'host.sock');
  const host = new Host();
  await host.start(t, path);
  const one = service(t, path);
  await eventually('registered', () => one.client.state === 'registered');
  return { path, host, ...one };
}
