/**
 * The link to the host as the agent knows it (docs/protocol.md, "A link's life"). Pure: time is an argument, what is
 * to be done is emitted.
 *
 *               port opened            the host's end is connected: greet
 *     closed ----------------> away ------------------------------------> greeting
 *        ^                      ^                                          |   ^
 *        |  port lost           |  the host's end                  hello   |   | preamble: greet
 *        +--- from any state    +--- is gone, from any state       came    v   |
 *                                                         +-------------> up --+
 *                                                   hello |               |
 *                                                   came  |               | nothing for 10 s after a ping,
 *            greet every 10 s --> silent <----------------|---------------+ or no room for a frame
 *                                   |  ^------------------|-- greeting, for 10 s
 *                                   +---------------------+
 *
 * Invariant: only `up` means that requests may be sent, and every way into `up` is a hello.
 */
import type { Hello } from '../../shared/protocol/message.ts';
import type { Emit } from './effect.ts';

export type LinkState = 'closed' | 'away' | 'greeting' | 'up' | 'silent';

/** Who answered our hello last. */
export interface Host {
  readonly host: string | undefined;
  readonly guest: string | undefined;
  readonly agent: string;
  readonly session: string;
  /** Of the host's kernel. */
  readonly boot: string | undefined;
  readonly services: readonly string[];
}

export interface LinkCounts {
  portsOpened: number;
  portsLost: number;
  hostsGone: number;
  preambles: number;
  hellos: number;
  /** Another machine answered than before. */
  migrations: number;
  /** The same host answered with a new session. */
  hostRestarts: number;
  silences: number;
  pings: number;
  pongs: number;
}

export const HEARTBEAT_MS = { idle: 60_000, busy: 2_000, answer: 10_000 } as const;

export class Link {
  readonly counts: LinkCounts = {
    portsOpened: 0,
    portsLost: 0,
    hostsGone: 0,
    preambles: 0,
    hellos: 0,
    migrations: 0,
    hostRestarts: 0,
    silences: 0,
    pings: 0,
    pongs: 0,
  };
  readonly #emit: Emit;
  #state: LinkState = 'closed';
  #sinceMs: number;
  #host: Host | undefined;
  #greetedMs = 0;
  #heardMs = 0;
  #pingedMs = 0;
  /** The first ping after which nothing has come yet. */
  #unheardSinceMs: number | undefined;
  #roundTripMs: number | undefined;

  constructor(emit: Emit, nowMs: number) {
    this.#emit = emit;
    this.#sinceMs = nowMs;
  }

  get state(): LinkState {
    return this.#state;
  }

  get sinceMs(): number {
    return this.#sinceMs;
  }

  get host(): Host | undefined {
    return this.#host;
  }

  get roundTripMs(): number | undefined {
    return this.#roundTripMs;
  }

  portOpened(nowMs: number): void {
    this.counts.portsOpened++;
    this.#become('away', nowMs);
  }

