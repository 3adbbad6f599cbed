/** How the stories of fencing are set up and played. */
import type { TestContext } from 'node:test';
import {
  type Course,
  configureByPcs,
  configureService,
  loadByCrm,
  REQUESTER,
  setAction,
  VICTIM,
  waitForService,
  watchStory,
  wordsOf,
} from './fencing-story.ts';
import { makeToken, resourceOf } from './fencing-tokens.ts';
import { buildFencingWorld } from './fencing-world.ts';
import type { Laboratory } from './lab.ts';
import { waitFor } from './wait-for.ts';

export const STORY_LIMIT_MS = 600_000;

/** The device alone; what comes before and after is the same for all. */
type Configure = (lab: Laboratory) => Promise<void>;

export const byCrm: Configure = (lab) =>
  loadByCrm(lab, 'primitive fence-vm stonith:fence_vm op monitor interval=3600s timeout=60s\n');

export const byPcs: Configure = (lab) =>
  configureByPcs(lab, 'stonith', 'create', 'fence-vm', 'fence_vm', 'op', 'monitor', 'interval=3600s');

/** With its token in the configuration, as the plugin of version 1 had it. */
export const byPlugin: Configure = async (lab) => {
  const token = await makeToken(lab, { resource: resourceOf(VICTIM), guest: REQUESTER });
  await loadByCrm(
    lab,
    `primitive fence-vm stonith:external/vm-stonith params hostlist="${VICTIM}:${token}"\n`,
  );
  await setAction(lab, 'reboot');
};

export async function begin(lab: Laboratory, configure: Configure): Promise<void> {
  await buildFencingWorld(lab);
  await configureService(lab);
  await configure(lab);
  await waitForService(lab);
}

export async function play(
  lab: Laboratory,
  t: TestContext,
  name: string,
  course: Course = {},
): Promise<void> {
  t.diagnostic(`${name}, ms after the freeze: ${wordsOf(await watchStory(lab, course))}`);
}

/** To another host, by the hosts' cluster. */
export async function move(lab: Laboratory, guest: string, host: string): Promise<void> {
  await lab.output('hosta', ['crm_resource', '--move', '-r', resourceOf(guest), '-N', host]);
}

export async function arrival(lab: Laboratory, guest: string, host: string): Promise<void> {
  await waitFor(`${guest} runs on ${host}`, 60_000, () => {
    const [only, ...others] = lab.whereabouts(guest);
    return only?.host === host && only.state === 'running' && others.length === 0;
  });
}
