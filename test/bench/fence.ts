/**
 * How long it takes until a guest is off, or off and started anew, by the program that a guest's cluster runs: fence_vm
 * over the bridge, with the cluster of two hosts and with libvirt alone, beside the peers, on equal guests, in turn.
 *
 * Also where the time of ours goes, by the log of vm-stonithd and by the end and the beginning of QEMU.
 */
import { laboratory } from '../lab/lab.ts';
import type { Benchmark, Limit, Row } from './benchmark.ts';
import { type FenceAction, FenceWorld, type Fencing } from './fence-world.ts';
import { versionsOf } from './machine.ts';
import { statsOf } from './statistics.ts';

interface Way {
  readonly name: string;
  readonly kind: Row['kind'];
  readonly peer?: string;
  readonly fence: (world: FenceWorld) => Promise<Fencing>;
  /** Its stages are told. */
  readonly isStaged?: boolean;
}

const both = (way: (action: FenceAction) => Way): Way[] => [way('off'), way('reboot')];

const PROGRAMS = [
  { program: 'fence_xvm', debianPackage: 'fence-virt' },
  { program: 'fence_virt', debianPackage: 'fence-virt' },
  { program: 'fence_virtd', debianPackage: 'fence-virtd' },
  { program: 'stonith', debianPackage: 'cluster-glue' },
  { program: '/usr/lib/stonith/plugins/external/libvirt', debianPackage: 'cluster-glue' },
];

const xvm = (action: FenceAction) => `fence_xvm ${action}, multicast`;
const cluster = (action: FenceAction, where = 'remote') => `fence_vm ${action}, cluster, guest ${where}`;
const libvirt = (action: FenceAction) => `fence_vm ${action}, libvirt`;

/** A reboot over the cluster is done when the start is ordered, one by fence_xvm when the machine has started. */
const peerOf = (action: FenceAction) => (action === 'off' ? { peer: xvm(action) } : {});

const WAYS: readonly Way[] = [
  { name: 'node -e 0', kind: 'floor', fence: (world) => world.emptyNode() },
  { name: 'virsh destroy', kind: 'floor', fence: (world) => world.byVirsh() },
  { name: 'virsh start', kind: 'floor', isStaged: true, fence: (world) => world.startByVirsh() },
  ...both((action) => ({ name: xvm(action), kind: 'peer', fence: (world) => world.byFenceXvm(action) })),
  ...both((action) => ({
    name: `fence_virt ${action}, serial`,
    kind: 'peer',
    fence: (world) => world.byFenceVirt(action),
  })),
  ...both((action) => ({
    name: `external/libvirt ${action}`,
    kind: 'peer',
    fence: (world) => world.byExternalLibvirt(action),
  })),
  ...both((action) => ({
    name: libvirt(action),
    kind: 'ours',
    peer: xvm(action),
    isStaged: true,
    fence: (world) => world.byLibvirt(action),
  })),
  ...both((action) => ({
    name: cluster(action),
    kind: 'ours',
    ...peerOf(action),
    isStaged: true,
    fence: (world) => world.byCluster('remote', action),
  })),
  ...both((action) => ({
    name: cluster(action, 'local'),
    kind: 'ours',
    ...peerOf(action),
    isStaged: true,
    fence: (world) => world.byCluster('local', action),
  })),
];

const QUICK = [
  'node -e 0',
  'virsh destroy',
  xvm('off'),
  libvirt('off'),
  cluster('off'),
  cluster('off', 'local'),
];

const LIMITS: readonly Limit[] = [
  { row: cluster('off'), of: xvm('off'), times: 1.5 },
  { row: cluster('off', 'local'), of: xvm('off'), times: 1.5 },
  { row: libvirt('off'), of: xvm('off'), times: 1.2 },
  { row: cluster('reboot'), of: cluster('off'), plus: 100 },
  { row: cluster('reboot', 'local'), of: cluster('off', 'local'), plus: 100 },
  { row: libvirt('reboot'), of: libvirt('off'), plus: 100 },
];

export const fence: Benchmark = {
  name: 'fence',
  about: 'from the start of the fence agent to its success',
  needs: 'hosts',
  programs: PROGRAMS,
  async run({ quick, report }) {
    const lab = laboratory();
    // The guests' own clusters have no part in it, and take processor time.
    for (const { name } of lab.spec().guests) if (lab.hostOf(name) !== undefined) await lab.destroy(name);
    const ways = quick ? WAYS.filter(({ name }) => QUICK.includes(name)) : WAYS;
    const taken = new Map<Way, Fencing[]>(ways.map((way) => [way, []]));
    const world = await FenceWorld.build(lab);
    try {
      for (let round = 0; round <= (quick ? 2 : 20); round++) {
        for (const way of inTurn(ways, round)) {
          const fencing = await way.fence(world);
          if (round > 0) taken.get(way)?.push(fencing); // until then all that they load comes into memory
        }
        report(`round ${round}`);
      }
    } finally {
      await world.end();
    }
    const all = [...taken];
    return {
      rows: [...all.map((one) => rowOf(...one)), ...all.flatMap((one) => stageRowsOf(...one))],
      limits: LIMITS,
      plot: { unit: 'ms', scale: 'linear', rows: ways.map(({ name }) => name) },
      versions: await versionsOf(['Pacemaker', 'libvirt', 'QEMU', 'fence-virt', 'cluster-glue']),
    };
  },
};

/** Another begins each round, and every second round goes backwards: whoever was before may have left work. */
function inTurn(ways: readonly Way[], round: number): readonly Way[] {
  const ordered = round % 2 === 0 ? ways : ways.toReversed();
  const from = round % ordered.length;
  return [...ordered.slice(from), ...ordered.slice(0, from)];
}

function rowOf({ name, kind, peer }: Way, fencings: readonly Fencing[]): Row {
  const stats = statsOf(fencings.map(({ tookMs }) => tookMs));
  return { name, kind, unit: 'ms', stats, ...(peer === undefined ? {} : { peer }) };
}

/** Each fencing of a way has the same stages. */
function stageRowsOf({ name, kind, isStaged = false }: Way, fencings: readonly Fencing[]): Row[] {
  const stages = isStaged ? (fencings[0]?.stages ?? []) : [];
  return stages.map(([stage], index) => {
    const stats = statsOf(fencings.map((fencing) => fencing.stages[index]?.[1] ?? Number.NaN));
    return { name: `${name}: ${stage}`, kind, unit: 'ms', stats };
  });
}
