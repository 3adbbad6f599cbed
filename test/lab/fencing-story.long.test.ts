/** The story with the other tools that configure it, and with guests that are migrated meanwhile. */
import assert from 'node:assert/strict';
import { isAlive } from './fencing-observer.ts';
import { begin, byCrm, byPcs, byPlugin, move, play, STORY_LIMIT_MS } from './fencing-plays.ts';
import { bringBack, REQUESTER, VICTIM } from './fencing-story.ts';
import { endFencingWorld } from './fencing-world.ts';
import { labTest } from './shared-lab.ts';
import { waitFor } from './wait-for.ts';

labTest(
  'by fence_vm as pcs has configured it, also when the requester is migrated while it waits',
  async (lab, t) => {
    try {
      await begin(lab, byPcs);
      await play(lab, t, 'pcs, fence_vm');
      await bringBack(lab);
      await lab.on('hosta', stonithd('STOP'));
      await play(lab, t, 'pcs, fence_vm, the requester migrated', {
        async meanwhile() {
          await waitFor('the request waits', 60_000, async () => {
            const found = await lab.in(REQUESTER, ['pgrep', '-f', 'fence_vm']);
            return found.kind === 'exited' && found.exitCode === 0;
          });
          await move(lab, REQUESTER, 'hostb');
        },
      });
      assert.equal(lab.hostOf(REQUESTER), 'hostb');
      await lab.on('hosta', stonithd('CONT'));
      await bringBack(lab);
      assert.ok(isAlive(lab, VICTIM), 'the daemon that was asked first does nothing any more');
    } finally {
      await lab.on('hosta', stonithd('CONT'));
      await endFencingWorld(lab);
    }
  },
  { limitMs: STORY_LIMIT_MS },
);

const stonithd = (signal: string) => ['pkill', `-${signal}`, '-f', '^[^ ]*node [^ ]*/sbin/vm-stonithd '];

labTest(
  'while it is being migrated, and by external/vm-stonith',
  async (lab, t) => {
    try {
      await begin(lab, byCrm);
      await lab.output('hostb', ['virsh', '-q', 'migrate-setspeed', VICTIM, '1']);
      await move(lab, VICTIM, 'hosta');
      await waitFor('it is being migrated', 60_000, async () => {
        const job = await lab.on('hostb', ['virsh', '-q', 'domjobinfo', VICTIM]);
        return /Job type: +Unbounded/.test(job.stdout);
      });
      await play(lab, t, 'crmsh, fence_vm, the victim being migrated');
      await bringBack(lab);
      await byPlugin(lab);
      await play(lab, t, 'external/vm-stonith', { isReboot: true });
      await lab.waitForOnline('guests', undefined, 180_000);
    } finally {
      await endFencingWorld(lab);
    }
  },
  { limitMs: STORY_LIMIT_MS },
);
