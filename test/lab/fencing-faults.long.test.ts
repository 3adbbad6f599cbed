/** What faults in the middle of a fencing lead to: a short choice of the table that `npm run faults` prints in full. */
import assert from 'node:assert/strict';
import { FAULTS } from './fault-kinds.ts';
import { MOMENTS, nameOf } from './fault-moments.ts';
import { playRound, wordsOf } from './fault-rounds.ts';
import { buildFaultWorld, endFaultWorld } from './fault-world.ts';
import { labTest } from './shared-lab.ts';

/** Every quick kind once, each at the moment that follows: all moments come up, and always the same. */
const QUICK = FAULTS.filter(({ isSlow }) => isSlow !== true);

labTest(
  'whatever fails in the middle: never confirmed while the victim lives, and nothing is left',
  async (lab, t) => {
    const world = await buildFaultWorld(lab);
    try {
      for (const [index, fault] of QUICK.entries()) {
        const moment = MOMENTS[index % MOMENTS.length];
        assert.ok(moment);
        const round = await playRound(world, fault, moment);
        const words = `${fault.name}; ${nameOf(moment)}: ${wordsOf(round)}`;
        t.diagnostic(words);
        assert.equal(round.wrong, undefined, words);
      }
    } finally {
      await endFaultWorld(world);
    }
  },
  { limitMs: 600_000 },
);
