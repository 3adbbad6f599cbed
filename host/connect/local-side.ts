/**
 * The host's local programs: services that register and answer, and whoever asks the daemon about itself
 * (docs/protocol.md, "The local socket").
 *
 * Invariant: only what came over the connection of a service counts as that service's, and a connection that is gone
 * holds nothing.
 */
import type { Clock } from '../../shared/clock.ts';
import type { Logger } from '../../shared/log.ts';
import type { Sent } from '../../shared/protocol/connection.ts';
import type { Frame } from '../../shared/protocol/frame-decoder.ts';
import { type LocalFrameCounts, newLocalFrameCounts } from '../../shared/protocol/local-frame-counts.ts';
import { type LocalConnection, LocalServer } from '../../shared/protocol/local-server.ts';
import type { Answer, Json, Message, Register, Reply, Request } from '../../shared/protocol/message.ts';
import type { JobKey } from '../../shared/protocol/service-jobs.ts';
import type { Identity } from './router/greeting.ts';
import { errorAnswer } from './router/job.ts';
import type { Router } from './router/router.ts';
import type { RouterEffect, ToService } from './router/router-effect.ts';
import { MOST_NAMES, type Refusal } from './router/service-desk.ts';
import type { Counters } from './status/host-status.ts';

/**
 * How much waits in the connection of a service, where all guests' messages stand in one line. The rest stands in the
 * lines of the router, one for each guest. A batch of the router finds room in it once it has been read.
 */
const SERVICE_WINDOW_BYTES = 192 * 1024;

export interface LocalSideOptions {
  readonly path: string;
  readonly identity: Identity;
  readonly router: Router;
  readonly clock: Clock;
  readonly log: Logger;
  readonly run: (effects: readonly RouterEffect[]) => void;
  /** What the service `agent` answers. */
  readonly answer: (text: string, detail: Json | undefined) => Answer;
}

export class LocalSide {
  readonly #frameCounts: LocalFrameCounts = newLocalFrameCounts();
  readonly #options: LocalSideOptions;
  readonly #connections = new Map<number, LocalConnection>();
  /** Did not take what they were asked; they are left alone until they have read what waits for them. */
  readonly #full = new Set<number>();
  #server: LocalServer | undefined;

  private constructor(options: LocalSideOptions) {
    this.#options = options;
  }

