/**
 * How long it takes until a guest is off, by the program that a guest's cluster runs: fence_vm over the bridge, with the
 * cluster of two hosts and with libvirt alone, beside fence_xvm over fence_virtd, on equal guests, in turn.
 *
 * Also where the time of the cluster's way goes, by the log of vm-stonithd and by the end of QEMU.
 */
import { loadavg } from 'node:os';
import { laboratory } from '../lab/lab.ts';
import { labSpec } from '../lab/layout.ts';
import { type Benchmark, percentile } from './benchmark.ts';
import { type FenceWay, FenceWorld, STAGES, WAYS } from './fence-world.ts';

const LIMITS: Readonly<Partial<Record<FenceWay, number>>> = { cluster: 1.5, libvirt: 1.2 };
const NAMES: Readonly<Record<FenceWay, string>> = {
  xvm: 'fence_xvm, fence_virtd, libvirt',
  cluster: 'fence_vm, bridge, cluster of two hosts',
  libvirt: 'fence_vm, bridge, libvirt alone',
  nothing: 'node -e 0, to compare with',
};

export const fence: Benchmark = {
  name: 'fence',
  about: 'from the start of the fence agent to its success, in ms',
  async run({ quick, report }) {
    const lab = laboratory();
    const wasUp = lab.isUp();
    await lab.up(labSpec(2, 0));
    const taken = new Map<FenceWay, number[]>(WAYS.map((way) => [way, []]));
    const stages = new Map<string, number[]>(STAGES.map((stage) => [stage, []]));
    try {
      const world = await FenceWorld.build(lab);
      try {
        for (let run = 0; run < (quick ? 5 : 20); run++) {
          for (const way of WAYS) {
            const off = await world.off(way);
            taken.get(way)?.push(off.tookMs);
            for (const [stage, ms] of off.stages) stages.get(stage)?.push(ms);
          }
          report(`round ${run + 1}`);
        }
      } finally {
        await world.end();
      }
    } finally {
      if (wasUp) await lab.reset();
      else await lab.down();
    }
    const p = (all: readonly number[] = [], share: number) =>
      percentile(
        all.toSorted((one, other) => one - other),
        share,
      );
    const baseMs = p(taken.get('xvm'), 0.5);
    const shown = (ms: number) => ms.toFixed(0);
    const wayRows = WAYS.map((way) => {
      const all = taken.get(way);
      const factor = p(all, 0.5) / baseMs;
      const limit = LIMITS[way];
      const goal = limit === undefined ? '' : `at most ${limit}: ${factor <= limit ? 'yes' : 'NO'}`;
      return [NAMES[way], shown(p(all, 0.5)), shown(p(all, 0)), shown(p(all, 0.95)), factor.toFixed(2), goal];
    });
    const stageRows = STAGES.map((stage) => {
      const all = stages.get(stage);
      return [`  cluster: ${stage}`, shown(p(all, 0.5)), shown(p(all, 0)), shown(p(all, 0.95)), '', ''];
    });
    const load = loadavg()
      .map((one) => one.toFixed(1))
      .join(' ');
    return {
      columns: ['way', 'p50', 'least', 'p95', 'of fence_xvm', `load ${load}`],
      rows: [...wayRows, ...stageRows],
      json: { taken: Object.fromEntries(taken), stages: Object.fromEntries(stages), load },
    };
  },
};
