/** What the agent says of itself: as JSON (`status` of the service `agent`) and for Prometheus (`metrics`). Pure. */
import { metricFamily, type Sample, snakeCase } from '../../shared/prometheus.ts';
import type { Json } from '../../shared/protocol/message.ts';
import type { FrameFaults } from './agent.ts';
import type { ByteCounts } from './host-port.ts';
import type { Host, LinkCounts, LinkState } from './link.ts';
import type { OutboxCounts } from './outbox-counts.ts';
import type { PortStatus } from './port-keeper.ts';

export interface AgentFacts {
  readonly agent: string;
  readonly pid: number;
  readonly session: string;
  readonly nowMs: number;
  readonly wallMs: number;
  readonly startedMs: number;
  readonly port: PortStatus;
  readonly link: {
    readonly state: LinkState;
    readonly sinceMs: number;
    readonly roundTripMs: number | undefined;
    readonly host: Host | undefined;
  };
  readonly requests: { readonly open: number; readonly bytes: number };
  readonly clients: number;
  readonly counters: {
    readonly link: LinkCounts;
    readonly requests: OutboxCounts;
    readonly faults: FrameFaults;
    readonly bytes: ByteCounts;
    readonly local: Readonly<Record<string, number>>;
  };
}

export function statusJson(facts: AgentFacts): Json {
  const { port, link, counters } = facts;
  const time = (ms: number) => new Date(facts.wallMs - (facts.nowMs - ms)).toISOString();
  return {
    role: 'guest',
    agent: facts.agent,
    pid: facts.pid,
    session: facts.session,
    started: time(facts.startedMs),
    port: { path: port.path, kind: port.kind ?? null, fault: port.fault ?? null },
    link: {
      state: link.state,
      since: time(link.sinceMs),
      forMs: Math.round(facts.nowMs - link.sinceMs),
      roundTripMs: link.roundTripMs === undefined ? null : Math.round(link.roundTripMs * 1000) / 1000,
      lastHost: link.host === undefined ? null : hostJson(link.host),
    },
    requests: { ...facts.requests },
    clients: facts.clients,
    counters: {
      link: { ...counters.link },
      requests: { ...counters.requests },
      frames: { ...counters.bytes, ...counters.faults },
      local: { ...counters.local },
    },
  };
}

const hostJson = (host: Host): Json => ({
  host: host.host ?? null,
  guest: host.guest ?? null,
  agent: host.agent,
  session: host.session,
  services: host.services,
});

const LINK_STATES: readonly LinkState[] = ['closed', 'away', 'greeting', 'up', 'silent'];

export function metricsText(facts: AgentFacts): string {
  const { link, counters, nowMs } = facts;
  const families = [
    family('link_state', 'gauge', 'Which state the link to the host is in', [
      ...LINK_STATES.map((state) => ({ labels: { state }, value: Number(link.state === state) })),
    ]),
    family('link_state_seconds', 'gauge', 'How long it has been', [{ value: (nowMs - link.sinceMs) / 1000 }]),
    family('host_info', 'gauge', 'Who answered last', link.host === undefined ? [] : [hostSample(link.host)]),
    family('round_trip_seconds', 'gauge', 'Of the last ping', [
      ...(link.roundTripMs === undefined ? [] : [{ value: link.roundTripMs / 1000 }]),
    ]),
    family('open_requests', 'gauge', 'Requests that wait for an answer', [{ value: facts.requests.open }]),
    family('open_request_bytes', 'gauge', 'Their size', [{ value: facts.requests.bytes }]),
    family('local_connections', 'gauge', 'Programs on the local socket', [{ value: facts.clients }]),
    family('uptime_seconds', 'counter', 'Age of the agent', [{ value: (nowMs - facts.startedMs) / 1000 }]),
    family('link_events_total', 'counter', 'What happened to the link', totals('event', counters.link)),
    family('requests_total', 'counter', 'What became of requests', totals('event', counters.requests)),
    family('traffic_total', 'counter', 'Bytes and frames over the port', totals('unit', counters.bytes)),
    family('frame_faults_total', 'counter', 'Frames that were wrong', totals('fault', counters.faults)),
    family('local_total', 'counter', 'What happened on the local socket', totals('event', counters.local)),
  ];
  return families.join('');
}

const family = (name: string, type: 'gauge' | 'counter', help: string, samples: readonly Sample[]) =>
  metricFamily(`pm_kvm_guest_${name}`, type, help, samples);

const hostSample = ({ host, guest }: Host): Sample => ({
  labels: { host: host ?? '', guest: guest ?? '' },
  value: 1,
});

const totals = (label: string, counts: object): Sample[] =>
  Object.entries(counts).map(([key, value]) => ({
    labels: { [label]: snakeCase(key) },
    value: Number(value),
  }));
