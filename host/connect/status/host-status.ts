/**
 * What the host daemon says of itself: the answer `status` of the service `agent`, read back from whatever came.
 *
 * It is given page by page, because a thousand guests don't fit into a frame: a page has guests in the order of their
 * names, and `next`, the name to ask for the following one with (`detail` `{"after": NAME}`).
 */
import { listOf, membersOf, numberOf, textOf } from '../../../shared/protocol/json-members.ts';
import type { Json } from '../../../shared/protocol/message.ts';

export type Counters = Readonly<Record<string, number>>;

export interface SourceStatus {
  readonly state: string;
  readonly forMs: number;
  /** Empty: nothing is wrong. */
  readonly fault: string;
}

export interface ServiceStatus {
  readonly name: string;
  readonly present: boolean;
  readonly openRequests: number;
}

export interface GuestStatus {
  readonly name: string;
  /** Of its link; `idle`: there is no socket to link to; `refused`: its configuration has to be mended. */
  readonly state: string;
  /** 0 while it is not up. */
  readonly version: number;
  readonly forMs: number;
  readonly mode: string;
  readonly path: string;
  /** Why it is not linked, or empty. */
  readonly fault: string;
  /** What its agent says of itself. */
  readonly agent: string;
  readonly session: string;
  readonly boot: string;
  readonly agentName: string;
  readonly openRequests: number;
  readonly link: Counters;
  readonly requests: Counters;
  readonly errors: Counters;
}

export interface HostStatus {
  readonly agent: string;
  readonly host: string;
  readonly session: string;
  readonly pid: number;
  readonly started: string;
  readonly sources: { readonly pacemaker: SourceStatus; readonly libvirt: SourceStatus };
  readonly services: readonly ServiceStatus[];
  readonly counters: { readonly [group: string]: Counters };
  readonly problems: readonly string[];
  readonly guests: readonly GuestStatus[];
  /** Undefined on the last page. */
  readonly next: string | undefined;
}

/** Undefined when this is no status of a host daemon. Members that are missing show as empty. */
export function readHostStatus(json: Json): HostStatus | undefined {
  const top = membersOf(json);
  if (top['role'] !== 'host') return undefined;
  const sources = membersOf(top['sources']);
  const next = top['next'];
  return {
    agent: textOf(top['agent']),
    host: textOf(top['host']),
    session: textOf(top['session']),
    pid: numberOf(top['pid']),
    started: textOf(top['started']),
    sources: { pacemaker: sourceOf(sources['pacemaker']), libvirt: sourceOf(sources['libvirt']) },
    services: listOf(top['services']).map(serviceOf),
    counters: Object.fromEntries(
      Object.entries(membersOf(top['counters'])).map(([group, counters]) => [group, countersOf(counters)]),
    ),
    problems: listOf(top['problems']).map(textOf),
    guests: listOf(top['guests']).map(guestOf),
    next: typeof next === 'string' ? next : undefined,
  };
}

function sourceOf(json: Json | undefined): SourceStatus {
  const { state, forMs, fault } = membersOf(json);
  return { state: textOf(state), forMs: numberOf(forMs), fault: textOf(fault) };
}

function serviceOf(json: Json): ServiceStatus {
  const { name, present, openRequests } = membersOf(json);
  return { name: textOf(name), present: present === true, openRequests: numberOf(openRequests) };
}

function guestOf(json: Json): GuestStatus {
  const guest = membersOf(json);
  return {
    name: textOf(guest['name']),
    state: textOf(guest['state']),
    version: numberOf(guest['version']),
    forMs: numberOf(guest['forMs']),
    mode: textOf(guest['mode']),
    path: textOf(guest['path']),
    fault: textOf(guest['fault']),
    agent: textOf(guest['agent']),
    session: textOf(guest['session']),
    boot: textOf(guest['boot']),
    agentName: textOf(guest['agentName']),
    openRequests: numberOf(guest['openRequests']),
    link: countersOf(guest['link']),
    requests: countersOf(guest['requests']),
    errors: countersOf(guest['errors']),
  };
}

const countersOf = (json: Json | undefined): Counters =>
  Object.fromEntries(Object.entries(membersOf(json)).map(([name, value]) => [name, numberOf(value)]));
