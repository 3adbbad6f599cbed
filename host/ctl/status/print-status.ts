/** The view as one screen of 80 columns, with what could not be asked at its end. Pure. */
import type { Catalogue, Message } from '../messages/message.ts';
import { message } from '../messages/message.ts';
import { render } from '../messages/render.ts';
import { narrowTable, wrapped } from '../report/columns.ts';
import type { Answer, Seen } from './seen.ts';
import type { FencingRow, GuestRow, Health, HostRow, Link, View } from './view.ts';

export interface Screen {
  readonly width: number;
  /** Undefined: as long as it gets. */
  readonly height: number | undefined;
}

const WIDEST_NAME = 20;
const FENCINGS = 5;

export function printStatus(seen: Seen, view: View, catalogue: Catalogue, screen: Screen): string {
  const told = (one: Message) => render(one, catalogue);
  const lines = (text: string) =>
    wrapped(text, screen.width)
      .map((line) => `${line}\n`)
      .join('');
  const shape = { width: screen.width, widest: WIDEST_NAME };
  const head = lines(told(headOf(seen)));
  const hosts =
    view.hosts.length === 0
      ? ''
      : narrowTable(
          [
            catalogue['column-host'],
            catalogue['column-node-state'],
            catalogue['column-guests'],
            catalogue['column-health'],
          ],
          view.hosts.map((row) => hostCells(row, catalogue)),
          shape,
        );
  const fencing = view.fencing.slice(0, FENCINGS);
  const fencings =
    fencing.length === 0
      ? ''
      : narrowTable(
          [
            catalogue['column-fenced-at'],
            catalogue['column-target'],
            catalogue['column-action'],
            catalogue['column-result'],
            catalogue['column-by'],
          ],
          fencing.map(fencingCells),
          shape,
        );
  const foot = [
    ...daemonLines(seen),
    ...(fencing.length === 0 && isFencingKnown(seen) ? [message('status-no-fencing')] : []),
    ...problemsOf(seen),
  ]
    .map((one) => lines(told(one)))
    .join('');
  const others = [head, hosts, fencings, foot].filter((block) => block !== '');
  const taken = others.reduce((sum, block) => sum + block.split('\n').length, 0) + 3;
  const room = screen.height === undefined ? Number.POSITIVE_INFINITY : Math.max(5, screen.height - taken);
  const guests = guestBlock(seen, view.guests, catalogue, room, shape);
  return [head, hosts, guests, fencings, foot].filter((block) => block !== '').join('\n');
}

function headOf({ atWallMs, cluster, node }: Seen): Message {
  const at = new Date(atWallMs).toISOString().replace(/\.\d+Z$/, 'Z');
  if (cluster.kind !== 'told') return message('status-head-unknown', { at });
  const { status } = cluster.value;
  if (status === undefined) return message('status-head-file', { at });
  const { dc, hasQuorum, options } = status;
  const values = { at, node: node ?? '?', dc: dc ?? '-' };
  if (options.isInMaintenance) return message('status-head-maintenance', values);
  return hasQuorum ? message('status-head', values) : message('status-head-no-quorum', values);
}

const hostCells = ({ name, states, guests, health }: HostRow, catalogue: Catalogue) => [
  name,
  states.join(' ') || '?',
  guests === undefined ? '?' : String(guests),
  health.map((one) => healthWords(one, catalogue)).join(' ') || '-',
];

function healthWords({ attribute, value, isBad }: Health, catalogue: Catalogue): string {
  const words = `${attribute}=${value ?? '-'}`;
  return isBad ? `${words} ${render(message('status-bad'), catalogue)}` : words;
}

/** Where there is not room for all, guests that need no look are only counted. */
function guestBlock(
  { cluster }: Seen,
  guests: readonly GuestRow[],
  catalogue: Catalogue,
  room: number,
  shape: { readonly width: number; readonly widest: number },
): string {
  if (cluster.kind !== 'told') return '';
  if (guests.length === 0) return `${render(message('no-guests'), catalogue)}\n`;
  const ordered =
    guests.length <= room ? guests : [...guests].sort((one, other) => +one.isQuiet - +other.isQuiet);
  const shown = ordered.slice(0, guests.length <= room ? guests.length : room - 1);
  const left = guests.length - shown.length;
  const headings = [
    catalogue['column-guest'],
    catalogue['column-role'],
    catalogue['column-host'],
    catalogue['column-preferred'],
    catalogue['column-link'],
    catalogue['column-note'],
  ];
  const rows = shown.map((row) => [
    row.domain,
    row.state ?? '?',
    row.nodes.join(',') || '-',
    row.preferred ?? '-',
    linkWord(row.link),
    row.notes.map((note) => render(note, catalogue)).join('; '),
  ]);
  const more = left === 0 ? '' : `${render(message('status-more', { count: left }), catalogue)}\n`;
  return narrowTable(headings, rows, shape) + more;
}

function linkWord(link: Link): string {
  switch (link.kind) {
    case 'state':
      return link.version === 0 ? link.state : `${link.state} v${link.version}`;
    case 'unknown':
      return '?';
    case 'none':
    case 'elsewhere':
      return '-';
  }
}

const fencingCells = ({ at, target, action, result, by, reason }: FencingRow) => [
  at.replace('T', ' ').replace(/\.\d+Z$/, 'Z') || '-',
  target,
  action,
  result,
  [by, reason].filter((text) => text !== '').join(': ') || '-',
];

function daemonLines({ links, stonith, worker, node, isIdle }: Seen): readonly Message[] {
  const lines: Message[] = isIdle === false ? [message('status-busy')] : [];
  if (links.kind === 'told') {
    const { agent, pid, services } = links.value;
    const present = services.filter((one) => one.present).map(({ name }) => name);
    lines.push(
      message('status-connectd', { node: node ?? '?', agent, pid, services: present.join(' ') || '-' }),
    );
  }
  if (stonith.kind === 'told') {
    const { agent, service, jobs, fingerprint } = stonith.value;
    lines.push(message('status-stonithd', { node: node ?? '?', agent, service, jobs, fingerprint }));
  }
  if (worker !== undefined) lines.push(message('status-worker', { ...worker }));
  return lines;
}

const isFencingKnown = ({ cluster, audit }: Seen) => cluster.kind === 'told' && audit.kind === 'told';

/** What was asked and did not answer. */
export function problemsOf({ cluster, links, stonith, audit }: Seen): readonly Message[] {
  return [cluster, links, stonith, audit].flatMap((answer: Answer<unknown>) =>
    answer.kind === 'silent' ? [answer.problem] : [],
  );
}
