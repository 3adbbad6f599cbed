/**
 * What happens to domains, as it happens: `virsh event --all --loop`, a line an event.
 *
 * Invariant: an event is a hint that something changed, never the only knowledge of it. Lines that mean nothing to
 * us are passed by. The stream ends when libvirtd goes away; beginning anew, with back-off, is the caller's.
 */
import { followCommand } from '../../shared/process/follow-command.ts';

export type LifecycleEvent =
  | 'defined'
  | 'undefined'
  | 'started'
  | 'suspended'
  | 'resumed'
  | 'stopped'
  | 'shutdown'
  | 'pm-suspended'
  | 'crashed';

export type DomainEvent =
  | {
      readonly kind: 'lifecycle';
      readonly domain: string;
      readonly event: LifecycleEvent;
      /** In libvirt's words: `Booted`, `Destroyed`, `Migrated`, `Finished after host request`, … */
      readonly detail: string;
    }
  /** `device-added`, `agent-lifecycle`, …: all else that libvirt tells of. */
  | { readonly kind: 'other'; readonly domain: string; readonly event: string; readonly detail: string };

export interface DomainEventOptions {
  readonly uri: string;
  /** libvirt is connected: what is listed from now on misses nothing that later events don't tell. */
  readonly onConnected: () => void;
  readonly onEvent: (event: DomainEvent) => void;
}

export interface DomainEventStream {
  /** Resolves when the stream has ended, with the reason. */
  readonly ended: Promise<{ readonly fault: string }>;
  stop(): void;
}

const CONNECTED = 'connected';

export function followDomainEvents(options: DomainEventOptions): DomainEventStream {
  // One string is a batch for virsh's own parser: it first says that it is connected, then listens.
  const argv = ['virsh', '-c', options.uri, `echo ${CONNECTED}; event --all --loop`];
  let isConnected = false;
  const command = followCommand(argv, {
    onLine(line) {
      if (line === CONNECTED && !isConnected) {
        isConnected = true;
        options.onConnected();
        return;
      }
      const event = parseDomainEvent(line);
      if (event !== undefined) options.onEvent(event);
    },
  });
  const ended = (async () => {
    const { lastWords } = await command.ended;
    return { fault: lastWords === '' ? 'virsh event ended' : lastWords.replace(/\s*\n\s*/g, ' | ') };
  })();
  return { ended, stop: command.stop };
}

const LINE = /^event '([^']+)' for domain '(.*)': (.*)$/s;

const LIFECYCLE: ReadonlyMap<string, LifecycleEvent> = new Map([
  ['Defined', 'defined'],
  ['Undefined', 'undefined'],
  ['Started', 'started'],
  ['Suspended', 'suspended'],
  ['Resumed', 'resumed'],
  ['Stopped', 'stopped'],
  ['Shutdown', 'shutdown'],
  ['PMSuspended', 'pm-suspended'],
  ['Crashed', 'crashed'],
]);

/** Undefined for a line that is no event. */
export function parseDomainEvent(line: string): DomainEvent | undefined {
  const [, event, domain, detail] = LINE.exec(line) ?? [];
  if (event === undefined || domain === undefined || detail === undefined) return undefined;
  const [word = '', ...rest] = detail.split(' ');
  const lifecycle = event === 'lifecycle' ? LIFECYCLE.get(word) : undefined;
  return lifecycle === undefined
    ? { kind: 'other', domain, event, detail }
    : { kind: 'lifecycle', domain, event: lifecycle, detail: rest.join(' ') };
}