  portLost(nowMs: number): void {
    if (this.#state === 'closed') return;
    this.counts.portsLost++;
    this.#become('closed', nowMs);
  }

  hostGone(nowMs: number): void {
    if (this.#state === 'closed' || this.#state === 'away') return;
    this.counts.hostsGone++;
    this.#become('away', nowMs);
  }

  hostThere(nowMs: number): void {
    if (this.#state !== 'away') return;
    this.#become('greeting', nowMs);
    this.#greet(nowMs);
  }

  /** Any byte from the host is a sign of life. */
  heard(nowMs: number): void {
    this.#heardMs = nowMs;
    this.#unheardSinceMs = undefined;
  }

  preamble(nowMs: number): void {
    this.counts.preambles++;
    if (!this.#isConnected) return;
    this.#become('greeting', nowMs);
    this.#greet(nowMs);
  }

  /** False when there is no connection that it could have come through. */
  welcomed(hello: Hello, nowMs: number): boolean {
    if (!this.#isConnected) return false;
    this.counts.hellos++;
    const former = this.#host;
    this.#host = {
      host: hello.host,
      guest: hello.guest,
      agent: hello.agent,
      session: hello.session,
      boot: hello.boot,
      services: hello.services ?? [],
    };
    this.#compare(former, this.#host);
    this.#become('up', nowMs);
    return true;
  }

  servicesAre(services: readonly string[]): void {
    if (this.#host === undefined) return;
    this.#host = { ...this.#host, services };
    const list = services.join(',');
    this.#emit({ kind: 'log', level: 'info', message: 'services of the host', fields: { services: list } });
  }

  pong(nonce: number, nowMs: number): void {
    if (nonce !== this.counts.pings) return;
    this.counts.pongs++;
    this.#roundTripMs = nowMs - this.#pingedMs;
  }

  /** A frame found no room: the host does not read, so nothing that waits there may be relied on. */
  stuck(nowMs: number): void {
    if (this.#state === 'up') this.#silence(nowMs);
  }

  /** `busySinceMs`: since when requests have been waiting, if any are. */
  due(nowMs: number, busySinceMs: number | undefined): void {
    const dueMs = this.nextDueMs(busySinceMs);
    if (dueMs === undefined || nowMs < dueMs) return;
    if (this.#state === 'greeting' || this.#state === 'silent') {
      if (this.#state === 'greeting') this.#silence(nowMs);
      this.#greet(nowMs);
    } else if (nowMs >= this.#silentAtMs()) {
      this.#silence(nowMs);
      this.#greet(nowMs);
    } else {
      this.#ping(nowMs);
    }
  }

  nextDueMs(busySinceMs: number | undefined): number | undefined {
    switch (this.#state) {
      case 'closed':
      case 'away':
        return undefined;
      case 'greeting':
      case 'silent':
        return this.#greetedMs + HEARTBEAT_MS.answer;
      case 'up':
        return Math.min(this.#silentAtMs(), this.#pingAtMs(busySinceMs));
    }
  }

  get #isConnected(): boolean {
    return this.#state !== 'closed' && this.#state !== 'away';
  }

  #silentAtMs(): number {
    return (this.#unheardSinceMs ?? Number.POSITIVE_INFINITY) + HEARTBEAT_MS.answer;
  }

  #pingAtMs(busySinceMs: number | undefined): number {
    const lastMs = Math.max(this.#heardMs, this.#pingedMs);
    if (busySinceMs === undefined) return lastMs + HEARTBEAT_MS.idle;
    return Math.min(lastMs + HEARTBEAT_MS.idle, Math.max(lastMs, busySinceMs) + HEARTBEAT_MS.busy);
  }

  #ping(nowMs: number): void {
    this.#pingedMs = nowMs;
    this.#unheardSinceMs ??= nowMs;
    this.counts.pings++;
    this.#emit({ kind: 'send', message: { type: 'ping', nonce: this.counts.pings } });
  }

  #greet(nowMs: number): void {
    this.#greetedMs = nowMs;
    this.#emit({ kind: 'greet' });
  }

  #silence(nowMs: number): void {
    this.counts.silences++;
    this.#greetedMs = nowMs;
    this.#become('silent', nowMs);
  }

  #compare(former: Host | undefined, host: Host): void {
    if (former === undefined || former.session === host.session) return;
    const fields = { from: former.host, to: host.host };
    if (isOtherMachine(former, host)) {
      this.counts.migrations++;
      this.#emit({ kind: 'log', level: 'info', message: 'another host answers: migrated', fields });
    } else {
      this.counts.hostRestarts++;
      this.#emit({ kind: 'log', level: 'info', message: 'the host daemon started anew', fields });
    }
  }

  #become(state: LinkState, nowMs: number): void {
    this.#unheardSinceMs = undefined;
    if (state === this.#state) return;
    const former = this.#state;
    this.#state = state;
    this.#sinceMs = nowMs;
    const { host, guest, services } = this.#host ?? {};
    this.#emit({
      kind: 'log',
      level: state === 'silent' ? 'warning' : 'info',
      message: `host link: ${former} => ${state}`,
      ...(state === 'up' ? { fields: { host, guest, services: services?.join(',') } } : {}),
    });
  }
}

/** A host that has not heard its cluster's name for it yet gives another name than it did before; its boot id is the same. */
const isOtherMachine = (former: Host, host: Host): boolean =>
  former.host !== host.host && (!host.boot || former.boot !== host.boot);
