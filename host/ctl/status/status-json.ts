/** The view for programs. A source that did not answer is null, never an empty list. Pure. */
import type { Json } from '../report/report.ts';
import type { Seen } from './seen.ts';
import type { GuestRow, View } from './view.ts';

export function statusJson(seen: Seen, view: View): Readonly<Record<string, Json>> {
  const { cluster, links, stonith, worker, node, atWallMs } = seen;
  const status = cluster.kind === 'told' ? cluster.value.status : undefined;
  return {
    at: new Date(atWallMs).toISOString(),
    node: node ?? null,
    cluster:
      status === undefined
        ? null
        : {
            dc: status.dc ?? null,
            idle: seen.isIdle ?? null,
            quorum: status.hasQuorum,
            maintenance: status.options.isInMaintenance,
            fencing: status.options.isFencingEnabled,
          },
    hosts:
      cluster.kind === 'told'
        ? view.hosts.map(({ name, states, guests, health }) => ({
            name,
            states,
            guests: guests ?? null,
            health: health.map(({ attribute, value, isBad }) => ({
              attribute,
              value: value ?? null,
              bad: isBad,
            })),
          }))
        : null,
    guests: cluster.kind === 'told' ? view.guests.map((row) => guestJson(row, seen)) : null,
    connectd:
      links.kind === 'told'
        ? {
            agent: links.value.agent,
            pid: links.value.pid,
            services: links.value.services.map(({ name, present }) => ({ name, present })),
            links: links.value.guests.map(({ name, state, version, fault }) => ({
              name,
              state,
              version,
              fault,
            })),
          }
        : null,
    stonithd:
      stonith.kind === 'told'
        ? { ...stonith.value, keys: stonith.value.keys.map(({ id, state }) => ({ id, state })) }
        : null,
    fencing: isFencingKnown(seen, view) ? view.fencing.map((row) => ({ ...row })) : null,
    vmCtl: worker === undefined ? null : { ...worker },
  };
}

/** An empty list says that nothing was fenced, which takes both who know of guests and who know of hosts. */
const isFencingKnown = ({ cluster, audit }: Seen, { fencing }: View) =>
  fencing.length > 0 || (cluster.kind === 'told' && audit.kind === 'told');

function guestJson(row: GuestRow, { jobs }: Seen): Json {
  const { domain, resource, state, nodes, preferred, link, notes } = row;
  const job = jobs.get(domain);
  return {
    domain,
    resource,
    state: state ?? null,
    nodes,
    preferredNode: preferred ?? null,
    link: link.kind === 'state' ? { state: link.state, version: link.version, fault: link.fault } : null,
    notes: notes.map(({ key, values }) => ({ key, ...values })),
    migration: job?.kind === 'running' ? { elapsedMs: job.elapsedMs, ...memoryJson(job.memory) } : null,
  };
}

interface Memory {
  readonly totalBytes: number;
  readonly remainingBytes: number;
  readonly bytesPerSecond: number | undefined;
}

const memoryJson = ({ totalBytes, remainingBytes, bytesPerSecond }: Memory) => ({
  totalBytes,
  remainingBytes,
  bytesPerSecond: bytesPerSecond ?? null,
});
