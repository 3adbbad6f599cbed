/** Gathers what the parts of the daemon know into its status. */
import type { Discovery } from '../discovery/discovery.ts';
import type { SourceView } from '../discovery/source-state.ts';
import type { GuestLink } from '../link/guest-link.ts';
import { newLinkCounts } from '../link/link-counts.ts';
import type { Identity } from '../router/greeting.ts';
import type { Router } from '../router/router.ts';
import type { Counters, GuestStatus, HostStatus, SourceStatus } from './host-status.ts';

export interface StatusParts {
  readonly identity: Identity;
  readonly startedMs: number;
  /** Now, on the wall. */
  readonly nowMs: number;
  readonly router: Router;
  readonly links: ReadonlyMap<string, GuestLink>;
  readonly discovery: Pick<Discovery, 'wanted' | 'sources' | 'watchCounts'>;
  readonly local: Counters;
}

export interface Page {
  /** The guests behind this name. */
  readonly after: string | undefined;
  /** How large the JSON of its guests may be; one is given in any case. */
  readonly guestBytes: number;
}

export const WHOLE: Page = { after: undefined, guestBytes: Number.POSITIVE_INFINITY };

/** So that what is said of one guest can't fill a frame by itself. */
const LONGEST_TEXT = 160;
const MOST_PROBLEMS = 20;

export function statusReport(parts: StatusParts, page: Page): HostStatus {
  const { identity, router, discovery, nowMs } = parts;
  const { guests, next } = guestPage(parts, page);
  const { problems } = discovery.wanted;
  const more =
    problems.length > MOST_PROBLEMS ? [`and ${problems.length - MOST_PROBLEMS} more of this kind`] : [];
  return {
    agent: identity.agent,
    host: identity.host,
    session: identity.session,
    pid: process.pid,
    started: new Date(parts.startedMs).toISOString(),
    sources: {
      pacemaker: sourceStatus(discovery.sources.pacemaker, nowMs),
      libvirt: sourceStatus(discovery.sources.libvirt, nowMs),
    },
    services: router
      .services()
      .map(({ name, isPresent, openRequests }) => ({ name, present: isPresent, openRequests })),
    counters: {
      requests: router.totals(),
      local: parts.local,
      watch: discovery.watchCounts,
      process: processCounters(),
    },
    problems: [...problems.slice(0, MOST_PROBLEMS).map(cut), ...more],
    guests,
    next,
  };
}

function guestPage(
  parts: StatusParts,
  { after, guestBytes }: Page,
): { guests: GuestStatus[]; next: string | undefined } {
  const { idle, refused } = parts.discovery.wanted;
  const names = [...new Set([...parts.links.keys(), ...idle.keys(), ...refused.keys()])].sort();
  const guests: GuestStatus[] = [];
  let bytes = 0;
  for (const name of names) {
    if (after !== undefined && name <= after) continue;
    const guest = guestStatus(parts, name);
    bytes += Buffer.byteLength(JSON.stringify(guest)) + 1;
    const last = guests.at(-1);
    if (last !== undefined && bytes > guestBytes) return { guests, next: last.name };
    guests.push(guest);
  }
  return { guests, next: undefined };
}

function guestStatus({ links, discovery, router, nowMs }: StatusParts, name: string): GuestStatus {
  const { errors, ...requests } = router.counts.view(name);
  const common = {
    name,
    openRequests: router.openRequestsOf(name),
    requests,
    errors: Object.fromEntries(errors),
  };
  const view = links.get(name)?.view;
  if (view === undefined) {
    const { idle, refused } = discovery.wanted;
    const why = refused.get(name);
    return {
      ...common,
      state: why === undefined ? 'idle' : 'refused',
      version: 0,
      forMs: -1,
      mode: '',
      path: '',
      fault: cut(why ?? idle.get(name) ?? ''),
      agent: '',
      session: '',
      boot: '',
      agentName: '',
      link: { ...newLinkCounts() },
    };
  }
  const { state, version, sinceMs, mode, path, fault, peer, counts } = view;
  return {
    ...common,
    state,
    version: version ?? 0,
    forMs: Math.max(0, Math.round(nowMs - sinceMs)),
    mode,
    path,
    fault: cut(fault ?? ''),
    agent: cut(peer?.agent ?? ''),
    session: cut(peer?.session ?? ''),
    boot: cut(peer?.boot ?? ''),
    agentName: cut(peer?.name ?? ''),
    link: { ...counts },
  };
}

function sourceStatus({ state, sinceMs, fault }: SourceView, nowMs: number): SourceStatus {
  return { state, forMs: Math.max(0, Math.round(nowMs - sinceMs)), fault: cut(fault ?? '') };
}

function processCounters(): Readonly<Record<string, number>> {
  const { user, system } = process.cpuUsage();
  const cpuSeconds = (user + system) / 1e6;
  try {
    return { rssBytes: process.memoryUsage.rss(), cpuSeconds };
  } catch {
    return { cpuSeconds }; // it is read from a file, and no file more can be opened
  }
}

const cut = (text: string) => (text.length > LONGEST_TEXT ? `${text.slice(0, LONGEST_TEXT)}…` : text);
