/**
 * How long it takes until a guest is off, or off and started anew, by the program that a guest's cluster runs: fence_vm
 * over the bridge, with the cluster of two hosts and with libvirt alone, beside the peers, on equal guests, in turn.
 *
 * Also where the time of the cluster's way goes, by the log of vm-stonithd and by the end of QEMU.
 */
import { laboratory } from '../lab/lab.ts';
import type { Benchmark, Limit, Row } from './benchmark.ts';
import { type FenceAction, FenceWorld, type Fencing, JOB_STAGES } from './fence-world.ts';
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

const xvm = (action: FenceAction) => `fence_xvm ${action}, multicast`;
const cluster = (action: FenceAction, where = 'remote') => `fence_vm ${action}, cluster, guest ${where}`;
const libvirt = (action: FenceAction) => `fence_vm ${action}, libvirt`;

/** A reboot over the cluster is done when the start is ordered, one by fence_xvm when the machine has started. */
const peerOf = (action: FenceAction) => (action === 'off' ? { peer: xvm(action) } : {});

const WAYS: readonly Way[] = [
  { name: 'node -e 0', kind: 'floor', fence: (world) => world.emptyNode() },
  { name: 'virsh destroy', kind: 'floor', fence: (world) => world.byVirsh() },
  ...both((action) => ({ name: xvm(action), kind: 'peer', fence: (world) => world.byFenceXvm(action) })),
  ...both((action) => ({
    name: `external/libvirt ${action}`,
    kind: 'peer',
    fence: (world) => world.byExternalLibvirt(action),
  })),
  ...both((action) => ({
    name: libvirt(action),
    kind: 'ours',
    peer: xvm(action),
    fence: (world) => world.byLibvirt(action),
  })),
  ...both((action) => ({
    name: cluster(action),
    kind: 'ours',
    ...peerOf(action),
    isStaged: action === 'off',
    fence: (world) => world.byCluster('remote', action),
  })),
  ...both((action) => ({
    name: cluster(action, 'local'),
    kind: 'ours',
    ...peerOf(action),
    fence: (world) => world.byCluster('local', action),
  })),
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
  async run({ quick, report }) {
    const lab = laboratory();
    // The guests' own clusters have no part in it, and take processor time.
    for (const { name } of lab.spec().guests) if (lab.hostOf(name) !== undefined) await lab.destroy(name);
    const taken = new Map<string, number[]>(WAYS.map(({ name }) => [name, []]));
    const stages = new Map<string, number[]>(JOB_STAGES.map((stage) => [stage, []]));
    const world = await FenceWorld.build(lab);
    try {
      for (let run = 0; run <= (quick ? 2 : 20); run++) {
        for (const way of WAYS) {
          const fencing = await way.fence(world);
          if (run === 0) continue; // until all that they load is in memory
          taken.get(way.name)?.push(fencing.tookMs);
          if (way.isStaged) for (const [stage, ms] of fencing.stages) stages.get(stage)?.push(ms);
        }
        report(`round ${run}`);
      }
    } finally {
      await world.end();
    }
    const rows = WAYS.map(({ name, kind, peer }): Row => {
      const stats = statsOf(taken.get(name) ?? []);
      return { name, kind, unit: 'ms', stats, ...(peer === undefined ? {} : { peer }) };
    });
    const stageRows = JOB_STAGES.map(
      (stage): Row => ({
        name: `${cluster('off')}: ${stage}`,
        kind: 'ours',
        unit: 'ms',
        stats: statsOf(stages.get(stage) ?? []),
      }),
    );
    return {
      rows: [...rows, ...stageRows],
      limits: LIMITS,
      plot: { unit: 'ms', scale: 'linear' },
      versions: await versionsOf(['Pacemaker', 'libvirt', 'QEMU', 'fence-virt', 'cluster-glue']),
    };
  },
};
