/** A record in which every kind of row and of limit occurs. */
import type { Row } from './benchmark.ts';
import type { BenchmarkRecord } from './record.ts';
import { statsOf } from './statistics.ts';

const row = (name: string, kind: Row['kind'], values: readonly number[], peer?: string): Row => ({
  name,
  kind,
  unit: 'ms',
  stats: statsOf(values),
  ...(peer === undefined ? {} : { peer }),
});

export const SAMPLE: BenchmarkRecord = {
  name: 'sample',
  about: 'a sample of < and &',
  isQuick: false,
  machine: {
    cpu: 'a processor (x64)',
    cpus: 2,
    memoryMiB: 4096,
    kernel: '6.1',
    node: 'v20',
    load: '0.1 before, 0.2 after',
    date: '2026-01-01',
    revision: 'abcdef0',
  },
  versions: { peer: '1.2' },
  rows: [
    row('nothing', 'floor', [10]),
    row('theirs', 'peer', [100, 110, 120], 'nothing'),
    row('ours <fast>', 'ours', [20, 22, 90], 'theirs'),
  ],
  limits: [
    { row: 'ours <fast>', plus: 50 },
    { row: 'ours <fast>', figure: 'p99', of: 'theirs', times: 0.5 },
    { row: 'theirs', of: 'nothing', times: 20 },
    { row: 'theirs', of: 'nothing', plus: 40 },
  ],
  plot: { unit: 'ms', scale: 'logarithmic' },
};
