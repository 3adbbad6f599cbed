/** Families with a fault each, to try what fuzzes. No parser is in them, and `npm run fuzz` knows none of them. */
import type { Family } from './family.ts';
import { doorsOpenedBy } from './trial-parser.ts';

const plain = { words: ['k', 'e', 'y'], usualBytes: 20, longestBytes: 100 } as const;
const kept: unknown[] = [];

export const TRIAL_FAMILIES: readonly Family[] = [
  {
    ...plain,
    name: 'hangs',
    seeds: () => ['fine', 'hang'],
    check(input) {
      while (input.toString() === 'hang');
    },
  },
  {
    ...plain,
    name: 'grows',
    seeds: () => ['a'],
    check() {
      kept.push(Buffer.alloc(1_024));
    },
  },
  {
    ...plain,
    name: 'eats-memory',
    seeds: () => ['a'],
    check() {
      for (;;) kept.push(Array.from({ length: 10_000 }, Math.random));
    },
  },
  {
    ...plain,
    name: 'hides',
    seeds: () => ['abc'],
    check(input) {
      doorsOpenedBy(input.toString());
    },
  },
  { ...plain, name: 'reads-nothing', seeds: () => ['abc'], check: () => undefined },
];
