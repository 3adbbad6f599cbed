/** The whole story, on real clusters of both levels: a frozen guest is fenced by its peer, which takes its service over. */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { isAlive } from './fencing-observer.ts';
import {
  bringBack,
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
import { buildFencingWorld, endFencingWorld, makeToken, resourceOf } from './fencing-world.ts';
import type { Laboratory } from './lab.ts';
import { labTest } from './shared-lab.ts';
import { waitFor } from './wait-for.ts';

const LIMIT_MS = 600_000;

/** The device alone; what comes before and after is the same for all. */
type Configure = (lab: Laboratory) => Promise<void>;

const byCrm: Configure = (lab) =>
  loadByCrm(lab, 'primitive fence-vm stonith:fence_vm op monitor interval=3600s timeout=60s\n');

const byPcs: Configure = (lab) =>
  configureByPcs(lab, 'stonith', 'create', 'fence-vm', 'fence_vm', 'op', 'monitor', 'interval=3600s');

/** With its token in the configuration, as the plugin of version 1 had it. */
const byPlugin: Configure = async (lab) => {
  const token = await makeToken(lab, VICTIM, REQUESTER);
  await loadByCrm(
    lab,
    `primitive fence-vm stonith:external/vm-stonith params hostlist="${VICTIM}:${token}"\n`,
  );
  await setAction(lab, 'reboot');
};

async function begin(lab: Laboratory, configure: Configure): Promise<void> {
  await buildFencingWorld(lab);
  await configureService(lab);
  await configure(lab);
  await waitForService(lab);
}

async function play(lab: Laboratory, t: TestContext, name: string, course: Course = {}): Promise<void> {
  t.diagnostic(`${name}, ms after the freeze: ${wordsOf(await watchStory(lab, course))}`);
}

/** To another host, by the hosts' cluster. */
async function move(lab: Laboratory, guest: string, host: string): Promise<void> {
  await lab.output('hosta', ['crm_resource', '--move', '-r', resourceOf(guest), '-N', host]);
}

async function arrival(lab: Laboratory, guest: string, host: string): Promise<void> {
  await waitFor(`${guest} runs on ${host}`, 60_000, () => {
    const [only, ...others] = lab.whereabouts(guest);
    return only?.host === host && only.state === 'running' && others.length === 0;
  });
}

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
  { limitMs: LIMIT_MS },
);

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
  { limitMs: LIMIT_MS },
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
    } finally {
      await endFencingWorld(lab);
    }
  },
  { limitMs: LIMIT_MS },
);
