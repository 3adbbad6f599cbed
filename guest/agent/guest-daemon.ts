/**
 * vm-connectd in a guest: the pure agent (agent.ts) between the port to the host and the local socket. It gives the
 * agent its events and the time, one event after the other, and does what comes out.
 *
 * A stop says nothing to anybody: the host keeps its answers for the next agent, and local programs ask that one
 * again under the same ids.
 */
import type { Clock, Timer } from '../../shared/clock.ts';
import type { RunningDaemon } from '../../shared/daemon/run-daemon.ts';
import type { Logger } from '../../shared/log.ts';
import { LocalServer } from '../../shared/protocol/local-server.ts';
import { type Answer, type Hello, PROTOCOL_VERSION } from '../../shared/protocol/message.ts';
import { Agent, type AgentEvent } from './agent.ts';
import type { AgentSettings } from './agent-settings.ts';
import type { Effect } from './effect.ts';
import { HostPort } from './host-port.ts';
import { LocalPrograms } from './local-programs.ts';
import type { OpenPort } from './open-port.ts';
import { type AgentFacts, metricsText, statusJson } from './status-report.ts';

/** Who this agent is, for its greetings. */
export interface Identity {
  readonly agent: string;
  readonly session: string;
  readonly boot: string | undefined;
  readonly name: string;
}

export interface GuestDaemonOptions {
  readonly identity: Identity;
  /** Read at the start and at every reload. */
  readonly settings: () => AgentSettings;
  readonly open: (path: string) => Promise<OpenPort>;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Logger;
}

export async function startGuestDaemon(options: GuestDaemonOptions): Promise<RunningDaemon> {
  const settings = options.settings();
  const daemon = new GuestDaemon(options, settings);
  await daemon.start();
  return daemon;
}

class GuestDaemon implements RunningDaemon {
  readonly #options: GuestDaemonOptions;
  readonly #settings: AgentSettings;
  readonly #startedMs: number;
  readonly #agent: Agent;
  readonly #port: HostPort;
  readonly #programs: LocalPrograms;
  readonly #events: AgentEvent[] = [];
  #server: LocalServer | undefined;
  #timer: Timer | undefined;
  #wakeMs = Number.POSITIVE_INFINITY;
  #isHandling = false;
  #isStopping = false;

  constructor(options: GuestDaemonOptions, settings: AgentSettings) {
    const { open, clock, random, log } = options;
    this.#options = options;
    this.#settings = settings;
    this.#startedMs = clock.nowMs();
    this.#agent = new Agent(this.#startedMs);
    const onEvent = (event: AgentEvent) => this.#handle(event);
    this.#port = new HostPort({ path: settings.port, open, clock, random, log, onEvent });
    this.#programs = new LocalPrograms({ onEvent, answer: (text) => this.#answer(text) });
  }

  async start(): Promise<void> {
    const { identity, log, clock } = this.#options;
    this.#server = await LocalServer.listen({
      path: this.#settings.socket,
      role: 'guest',
      agent: identity.agent,
      session: identity.session,
      log,
      clock,
      handlers: {
        onFrame: (connection, frame) => this.#programs.frame(connection, frame),
        onClosed: (connection) => this.#programs.closed(connection),
      },
    });
    await this.#port.start();
  }

  async reload(): Promise<void> {
    const { port, socket } = this.#options.settings();
    if (socket !== this.#settings.socket) {
      this.#options.log.warning('another socket takes effect at the next start', { socket });
    }
    await this.#port.changePath(port);
  }

  async stop(): Promise<void> {
    this.#isStopping = true;
    this.#timer?.cancel();
    await Promise.all([this.#server?.close(), this.#port.end()]);
  }

  /** An event that comes up while another is handled waits for its turn. */
  #handle(event: AgentEvent): void {
    if (this.#isStopping) return;
    this.#events.push(event);
    if (this.#isHandling) return;
    this.#isHandling = true;
    for (let next = this.#events.shift(); next !== undefined; next = this.#events.shift()) {
      for (const effect of this.#agent.handle(next, this.#options.clock.nowMs())) this.#do(effect);
    }
    this.#isHandling = false;
    if (event.kind === 'ask') this.#port.look();
    this.#setTimer();
  }

  #do(effect: Effect): void {
    switch (effect.kind) {
      case 'greet':
        this.#port.greet(this.#hello());
        break;
      case 'send':
        this.#port.send(effect.message);
        break;
      case 'answer':
        this.#programs.reply(effect.client, effect.reply);
        break;
      case 'log':
        this.#options.log[effect.level](effect.message, effect.fields);
        break;
    }
  }

  /** One that comes too early looks again: setting it anew at every event was most of what an event took. */
  #setTimer(): void {
    const dueMs = this.#agent.nextDueMs();
    if (dueMs === undefined || dueMs >= this.#wakeMs || this.#isStopping) return;
    const { clock } = this.#options;
    this.#timer?.cancel();
    this.#wakeMs = dueMs;
    this.#timer = clock.after(Math.max(0, dueMs - clock.nowMs()), () => {
      this.#wakeMs = Number.POSITIVE_INFINITY;
      this.#handle({ kind: 'due' });
    });
  }

  #hello(): Hello {
    const { agent, session, boot, name } = this.#options.identity;
    return {
      type: 'hello',
      version: PROTOCOL_VERSION,
      agent,
      session,
      name,
      ...(boot === undefined ? {} : { boot }),
    };
  }

  #answer(text: string): Answer {
    switch (text) {
      case 'status':
        return { text: this.#agent.link.state, detail: statusJson(this.#facts()) };
      case 'metrics':
        return { text: 'metrics', detail: metricsText(this.#facts()) };
      case 'ping':
        return { text: 'pong' };
      default: {
        const message = 'the agent understands status, metrics and ping';
        return { error: { code: 'bad-request', message, retry: false } };
      }
    }
  }

  #facts(): AgentFacts {
    const { identity, clock } = this.#options;
    const { link, outbox, faults } = this.#agent;
    return {
      agent: identity.agent,
      session: identity.session,
      pid: process.pid,
      nowMs: clock.nowMs(),
      wallMs: clock.wallMs(),
      startedMs: this.#startedMs,
      port: this.#port.status,
      link: { state: link.state, sinceMs: link.sinceMs, roundTripMs: link.roundTripMs, host: link.host },
      requests: { open: outbox.open, bytes: outbox.bytes },
      clients: this.#server?.connections ?? 0,
      counters: {
        link: link.counts,
        requests: outbox.counts,
        faults,
        bytes: this.#port.counts,
        local: { ...this.#server?.counts, ...this.#programs.counts },
      },
    };
  }
}
