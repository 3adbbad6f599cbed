/** The status of an agent as vm-connect needs it, read from whatever came. */
import type { Json } from '../../shared/protocol/message.ts';

export interface Status {
  readonly agent: string;
  readonly pid: number;
  readonly started: string;
  readonly port: { readonly path: string; readonly kind: string; readonly fault: string };
  readonly link: {
    readonly state: string;
    readonly forMs: number;
    readonly roundTripMs: number | undefined;
    /** Who answers, or answered last; undefined when nobody ever did. */
    readonly host:
      | { readonly host: string; readonly guest: string; readonly services: readonly string[] }
      | undefined;
  };
  readonly openRequests: number;
  /** Flat: `link.migrations`. */
  readonly counters: ReadonlyMap<string, number>;
}

type Members = Readonly<Record<string, Json>>;

/** Undefined when this is no status of an agent in a guest. Members that are missing show as empty. */
export function readStatus(json: Json): Status | undefined {
  const top = membersOf(json);
  if (top['role'] !== 'guest') return undefined;
  const port = membersOf(top['port']);
  const link = membersOf(top['link']);
  const host = membersOf(link['lastHost']);
  return {
    agent: textOf(top['agent']),
    pid: numberOf(top['pid']) ?? 0,
    started: textOf(top['started']),
    port: { path: textOf(port['path']), kind: textOf(port['kind']), fault: textOf(port['fault']) },
    link: {
      state: textOf(link['state']),
      forMs: numberOf(link['forMs']) ?? 0,
      roundTripMs: numberOf(link['roundTripMs']),
      host:
        host['session'] === undefined
          ? undefined
          : { host: textOf(host['host']), guest: textOf(host['guest']), services: textsOf(host['services']) },
    },
    openRequests: numberOf(membersOf(top['requests'])['open']) ?? 0,
    counters: countersOf(membersOf(top['counters'])),
  };
}

function countersOf(groups: Members): ReadonlyMap<string, number> {
  const flat = new Map<string, number>();
  for (const [group, counters] of Object.entries(groups)) {
    for (const [name, value] of Object.entries(membersOf(counters))) {
      flat.set(`${group}.${name}`, numberOf(value) ?? 0);
    }
  }
  return flat;
}

const membersOf = (value: Json | undefined): Members => (isMembers(value) ? value : {});

const isMembers = (value: Json | undefined): value is Members =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const textOf = (value: Json | undefined): string => (typeof value === 'string' ? value : '');

const numberOf = (value: Json | undefined): number | undefined =>
  typeof value === 'number' ? value : undefined;

const textsOf = (value: Json | undefined): readonly string[] =>
  Array.isArray(value) ? value.map(textOf) : [];
