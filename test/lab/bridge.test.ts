/**
 * Laws of the bridge between real guests and real hosts: a request is answered whatever happens to what carries it,
 * and no guest sees a word of another. Both guests talk all the while.
 */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { installParts } from './bridge-programs.ts';
import {
  askOnce,
  assertNobodyWasMistaken,
  awaitProgress,
  buildBridge,
  daemonLogs,
  endBridge,
  endTraffic,
  GUESTS,
  HOSTS,
  holdRequest,
  killAndRestart,
  openGate,
  otherHost,
  startAgent,
  startTraffic,
  type Traffic,
  timesAsked,
} from './bridge-world.ts';
import type { Laboratory } from './lab.ts';
import { labTest } from './shared-lab.ts';
import { manageGuest } from './virtual-domain.ts';
import { waitFor } from './wait-for.ts';

interface Event {
  readonly name: string;
  readonly happen: (lab: Laboratory) => Promise<void>;
  /** The hosts stay the same, so every request is served once in all. */
  readonly isServedOnce: boolean;
}

const EVENTS: readonly Event[] = [
  { name: 'a live migration through Pacemaker', happen: migrate, isServedOnce: false },
  {
    name: 'kill -9 of the host daemons',
    happen: (lab) => each(HOSTS, (host) => killAndRestart(lab, host)),
    isServedOnce: true,
  },
  {
    name: 'kill -9 of the agents',
    happen: (lab) => each(GUESTS, (guest) => killAndRestart(lab, guest)),
    isServedOnce: true,
  },
  { name: 'a restart of libvirtd', happen: restartLibvirt, isServedOnce: true },
  { name: 'a restart of Pacemaker', happen: restartPacemaker, isServedOnce: true },
];

labTest(
  'a request is answered before, during and after all that may happen, once, and to nobody else',
  async (lab, t) => {
    try {
      await buildBridge(lab);
      await each(GUESTS, (guest) => manageGuest(lab, guest));
      await lab.waitForIdle('hosts');
      const traffic = new Map<string, Traffic>();
      for (const guest of GUESTS) traffic.set(guest, await startTraffic(lab, guest));
      for (const [index, event] of EVENTS.entries()) {
        await t.test(event.name, () => acrossEvent(lab, event, `gate${index}`, [...traffic.values()]));
      }
      await t.test('a reboot of a guest', () => acrossReboot(lab, t, traffic));
      for (const one of traffic.values()) tell(t, one, await endTraffic(lab, one));
      assertNobodyWasMistaken(lab);
    } catch (thrown) {
      t.diagnostic(daemonLogs(lab));
      throw thrown;
    } finally {
      await endBridge(lab);
    }
  },
  { limitMs: 420_000 },
);

async function acrossEvent(
  lab: Laboratory,
  { happen, isServedOnce }: Event,
  gate: string,
  traffic: readonly Traffic[],
): Promise<void> {
  await each(GUESTS, (guest) => askOnce(lab, guest));
  const held = await Promise.all(GUESTS.map((guest) => holdRequest(lab, guest, gate)));
  await happen(lab);
  for (const one of held) assert.equal(await one.isAnswered(), false, 'it was open all the while');
  openGate(lab, gate);
  await each(held, (one) => one.awaitAnswer());
  await each(GUESTS, (guest) => askOnce(lab, guest));
  await each(traffic, (one) => awaitProgress(lab, one));
  for (const { id } of held) {
    const times = timesAsked(lab, id);
    assert.ok(
      isServedOnce ? times === 1 : times <= HOSTS.length,
      `${id} was handed to services ${times} times`,
    );
  }
}

async function acrossReboot(lab: Laboratory, t: TestContext, traffic: Map<string, Traffic>): Promise<void> {
  const [rebooted, other] = GUESTS;
  const own = traffic.get(rebooted);
  assert.ok(own !== undefined);
  tell(t, own, await endTraffic(lab, own));
  traffic.delete(rebooted);
  const lost = await holdRequest(lab, rebooted, 'reboot');
  const kept = await holdRequest(lab, other, 'reboot');
  const bootId = () => lab.in(rebooted, ['cat', '/proc/sys/kernel/random/boot_id'], { deadlineMs: 10_000 });
  const before = (await bootId()).stdout;
  await lab.in(rebooted, ['busybox', 'reboot', '-f'], { deadlineMs: 3_000 });
  await waitFor(
    `${rebooted} has booted anew`,
    90_000,
    async () => {
      const { kind, stdout } = await bootId();
      return kind === 'exited' && stdout !== '' && stdout !== before;
    },
    { pollMs: 500 },
  );
  await installParts(lab, rebooted);
  await startAgent(lab, rebooted);
  await askOnce(lab, rebooted);
  openGate(lab, 'reboot');
  await kept.awaitAnswer();
  assert.equal(timesAsked(lab, lost.id), 1);
  const next = await startTraffic(lab, rebooted);
  traffic.set(rebooted, next);
  await each([...traffic.values()], (one) => awaitProgress(lab, one));
}

async function migrate(lab: Laboratory): Promise<void> {
  const target = otherHost(lab.hostOf('guest1'));
  await lab.output('hosta', ['crm_resource', '--move', '-r', 'vm-guest1', '-N', target]);
  await waitFor(`guest1 is on ${target}`, 90_000, () => lab.hostOf('guest1') === target, { pollMs: 100 });
  await lab.waitForIdle('hosts');
}

async function restartLibvirt(lab: Laboratory): Promise<void> {
  await each(HOSTS, async (host) => {
    assert.ok(await lab.signalDaemon(host, 'libvirtd', 'KILL'));
    await lab.startDaemon(host, 'libvirtd');
  });
  await each(GUESTS, (guest) => lab.waitForAgent(guest, 60_000));
}

/** In maintenance mode: Pacemaker stops what it manages when it is stopped in order. */
async function restartPacemaker(lab: Laboratory): Promise<void> {
  await lab.ask('hosts', ['crm_attribute', '--name', 'maintenance-mode', '--update', 'true']);
  await lab.waitForIdle('hosts');
  await each(HOSTS, async (host) => {
    assert.ok(await lab.signalDaemon(host, 'pacemakerd', 'TERM'));
    await waitFor(`no Pacemaker on ${host}`, 60_000, async () => !(await runs(lab, host, 'pacemakerd')), {
      pollMs: 100,
    });
  });
  await each(GUESTS, (guest) => askOnce(lab, guest));
  await each(HOSTS, (host) => lab.startDaemon(host, 'pacemakerd'));
  await lab.waitForOnline('hosts', undefined, 90_000);
  await lab.ask('hosts', ['crm_attribute', '--name', 'maintenance-mode', '--delete']);
  await lab.waitForIdle('hosts');
}

async function runs(lab: Laboratory, host: string, program: string): Promise<boolean> {
  const result = await lab.on(host, ['pidof', program]);
  return result.kind === 'exited' && result.exitCode === 0;
}

function tell(
  t: TestContext,
  { guest }: Traffic,
  report: { answered: number; longestMs: number; broken: number },
): void {
  t.diagnostic(
    `${guest}: ${report.answered} requests, each answered once, the slowest in ${report.longestMs} ms`,
  );
}

async function each<T>(items: readonly T[], act: (item: T) => Promise<unknown>): Promise<void> {
  await Promise.all(items.map(act));
}
