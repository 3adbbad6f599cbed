/** What once broke a law keeps it now (schedules/), and so does one short run that is always the same. */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { HOSTS } from '../lab/fencing-world.ts';
import { laboratory } from '../lab/lab.ts';
import { ownLabTest } from '../lab/shared-lab.ts';
import { playInNewLab } from './new-lab.ts';
import { reportOf } from './report.ts';
import { drawSchedule, loadSchedule, type Schedule } from './schedule.ts';

const FOLDER = join(import.meta.dirname, 'schedules');
const FIXED = { seed: 7, forMs: 180_000 };
/** The laboratory's way up and down, and all that has a deadline after the last fault. */
const AROUND_MS = 900_000;

/** A schedule that was cut down has too little in it to be judged by how much it tries. */
function replayTest(name: string, schedule: Schedule, isWhole = false): void {
  ownLabTest(
    name,
    async (t) => {
      const lab = laboratory(`${laboratory().name}-chaos`, () => undefined);
      const played = await playInNewLab(lab, schedule, { say: (words) => t.diagnostic(words) });
      t.diagnostic(reportOf(schedule, played));
      assert.deepEqual(
        played.violations.map(({ law, words }) => `${law}: ${words}`),
        [],
      );
      if (isWhole) assert.deepEqual(played.untested, []);
    },
    { limitMs: schedule.forMs + AROUND_MS },
  );
}

for (const file of readdirSync(FOLDER).filter((name) => name.endsWith('.json')))
  replayTest(
    `${basename(file, '.json')}: the schedule that broke a law keeps all of them`,
    loadSchedule(join(FOLDER, file), HOSTS),
  );

replayTest('three minutes of faults break no law', drawSchedule(FIXED.seed, FIXED.forMs, HOSTS), true);
