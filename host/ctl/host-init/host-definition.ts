/**
 * What hosts need beside guests: clones that watch network and disks, and the daemons of the bridge, with their orders.
 * Ids, parameters and operations are those of the published example. Pure: wish in, definition out.
 */
import type { DependencyKind } from '../config/settings.ts';

export interface HostWish {
  /** Addresses; none: no ping clone. */
  readonly ping: readonly string[];
  /** Block devices; a clone for each. */
  readonly disks: readonly string[];
  readonly daemons: readonly Daemon[];
}

/** Those that `--daemons` may name; vm-connectd is there wherever one of them is. */
export const DAEMONS = ['vm-stonithd', 'vm-managerd'] as const;
export type Daemon = (typeof DAEMONS)[number];
export const BRIDGE = 'vm-connectd';

export interface CloneDefinition {
  /** What guests depend on it for; undefined: they don't. */
  readonly kind: DependencyKind | undefined;
  readonly clone: string;
  readonly primitive: string;
  readonly agent: Agent;
  readonly parameters: readonly Pair[];
  readonly operations: readonly CloneOperation[];
  readonly metaAttributes: readonly Pair[];
  /** The node attribute that it keeps. */
  readonly attribute: string | undefined;
}

export interface Agent {
  readonly class: string;
  readonly provider?: string;
  readonly type: string;
}

export interface Pair {
  readonly name: string;
  readonly value: string;
}

export interface CloneOperation {
  readonly name: string;
  readonly interval: string;
  readonly timeout: string;
  readonly onFail: string;
}

export interface CloneOrder {
  readonly id: string;
  readonly first: string;
  readonly second: string;
}

const OPERATIONS: readonly CloneOperation[] = [
  { name: 'start', interval: '0s', timeout: '60s', onFail: 'restart' },
  { name: 'monitor', interval: '10s', timeout: '60s', onFail: 'restart' },
  { name: 'stop', interval: '0s', timeout: '60s', onFail: 'ignore' },
];

export const PING_ATTRIBUTE = 'default_ping_set';

export const agentName = ({ class: standard, provider, type }: Agent): string =>
  [standard, provider, type].filter((word) => word !== undefined).join(':');

export function pingClone(addresses: readonly string[]): CloneDefinition {
  return {
    kind: 'pingd',
    clone: 'clnPingd',
    primitive: 'pingCheck',
    agent: { class: 'ocf', provider: 'pacemaker', type: 'ping' },
    parameters: [
      { name: 'name', value: PING_ATTRIBUTE },
      { name: 'host_list', value: addresses.join(' ') },
      { name: 'multiplier', value: '100' },
    ],
    operations: OPERATIONS,
    metaAttributes: [],
    attribute: PING_ATTRIBUTE,
  };
}

export const diskAttribute = (number: number): string =>
  number === 1 ? 'diskcheck_status' : `diskcheck_status_${number}`;

export function diskClone(device: string, number: number): CloneDefinition {
  const attribute = diskAttribute(number);
  return {
    kind: 'diskd',
    clone: `clnDiskd${number}`,
    primitive: `diskCheck${number}`,
    agent: { class: 'ocf', provider: 'extra', type: 'diskd' },
    parameters: [
      { name: 'name', value: attribute },
      { name: 'device', value: device },
      { name: 'interval', value: '10' },
    ],
    operations: OPERATIONS,
    metaAttributes: [],
    attribute,
  };
}

const DAEMON_IDS: Readonly<Record<Daemon | typeof BRIDGE, string>> = {
  'vm-connectd': 'VmConnectd',
  'vm-stonithd': 'VmStonithd',
  'vm-managerd': 'VmManagerd',
};

const DAEMON_KINDS = {
  'vm-connectd': undefined,
  'vm-stonithd': 'stonithd',
  'vm-managerd': 'managerd',
} as const;

/** A daemon of one host has nothing to do with those of others: interleaved. */
export function daemonClone(daemon: Daemon | typeof BRIDGE): CloneDefinition {
  const id = DAEMON_IDS[daemon];
  return {
    kind: DAEMON_KINDS[daemon],
    clone: `cln${id}`,
    primitive: `prm${id}`,
    agent: { class: 'systemd', type: daemon },
    parameters: [],
    operations: OPERATIONS,
    metaAttributes: [{ name: 'interleave', value: 'true' }],
    attribute: undefined,
  };
}

export const orderOf = (first: string, second: string): CloneOrder => ({
  id: `rsc_order-${first}-${second}`,
  first,
  second,
});

export interface HostDefinition {
  readonly clones: readonly CloneDefinition[];
  readonly orders: readonly CloneOrder[];
}

/** All that is wished for, as in a cluster that has nothing yet. */
export function wholeDefinition({ ping, disks, daemons }: HostWish): HostDefinition {
  const served = daemons.map(daemonClone);
  const bridge = daemonClone(BRIDGE);
  return {
    clones: [
      ...(ping.length === 0 ? [] : [pingClone(ping)]),
      ...disks.map((device, index) => diskClone(device, index + 1)),
      ...(served.length === 0 ? [] : [bridge, ...served]),
    ],
    orders: served.map(({ clone }) => orderOf(bridge.clone, clone)),
  };
}
