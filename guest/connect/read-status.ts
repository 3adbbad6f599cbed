/** The status of an agent as vm-connect needs it, read from whatever came. */
import { listOf, type Members, membersOf, numberOf, textOf } from '../../shared/protocol/json-members.ts';
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

/** Undefined when this is no status of an agent in a guest. Members that are missing show as empty. */
export function readStatus(json: Json): Status | undefined {
  const top = membersOf(json);
  if (top['role'] !== 'guest') return undefined;
  const port = membersOf(top['port']);
  const link = membersOf(top['link']);
  const host = membersOf(link['lastHost']);
  return {
    agent: textOf(top['agent']),
    pid: numberOf(top['pid']),
    started: textOf(top['started']),
    port: { path: textOf(port['path']), kind: textOf(port['kind']), fault: textOf(port['fault']) },
    link: {
      state: textOf(link['state']),
      forMs: numberOf(link['forMs']),
      roundTripMs: typeof link['roundTripMs'] === 'number' ? link['roundTripMs'] : undefined,
      host:
        host['session'] === undefined
          ? undefined
          : {
              host: textOf(host['host']),
              guest: textOf(host['guest']),
              services: listOf(host['services']).map(textOf),
            },
    },
    openRequests: numberOf(membersOf(top['requests'])['open']),
    counters: countersOf(membersOf(top['counters'])),
  };
}

function countersOf(groups: Members): ReadonlyMap<string, number> {
  const flat = new Map<string, number>();
  for (const [group, counters] of Object.entries(groups)) {
    for (const [name, value] of Object.entries(membersOf(counters))) {
      flat.set(`${group}.${name}`, numberOf(value));
    }
  }
  return flat;
}
