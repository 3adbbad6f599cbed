/** The edit-test loop: a new build into a laboratory that stands. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { clusterMembers } from './definitions.ts';
import { pushArchive } from './guest-agent.ts';
import { writeBootArchive } from './guest-files.ts';
import { hostOf } from './guests.ts';
import { isHostRunning } from './hosts.ts';
import { type Lab, specOf } from './lab-handle.ts';
import { copyPrograms, linkPrograms } from './programs.ts';

/** A new build into everything that runs; guests have it after a restart as well. */
export async function pushPrograms(lab: Lab): Promise<void> {
  const { hosts, guests } = specOf(lab);
  await Promise.all([
    ...hosts.filter((host) => isHostRunning(lab, host)).map((host) => linkPrograms(lab, host)),
    ...guests.map(async (guest) => {
      await writeBootArchive(lab, guest, clusterMembers(guests));
      if (hostOf(lab, guest.name) === undefined) return;
      const stage = join(lab.layout.state, 'stage', `programs-${guest.name}`);
      copyPrograms('guest', stage);
      await pushArchive(lab, guest.name, ['-C', stage, '.'], '/');
      rmSync(stage, { recursive: true });
    }),
  ]);
}
