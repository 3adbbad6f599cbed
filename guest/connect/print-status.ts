/** The status of an agent for people: 80 columns, what matters first, trouble only where there was some. */
import { durationWords, wrapped } from '../../shared/status-text.ts';
import type { Status } from './read-status.ts';

const LABEL_WIDTH = 10;

export function printStatus(status: Status): string {
  const { link, port } = status;
  const { host } = link;
  const lines = [
    field('host', hostWords(status)),
    field('guest', host === undefined ? '' : host.guest),
    field('services', link.state === 'up' ? servicesWords(host?.services ?? []) : ''),
    field('port', port.fault === '' ? `${port.path} (${port.kind})` : port.fault),
    field('requests', requestWords(status)),
    field('trouble', troubleWords(status.counters)),
    field('agent', `${status.agent}, process ${status.pid}, since ${status.started}`),
  ];
  return lines.join('');
}

function hostWords({ link }: Status): string {
  const forWords = `for ${durationWords(link.forMs)}`;
  const last = link.host === undefined ? '' : `; the last one was ${link.host.host || 'one without a name'}`;
  switch (link.state) {
    case 'up': {
      const roundTrip =
        link.roundTripMs === undefined ? '' : `, round trip ${link.roundTripMs.toFixed(1)} ms`;
      return `${link.host?.host || 'without a name'}, up ${forWords}${roundTrip}`;
    }
    case 'greeting':
      return `connected, has not answered yet ${forWords}${last}`;
    case 'silent':
      return `connected but silent ${forWords}${last}; see vm-connectd on the host`;
    case 'away':
      return `none ${forWords}${last}; is vm-connectd running on the host?`;
    default:
      return `none, the port is not open ${forWords}${last}`;
  }
}

/** The service `host` is vm-connectd itself, which goes without saying. */
function servicesWords(services: readonly string[]): string {
  const others = services.filter((name) => name !== 'host');
  if (others.length > 0) return others.join(', ');
  return 'none; are vm-stonithd and vm-managerd running on the host?';
}

function requestWords({ openRequests, counters }: Status): string {
  const count = (name: string) => counters.get(`requests.${name}`) ?? 0;
  return `${openRequests} open, ${count('answered')} answered, ${count('failed')} failed`;
}

/** Counters that a person on call wants to see when they are not 0. */
const TROUBLE: readonly (readonly [name: string, words: string])[] = [
  ['link.migrations', 'migrated'],
  ['link.hostRestarts', 'host daemon restarted'],
  ['link.hostsGone', 'host gone'],
  ['link.silences', 'host silent'],
  ['link.portsLost', 'port lost'],
  ['requests.sentAgain', 'request sent again'],
  ['requests.deadlines', 'deadline missed'],
  ['requests.hostAway', 'request without a host'],
  ['requests.lateReplies', 'late reply'],
  ['frames.garbageRuns', 'garbage from the host'],
  ['frames.badMessages', 'wrong message'],
  ['local.droppedAsSlow', 'local program too slow to read'],
];

function troubleWords(counters: ReadonlyMap<string, number>): string {
  const some = TROUBLE.map(([name, words]) => [counters.get(name) ?? 0, words] as const);
  return some
    .filter(([count]) => count > 0)
    .map(([count, words]) => `${count}× ${words}`)
    .join(', ');
}

/** Nothing for a field without a value. */
const field = (label: string, value: string): string =>
  value === '' ? '' : wrapped(label.padEnd(LABEL_WIDTH), value);
