/**
 * How long the bridge takes to carry a question and its answer, and how many in a second: over the virtio port of a real
 * guest, over a pseudo-terminal on this machine and over bare unix sockets, beside a raw echo of lines of the same length,
 * and beside QEMU's own agent on the same port.
 *
 * From whichever end is asked, the way through the port is the same, twice; what differs are the programs at its ends.
 */
import { laboratory } from '../lab/lab.ts';
import type { Benchmark, Limit, Row } from './benchmark.ts';
import { versionsOf } from './machine.ts';
import { type Asking, PortWorld } from './round-trip-guest.ts';
import { MANY_GUESTS, NativeWorld } from './round-trip-native.ts';
import type { RoundTripTimes } from './round-trips.ts';
import { statsOf } from './statistics.ts';

interface Way {
  readonly name: string;
  readonly kind: Row['kind'];
  readonly peer?: string;
  readonly ask: (asking: Asking) => Promise<RoundTripTimes>;
  /** Only how long one takes, or only how many there are in a second, where both make no sense. */
  readonly tells?: 'time' | 'rate';
}

const CAT = 'port, host asks: echo by cat';
const NODE = 'port, host asks: echo by Node';
const GUEST_PING = 'port, host asks: guest-ping of QEMU’s agent';
const PONG = 'port, host asks: pong of vm-connectd';
const RAW = 'port, guest asks: echo by the host';
const BRIDGE = 'port, guest asks: the whole bridge';
const NATIVE_CAT = 'native port, host asks: echo by cat';
const NATIVE_NODE = 'native port, host asks: echo by Node';
const NATIVE_PING = 'native port, host asks: guest-ping of QEMU’s agent';
const NATIVE_PONG = 'native port, host asks: pong of vm-connectd';
const NATIVE_RAW = 'native port, guest asks: echo by the host';
const NATIVE_BRIDGE = 'native port, guest asks: the whole bridge';
const SOCKET_RAW = 'socket: echo by Node';
const SOCKET_PING = 'socket: guest-ping of QEMU’s agent';
const SOCKET_DAEMON = 'socket: vm-connectd -t host';
const SOCKET_MANY = `socket: vm-connectd -t host, ${MANY_GUESTS} guests at once`;
const rate = (name: string) => (name === SOCKET_MANY ? name : `${name}, 32 at once`);

/** What Node echoes goes through our own end of the port, what cat echoes through nothing of ours. */
const LIMITS: readonly Limit[] = [
  { row: PONG, of: CAT, times: 2 },
  { row: PONG, of: NODE, times: 2 },
  { row: PONG, of: GUEST_PING, times: 1 },
  { row: BRIDGE, of: CAT, times: 2 },
  { row: BRIDGE, of: RAW, times: 2 },
  { row: BRIDGE, of: GUEST_PING, times: 1 },
  { row: NATIVE_PONG, of: NATIVE_CAT, times: 2 },
  { row: NATIVE_PONG, of: NATIVE_NODE, times: 2 },
  { row: NATIVE_PONG, of: NATIVE_PING, times: 1 },
  { row: NATIVE_BRIDGE, of: NATIVE_CAT, times: 2 },
  { row: NATIVE_BRIDGE, of: NATIVE_RAW, times: 2 },
  { row: NATIVE_BRIDGE, of: NATIVE_PING, times: 1 },
  { row: SOCKET_DAEMON, of: SOCKET_RAW, times: 2 },
  { row: SOCKET_DAEMON, of: SOCKET_PING, times: 1 },
];

const portWays = (port: PortWorld): readonly Way[] => [
  { name: CAT, kind: 'floor', ask: port.echoByCat },
  { name: NODE, kind: 'floor', ask: port.echoByNode },
  { name: GUEST_PING, kind: 'peer', ask: port.guestPing, tells: 'time' },
  { name: PONG, kind: 'ours', peer: NODE, ask: port.agentPong },
  { name: RAW, kind: 'floor', ask: (asking) => port.rawFromGuest(asking) },
  { name: BRIDGE, kind: 'ours', peer: RAW, ask: (asking) => port.bridge(asking) },
];

const nativeWays: readonly Way[] = [
  { name: NATIVE_CAT, kind: 'floor', ask: natively('portCat') },
  { name: NATIVE_NODE, kind: 'floor', ask: natively('portEcho') },
  { name: NATIVE_PING, kind: 'peer', ask: natively('portGuestPing'), tells: 'time' },
  { name: NATIVE_PONG, kind: 'ours', peer: NATIVE_NODE, ask: natively('portPong') },
  { name: NATIVE_RAW, kind: 'floor', ask: natively('portRaw') },
  { name: NATIVE_BRIDGE, kind: 'ours', peer: NATIVE_RAW, ask: natively('portBridge') },
  { name: SOCKET_RAW, kind: 'floor', ask: natively('socketEcho') },
  { name: SOCKET_PING, kind: 'peer', ask: natively('socketGuestPing'), tells: 'time' },
  { name: SOCKET_DAEMON, kind: 'ours', peer: SOCKET_RAW, ask: natively('socketDaemon') },
  { name: SOCKET_MANY, kind: 'ours', ask: natively('socketDaemonOfMany'), tells: 'rate' },
];

export const roundTrip: Benchmark = {
  name: 'round-trip',
  about: 'a question and its answer between guest and host',
  needs: 'guests',
  quickNeeds: 'nothing', // over the port of a guest it takes longer than all that is quick
  programs: [
    { program: 'qemu-ga', debianPackage: 'qemu-guest-agent' },
    { program: 'socat', debianPackage: 'socat' },
  ],
  async run({ quick, report }) {
    const ways = quick ? nativeWays : [...portWays(await PortWorld.build(laboratory())), ...nativeWays];
    const times = new Map<Way, number[]>(tellers(ways, 'time').map((way) => [way, []]));
    const rates = new Map<Way, number[]>(tellers(ways, 'rate').map((way) => [way, []]));
    for (let round = 0; round < (quick ? 1 : 2); round++) {
      for (const [way, timesMs] of times) {
        timesMs.push(...(await way.ask({ count: quick ? 100 : 500, outstanding: 1 })).timesMs);
        report(`${way.name}: ${statsOf(timesMs).median} ms`);
      }
      for (const [way, perSecond] of quick ? [] : rates) {
        perSecond.push((await way.ask({ count: 1_000, outstanding: 32 })).perSecond);
        report(`${rate(way.name)}: ${statsOf(perSecond).median} /s`);
      }
    }
    return {
      rows: [
        ...[...times].map(([way, values]) => rowOf(way, 'ms', values)),
        ...(quick ? [] : [...rates].map(([way, values]) => rowOf(way, '/s', values, rate))),
      ],
      limits: LIMITS,
      plot: { unit: 'ms', scale: 'logarithmic' },
      versions: await versionsOf(['QEMU', 'QEMU guest agent']),
    };
  },
};

/** QEMU's agent has one question at a time. */
const tellers = (ways: readonly Way[], told: 'time' | 'rate') =>
  ways.filter(({ tells = told }) => tells === told);

function rowOf(
  { name, kind, peer }: Way,
  unit: Row['unit'],
  values: readonly number[],
  nameOf = (plain: string) => plain,
): Row {
  const comparison = peer === undefined ? {} : { peer: nameOf(peer) };
  return { name: nameOf(name), kind, unit, stats: statsOf(values), ...comparison };
}

function natively(way: keyof NativeWorld): Way['ask'] {
  return (asking) => NativeWorld.with((world) => world[way](asking));
}
