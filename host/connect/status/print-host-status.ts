/** The status of a host daemon for people: 80 columns, what matters first, trouble only where there was some. */
import { durationWords, plain, wrapped } from '../../../shared/status-text.ts';
import type { Counters, GuestStatus, HostStatus, SourceStatus } from './host-status.ts';

const LABEL_WIDTH = 11;

export function printHostStatus(status: HostStatus): string {
  const { sources, services, guests, counters } = status;
  const present = services.filter((service) => service.present).map(({ name }) => name);
  const requests = counters['requests'] ?? {};
  return [
    field('daemon', `${status.agent} on ${status.host}, process ${status.pid}, since ${status.started}`),
    field('pacemaker', sourceWords(sources.pacemaker)),
    field('libvirt', sourceWords(sources.libvirt)),
    field('services', present.join(', ') || 'none; are vm-stonithd and vm-managerd running?'),
    field(
      'requests',
      `${requests['openRequests'] ?? 0} open, ${requests['answers'] ?? 0} answers remembered`,
    ),
    field('guests', guestTotals(guests)),
    ...status.problems.map((problem) => field('problem', problem)),
    guests.length === 0 ? '' : `\n${guestTable(guests)}`,
  ].join('');
}

function sourceWords({ state, forMs, fault }: SourceStatus): string {
  return `${state} for ${durationWords(forMs)}${fault === '' ? '' : `: ${fault}`}`;
}

function guestTotals(guests: readonly GuestStatus[]): string {
  if (guests.length === 0) return 'none is known';
  const counts = new Map<string, number>();
  for (const { state } of guests) counts.set(state, (counts.get(state) ?? 0) + 1);
  return [...counts].map(([state, count]) => `${count} ${state}`).join(', ');
}

/** A longer one gets a line of its own. */
const LONGEST_NAME = 20;
const STATE_WIDTH = 10;
const FOR_WIDTH = 9;
const OPEN_WIDTH = 6;

function guestTable(guests: readonly GuestStatus[]): string {
  const lengths = guests.map(({ name }) => plain(name).length).filter((length) => length <= LONGEST_NAME);
  const nameWidth = Math.max(...lengths, 'GUEST'.length) + 2;
  const row = (name: string, state: string, since: string, open: string, words: string) => {
    const hasRoom = name.length <= LONGEST_NAME;
    const cells = plain(state).padEnd(STATE_WIDTH) + since.padEnd(FOR_WIDTH) + open.padEnd(OPEN_WIDTH);
    return `${hasRoom ? '' : `${name}\n`}${wrapped((hasRoom ? name : '').padEnd(nameWidth) + cells, words)}`;
  };
  return [
    row('GUEST', 'STATE', 'FOR', 'OPEN', 'AGENT, OR WHY NOT'),
    ...guests.map((guest) => {
      const state = guest.version === 0 ? guest.state : `${guest.state} v${guest.version}`;
      const since = guest.forMs < 0 ? '' : durationWords(guest.forMs);
      const words = [guest.fault || agentWords(guest), troubleWords(guest.link)].filter(
        (text) => text !== '',
      );
      return row(plain(guest.name), state, since, String(guest.openRequests), words.join('; '));
    }),
  ].join('');
}

function agentWords({ agent, state, agentName }: GuestStatus): string {
  if (state === 'mute') return 'no agent has spoken yet';
  return agentName === '' ? agent : `${agent} on ${agentName}`;
}

/** Counters that a person on call wants to see when they are not 0. */
const TROUBLE: readonly (readonly [name: string, words: string])[] = [
  ['lost', 'links lost'],
  ['garbageRuns', 'garbage'],
  ['penalties', 'dropped for garbage'],
  ['throttled', 'too fast'],
  ['unread', 'did not read'],
  ['secondConnections', 'second connections'],
];

function troubleWords(link: Counters): string {
  return TROUBLE.map(([name, words]) => [link[name] ?? 0, words] as const)
    .filter(([count]) => count > 0)
    .map(([count, words]) => `${words}: ${count}`)
    .join(', ');
}

const field = (label: string, value: string): string => wrapped(label.padEnd(LABEL_WIDTH), value);
