/** The whole story, on real clusters of both levels: a frozen guest is fenced by its peer, which takes its service over. */
import { arrival, begin, byCrm, move, play, STORY_LIMIT_MS } from './fencing-plays.ts';
import { bringBack, VICTIM } from './fencing-story.ts';
import { endFencingWorld } from './fencing-world.ts';
import { labTest } from './shared-lab.ts';

labTest(
  'a frozen guest is fenced by its peer on another host, by fence_vm as crmsh has configured it',
  async (lab, t) => {
    try {
      await begin(lab, byCrm);
      await play(lab, t, 'crmsh, fence_vm, two hosts');
      await bringBack(lab);
      await move(lab, VICTIM, 'hosta');
      await arrival(lab, VICTIM, 'hosta');
      await lab.waitForIdle('hosts');
      await play(lab, t, 'crmsh, fence_vm, one host');
    } finally {
      await endFencingWorld(lab);
    }
  },
  { limitMs: STORY_LIMIT_MS },
);
