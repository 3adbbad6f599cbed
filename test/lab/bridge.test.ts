/**
 * Laws of the bridge between real guests and real hosts: a request is answered whatever happens to what carries it,
 * and no guest sees a word of another. Both guests talk all the while, each with one request open across every event.
 */
import assert from 'node:assert/strict';
import { heldId } from './bridge-echo.ts';
import {
  awaitProgress,
  endTalk,
  heldRequest,
  release,
  startTalk,
  type Talk,
  timesServed,
} from './bridge-talk.ts';
import {
  assertNobodyWasMistaken,
  buildGuest,
  buildHosts,
  daemonLogs,
  each,
  endBridge,
  GUESTS,
  HOSTS,
  killAgent,
  killHostDaemon,
  otherHost,
  PATIENCE_MS,
} from './bridge-world.ts';
import type { Laboratory } from './lab.ts';
import { labTest } from './shared-lab.ts';
import { manageGuest } from './virtual-domain.ts';
import { waitFor } from './wait-for.ts';

interface Event {
  readonly name: string;
  readonly happen: (lab: Laboratory) => Promise<void>;
  /** Who takes the requests stays the same, so each is served once in all. */
  readonly isServedOnce: boolean;
}

const EVENTS: readonly Event[] = [
  { name: 'a live migration through Pacemaker', happen: migrate, isServedOnce: false },
  {
    name: 'kill -9 of the host daemons',
    happen: (lab) => each(HOSTS, (host) => killHostDaemon(lab, host)),
    isServedOnce: true,
  },
  {
    name: 'kill -9 of the agents',
    happen: (lab) => each(GUESTS, (guest) => killAgent(lab, guest)),
    isServedOnce: true,
  },
  { name: 'a restart of libvirtd', happen: restartLibvirt, isServedOnce: true },
  { name: 'a restart of Pacemaker', happen: restartPacemaker, isServedOnce: true },
];

labTest(
  'a request is answered before, during and after all that may happen, once, and to nobody else',
  async (lab, t) => {
    try {
      await lab.pushPrograms();
      await buildHosts(lab);
      await each(GUESTS, (guest) => buildGuest(lab, guest));
      for (const guest of GUESTS) await manageGuest(lab, guest);
      await lab.waitForIdle('hosts');
      const talks: Talk[] = [];
      for (const guest of GUESTS) talks.push(await startTalk(lab, guest));
      for (const event of EVENTS) {
        await t.test(event.name, () => acrossEvent(lab, event, talks));
      }
      for (const talk of talks) await endTalk(lab, t, talk);
      assertNobodyWasMistaken(lab);
    } catch (thrown) {
      t.diagnostic(daemonLogs(lab));
      throw thrown;
    } finally {
      await endBridge(lab);
    }
  },
  { limitMs: 600_000 },
);

async function acrossEvent(
  lab: Laboratory,
  { happen, isServedOnce }: Event,
  talks: readonly Talk[],
): Promise<void> {
  const held = new Map<Talk, number>();
  for (const talk of talks) held.set(talk, await heldRequest(lab, talk));
  await happen(lab);
  for (const [talk, number] of held) {
    await release(lab, talk, number);
    const times = timesServed(lab, heldId(talk.guest, talk.run, number));
    assert.ok(times <= (isServedOnce ? 1 : HOSTS.length), `it was handed to services ${times} times`);
  }
  await each(talks, (talk) => awaitProgress(lab, talk));
}

async function migrate(lab: Laboratory): Promise<void> {
  const target = otherHost(lab.hostOf('guest1'));
  await lab.output('hosta', ['crm_resource', '--move', '-r', 'vm-guest1', '-N', target]);
  await waitFor(`guest1 runs on ${target}`, PATIENCE_MS, () => lab.hostOf('guest1') === target);
  await lab.waitForIdle('hosts', PATIENCE_MS);
}

async function restartLibvirt(lab: Laboratory): Promise<void> {
  await each(HOSTS, async (host) => {
    assert.ok(await lab.signalDaemon(host, 'libvirtd', 'KILL'));
    await lab.startDaemon(host, 'libvirtd');
  });
  await each(GUESTS, (guest) => lab.waitForAgent(guest, PATIENCE_MS));
}

/** In maintenance mode: Pacemaker stops what it manages when it is stopped in order. */
async function restartPacemaker(lab: Laboratory): Promise<void> {
  await lab.ask('hosts', ['crm_attribute', '--name', 'maintenance-mode', '--update', 'true']);
  await lab.waitForIdle('hosts', PATIENCE_MS);
  await each(HOSTS, async (host) => {
    assert.ok(await lab.signalDaemon(host, 'pacemakerd', 'TERM'));
    const hasEnded = async () => (await lab.on(host, ['pidof', 'pacemakerd'])).stdout === '';
    await waitFor(`no Pacemaker on ${host}`, PATIENCE_MS, hasEnded, { pollMs: 100 });
  });
  await each(HOSTS, (host) => lab.startDaemon(host, 'pacemakerd'));
  await lab.waitForOnline('hosts', undefined, PATIENCE_MS);
  await lab.ask('hosts', ['crm_attribute', '--name', 'maintenance-mode', '--delete']);
  await lab.waitForIdle('hosts', PATIENCE_MS);
}