  static async listen(options: LocalSideOptions): Promise<LocalSide> {
    const side = new LocalSide(options);
    const { path, identity, log, clock } = options;
    side.#server = await LocalServer.listen({
      path,
      role: 'host',
      agent: identity.agent,
      session: identity.session,
      log,
      clock,
      handlers: {
        onFrame: (connection, frame) => side.#frame(connection, frame),
        onClosed: (connection) => side.#closed(connection),
        onDrained: ({ number }) => {
          side.#full.delete(number);
          side.serviceReady(number);
        },
      },
    });
    return side;
  }

  get counts(): Counters {
    return { connections: this.#server?.connections ?? 0, ...this.#server?.counts, ...this.#frameCounts };
  }

  toService(effect: ToService): void {
    const { router, clock, run } = this.#options;
    const connection = this.#connections.get(effect.connection);
    const sent = connection === undefined ? 'closed' : this.#offer(connection, effect);
    if (sent === 'sent') return;
    if (sent === 'full') this.#full.add(effect.connection);
    run(router.notTaken(effect, sent, clock.nowMs()));
  }

  /** Nothing overtakes what was not taken: a small cancel would pass the request before it. */
  #offer(connection: LocalConnection, { message }: ToService): Sent {
    if (this.#full.has(connection.number)) return 'full';
    return connection.offer(message, SERVICE_WINDOW_BYTES);
  }

  serviceReady(connection: number): void {
    if (this.#full.has(connection)) return;
    const { router, clock, run } = this.#options;
    run(router.serviceReady(connection, clock.nowMs()));
  }

  async close(): Promise<void> {
    await this.#server?.close();
  }

  #frame(connection: LocalConnection, frame: Frame): void {
    switch (frame.kind) {
      case 'message':
        this.#message(connection, frame.message);
        break;
      case 'bad-message':
        this.#frameCounts.badMessages++;
        if (frame.replyTo?.guest === undefined) complain(connection, frame.fault, frame.id);
        else this.#badReply(connection, { ...frame.replyTo, guest: frame.replyTo.guest }, frame.fault);
        break;
      case 'v1':
        this.#frameCounts.unexpected++;
        complain(connection, 'version 1 of the protocol is not spoken here');
        break;
      case 'unknown-type':
        this.#frameCounts.unknownTypes++;
        break;
    }
  }

  #message(connection: LocalConnection, message: Message): void {
    switch (message.type) {
      case 'register':
        this.#register(connection, message);
        break;
      case 'reply':
        this.#reply(connection, message);
        break;
      case 'request':
        connection.send({ type: 'reply', id: message.id, ...this.#answerTo(message) });
        break;
      case 'ping':
        connection.send({ type: 'pong', nonce: message.nonce });
        break;
      case 'hello':
      case 'pong':
      case 'cancel':
      case 'error':
        break; // polite, and of no use to us
      case 'services':
      case 'registered':
        this.#frameCounts.unexpected++;
        complain(connection, `${message.type} is not for a host daemon`);
        break;
    }
  }

  #register(connection: LocalConnection, { service }: Register): void {
    const { router, clock, log, run } = this.#options;
    const refusal = router.refusalOf(connection.number, service);
    const effects = router.register(connection.number, service, clock.nowMs());
    if (refusal !== undefined || effects === undefined) {
      connection.send({ type: 'error', code: 'taken', message: refusalWords(service, refusal) });
      return;
    }
    if (effects.length > 0)
      log.info(`service ${service}: away => present`, { connection: connection.number });
    this.#connections.set(connection.number, connection);
    connection.send({ type: 'registered', service });
    run(effects);
  }

  #reply(connection: LocalConnection, reply: Reply): void {
    if (reply.guest === undefined) {
      complain(connection, 'guest is missing: a reply says whom it is for');
      return;
    }
    const { router, clock, run } = this.#options;
    run(router.fromService(connection.number, reply, clock.nowMs()));
  }

  /** Nobody can know what the service meant: its job ends, instead of waiting for an answer that has come already. */
  #badReply(connection: LocalConnection, to: JobKey, fault: string): void {
    const { router, clock, log, run } = this.#options;
    log.warning('a service gave an answer that is not understood', { ...to, fault });
    connection.send({ type: 'error', code: 'bad-request', message: `the reply to ${to.id}: ${fault}` });
    const message =
      'the service answered, and its answer is not understood; see the log of vm-connectd on the host';
    const answer = errorAnswer('bad-reply', message);
    run(router.fromService(connection.number, { type: 'reply', ...to, ...answer }, clock.nowMs()));
  }

  #answerTo({ service, text, detail }: Request): Answer {
    if (service === 'agent') return this.#options.answer(text, detail);
    if (service === 'host' && text === 'ping') return { text: 'pong' };
    return errorAnswer(
      'unknown-service',
      'here the services agent and host are served; all others are for guests',
    );
  }

  #closed(connection: LocalConnection): void {
    const { router, log, run } = this.#options;
    this.#full.delete(connection.number);
    if (!this.#connections.delete(connection.number)) return;
    const released = router.servicesOf(connection.number);
    for (const service of released) log.info(`service ${service}: present => away`);
    run(router.connectionLost(connection.number));
  }
}

function refusalWords(service: string, refusal: Refusal | undefined): string {
  switch (refusal) {
    case 'own':
      return `the service ${service} is this daemon itself`;
    case 'no-room':
      return `${MOST_NAMES} names of services are known already, those that have gone included; restart vm-connectd`;
    case 'held':
    case undefined:
      return `another connection holds the service ${service}`;
  }
}

function complain(connection: LocalConnection, message: string, id?: string): void {
  if (id === undefined) connection.send({ type: 'error', code: 'bad-request', message });
  else connection.send({ type: 'reply', id, ...errorAnswer('bad-request', message) });
}
