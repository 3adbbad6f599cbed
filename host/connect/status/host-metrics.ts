/** The status of a host daemon as metrics for Prometheus. Pure. */
import { metricFamily, type Sample, snakeCase } from '../../../shared/prometheus.ts';
import type { Counters, HostStatus } from './host-status.ts';

const family = (name: string, type: 'gauge' | 'counter', help: string, samples: readonly Sample[]) =>
  metricFamily(`pm_kvm_host_${name}`, type, help, samples);

export function hostMetrics(status: HostStatus): string {
  const { guests, sources, services, counters } = status;
  const group = (name: string): Counters => counters[name] ?? {};
  const { connections = 0, ...local } = group('local');
  const ofGuests = (pick: (guest: HostStatus['guests'][number]) => readonly Sample[]) =>
    guests.flatMap((guest) =>
      pick(guest).map(({ labels, value }) => ({ labels: { guest: guest.name, ...labels }, value })),
    );
  return [
    family('start_time_seconds', 'gauge', 'When the daemon was started', [
      { value: Date.parse(status.started) / 1000 },
    ]),
    family('source_followed', 'gauge', 'Whether this source of guests answers', [
      ...Object.entries(sources).map(([source, { state }]) => ({
        labels: { source },
        value: Number(state === 'followed'),
      })),
    ]),
    family('service_present', 'gauge', 'Whether this service is registered', [
      ...services.map(({ name, present }) => ({ labels: { service: name }, value: Number(present) })),
    ]),
    family('problems', 'gauge', 'Things in the configuration that have to be mended', [
      { value: status.problems.length },
    ]),
    family(
      'requests_state',
      'gauge',
      'Open requests and remembered answers',
      named('what', group('requests')),
    ),
    family('local_connections', 'gauge', 'Programs on the local socket', [{ value: connections }]),
    family('local_total', 'counter', 'What happened on the local socket', named('event', local)),
    family('process', 'gauge', 'What the daemon uses', named('what', group('process'))),
    family('guest_state', 'gauge', 'Which state the link to a guest is in', [
      ...ofGuests(({ state, version }) => [{ labels: { state, version: String(version) }, value: 1 }]),
    ]),
    family('guest_up', 'gauge', 'Whether the agent of a guest has spoken over its link', [
      ...ofGuests(({ state }) => [{ value: Number(state === 'up') }]),
    ]),
    family('guest_open_requests', 'gauge', 'Requests of a guest that wait for an answer', [
      ...ofGuests(({ openRequests }) => [{ value: openRequests }]),
    ]),
    family('guest_link_total', 'counter', 'What went over the link to a guest, and what happened to it', [
      ...ofGuests(({ link }) => named('event', link)),
    ]),
    family('guest_requests_total', 'counter', 'What became of the requests of a guest', [
      ...ofGuests(({ requests }) => named('event', requests)),
    ]),
    family('guest_errors_total', 'counter', 'Errors that a guest was given', [
      ...ofGuests(({ errors }) => named('code', errors, (code) => code)),
    ]),
  ].join('');
}

function named(label: string, counters: Counters, nameOf = snakeCase): Sample[] {
  return Object.entries(counters).map(([key, value]) => ({ labels: { [label]: nameOf(key) }, value }));
}
