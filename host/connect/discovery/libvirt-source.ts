/**
 * The domains of libvirt. An event says that something has changed with one, then what there is is listed and what
 * has changed is looked at; the sweep lists too. A libvirtd that is not there, goes away or is stuck is asked again
 * later, and until then every domain is taken to be as it was.
 */
import type { Clock } from '../../../shared/clock.ts';
import type { Logger } from '../../../shared/log.ts';
import { type DomainEvent, type DomainEventStream, followDomainEvents } from '../../libvirt/domain-events.ts';
import { type DomainSummary, listDomains } from '../../libvirt/domain-list.ts';
import { dumpDomains } from '../../libvirt/dump-xml.ts';
import type { Virsh } from '../../libvirt/virsh.ts';
import { Coalescer, faultLogger } from './coalescer.ts';
import type { ListedDomain } from './guest-directory.ts';
import { type GuestDomain, guestDomain } from './guest-domain.ts';
import { SourceState, type SourceView } from './source-state.ts';

export interface LibvirtSourceOptions {
  readonly virsh: Virsh;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Logger;
  /** `askedMs`: what has happened since then the list need not know. */
  readonly onDomains: (
    listed: readonly ListedDomain[],
    dumped: ReadonlyMap<string, GuestDomain>,
    askedMs: number,
  ) => void;
  readonly onStarted: (name: string) => void;
  /** All there is has been looked at for the first time, or can't be. */
  readonly onFirstLook: () => void;
}

/** A start gives several events within a few milliseconds. */
const SETTLE_MS = 30;

interface Looked {
  readonly dumped: ReadonlyMap<string, GuestDomain>;
  readonly fault: string | undefined;
}

export class LibvirtSource {
  readonly #options: LibvirtSourceOptions;
  readonly #state: SourceState;
  readonly #reader: Coalescer;
  /** By UUID, the id under which the domain was looked at last. */
  readonly #seen = new Map<string, number | undefined>();
  readonly #changed = new Set<string>();
  #events: DomainEventStream | undefined;
  #isClosed = false;

  constructor(options: LibvirtSourceOptions) {
    const { clock, random, log } = options;
    this.#options = options;
    this.#reader = new Coalescer(clock, { settleMs: SETTLE_MS, onFault: faultLogger(log, 'libvirt') }, () =>
      this.#read(),
    );
    this.#state = new SourceState({ name: 'libvirt', clock, random, log, tryAgain: () => this.#tryAgain() });
  }

  get view(): SourceView {
    return this.#state.view;
  }

  /** Follows the events; once they flow, looks at everything. */
  start(): void {
    if (this.#events !== undefined || this.#isClosed) return;
    const events = followDomainEvents({
      uri: this.#options.virsh.uri,
      onConnected: () => {
        this.#seen.clear();
        this.refresh();
      },
      onEvent: (event) => this.#heard(event),
    });
    this.#events = events;
    void this.#untilEnd(events);
  }

  refresh(): void {
    this.#reader.ask();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#events?.stop();
    this.#state.close();
    await this.#reader.close();
    this.#state.close();
  }

  #tryAgain(): void {
    if (this.#events === undefined) this.start();
    else this.refresh();
  }

  #failed(fault: string): void {
    this.#state.failed(fault);
    this.#options.onFirstLook();
  }

  async #untilEnd(events: DomainEventStream): Promise<void> {
    const { fault } = await events.ended;
    this.#events = undefined;
    if (!this.#isClosed) this.#failed(fault);
  }

  #heard(event: DomainEvent): void {
    const isDevice = event.kind === 'other' && event.event.startsWith('device-');
    if (event.kind === 'other' && !isDevice) return;
    if (event.event === 'started') this.#options.onStarted(event.domain);
    this.#changed.add(event.domain);
    this.refresh();
  }

  async #read(): Promise<void> {
    const { virsh, clock, onDomains } = this.#options;
    const changed = new Set(this.#changed);
    this.#changed.clear();
    const askedMs = clock.nowMs();
    const list = await listDomains(virsh);
    if (!list.ok) {
      for (const name of changed) this.#changed.add(name);
      this.#failed(list.fault);
      return;
    }
    this.#state.answered();
    this.start();
    this.#forgetAllBut(list.domains);
    const toLookAt = list.domains.filter(({ uuid, name, id }) => {
      return changed.has(name) || !this.#seen.has(uuid) || this.#seen.get(uuid) !== id;
    });
    onDomains(list.domains, new Map(), askedMs);
    const { dumped, fault } = await this.#lookAt(toLookAt);
    onDomains(list.domains, dumped, askedMs);
    if (fault === undefined) this.#state.complete();
    else this.#state.incomplete(fault);
    this.#options.onFirstLook();
  }

  /** `fault`: why some of them could not be looked at. */
  async #lookAt(domains: readonly DomainSummary[]): Promise<Looked> {
    const { virsh, log } = this.#options;
    const results = await dumpDomains(
      virsh,
      domains.map(({ uuid }) => uuid),
    );
    const dumped = new Map<string, GuestDomain>();
    let fault: string | undefined;
    for (const { uuid, name } of domains) {
      const result = results.get(uuid);
      if (result?.ok === true) {
        dumped.set(uuid, guestDomain(result.domain));
        this.#seen.set(uuid, result.domain.id);
      } else if (result?.kind !== 'no-such-domain') {
        log.warning(`guest ${name}: cannot read its XML from libvirt`, { reason: result?.fault });
        this.#changed.add(name);
        fault ??= `the XML of ${name}: ${result?.fault ?? 'no answer'}`;
      }
    }
    return { dumped, fault };
  }

  #forgetAllBut(domains: readonly DomainSummary[]): void {
    const known = new Set(domains.map(({ uuid }) => uuid));
    for (const uuid of this.#seen.keys()) if (!known.has(uuid)) this.#seen.delete(uuid);
  }
}
