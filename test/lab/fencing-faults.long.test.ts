/** What faults in the middle of a fencing lead to: a short choice of the table that `npm run faults` prints in full. */
import assert from 'node:assert/strict';
import { FAULTS } from './fault-kinds.ts';
import { isWrong, playRound, STEPS, wordsOf } from './fault-rounds.ts';
import { buildFaultWorld, endFaultWorld } from './fault-world.ts';
import { labTest } from './shared-lab.ts';

/** Every quick kind once, each at the step that follows: all steps come up, and always the same. */
const QUICK = FAULTS.filter(({ isSlow }) => isSlow !== true);

labTest(
  'whatever fails in the middle: never confirmed while the victim lives, and nothing is left',
  async (lab, t) => {
    const world = await buildFaultWorld(lab);
    try {
      for (const [index, fault] of QUICK.entries()) {
        const step = STEPS[index % STEPS.length] ?? 'waiting';
        const round = await playRound(world, fault, step);
        t.diagnostic(`${fault.name}, ${step}: ${wordsOf(round)}`);
        assert.equal(isWrong(round), false, `${fault.name}, ${step}: ${wordsOf(round)}`);
      }
    } finally {
      await endFaultWorld(world);
    }
  },
  { limitMs: 600_000 },
);
