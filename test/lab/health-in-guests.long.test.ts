/** Laws of host health in guests: their own cluster follows the health of its hosts. */
import assert from 'node:assert/strict';
import { buildFencingWorld, endFencingWorld, GUESTS, HOSTS, startProgram } from './fencing-world.ts';
import { GuestClusterLog } from './guest-cluster-log.ts';
import { healthInGuests, PINGD } from './health-texts.ts';
import {
  attributeIn,
  becomes,
  cutPing,
  endManagerd,
  killDaemon,
  loadByCrm,
  loadInGuests,
  mendPing,
  PATIENCE_MS,
  prepareHosts,
  say,
  setByHand,
  startManagerd,
} from './health-world.ts';
import { labTest } from './shared-lab.ts';
import { waitFor } from './wait-for.ts';

/** A busy machine takes its time. */
const LIMIT_MS = 600_000;
/** Longer than anything here may take: no monitor brings a change. */
const MONITOR_S = 600;

/** Of whom the guests' cluster logs what. */
const guestKnows = (name: string, value: string) => new RegExp(`Setting ${name}\\[guest1\\]: .*-> ${value}`);
const GREEN = guestKnows('host_by_hand', 'green');
const RED = guestKnows('host_by_hand', 'red');
const SERVICE_STARTED = /Result of start operation for service on \S+: ok/;

labTest(
  "a guest's cluster is told of its hosts' health without asking, whatever is killed or migrated",
  async (lab, t) => {
    const log = await GuestClusterLog.begin(lab, GUESTS, 'Setting host_|start operation for service');
    try {
      await prepareHosts(lab);
      await buildFencingWorld(lab);
      for (const host of HOSTS) {
        await startManagerd(lab, host);
        await setByHand(lab, host, 'good');
      }
      await loadByCrm(lab, 'hosta', PINGD);
      for (const host of HOSTS) await becomes(lab, [host, 'default_ping_set', '100'], performance.now());
      log.mark();
      await loadInGuests(lab, healthInGuests(MONITOR_S));
      await log.says('guest1', SERVICE_STARTED, performance.now());
      for (const name of ['host_default_ping_set', 'host_by_hand'])
        await log.says('guest1', guestKnows(name, 'green'), performance.now());
      await lab.waitForIdle('guests', PATIENCE_MS);

      let causeMs = begin(log);
      await cutPing(lab, 'hosta');
      const [onHost, inGuest, moved] = await Promise.all([
        becomes(lab, ['hosta', 'default_ping_set', '0'], causeMs),
        log.says('guest1', guestKnows('host_default_ping_set', 'red'), causeMs),
        log.says('guest2', SERVICE_STARTED, causeMs),
      ]);
      say(t, 'ping target of hosta cut, until the cluster of the hosts knows', onHost);
      say(t, '  until guest1 knows', inGuest);
      say(t, '  until the service runs on guest2', moved);
      assert.equal(lab.hostOf('guest1'), 'hosta', 'no guest had to move');
      assert.equal(await attributeIn(lab, 'guest2', 'guest2', 'host_default_ping_set'), 'green');
      begin(log);
      await mendPing(lab, 'hosta');
      await log.says('guest1', SERVICE_STARTED, performance.now());

      causeMs = begin(log);
      await setByHand(lab, 'hosta', 'bad');
      say(t, 'a change on the host, until guest1 knows', await log.says('guest1', RED, causeMs));

      await killDaemon(lab, 'hosta', 'vm-managerd');
      await setByHand(lab, 'hosta', 'good');
      causeMs = begin(log);
      await startManagerd(lab, 'hosta');
      const afterManagerd = await log.says('guest1', GREEN, causeMs);
      say(t, 'vm-managerd killed and started anew, until guest1 is right', afterManagerd);

      await killDaemon(lab, 'hosta', 'vm-connectd');
      await setByHand(lab, 'hosta', 'bad');
      causeMs = begin(log);
      await startProgram(lab, 'hosta', 'vm-connectd', '-t', 'host');
      const afterConnectd = await log.says('guest1', RED, causeMs);
      say(t, 'vm-connectd killed and started anew, until guest1 is right', afterConnectd);

      log.mark();
      const move = ['vm-ctl', 'resource', 'move', 'guest1', '-n', 'hostb', '--prefer'];
      const [afterMove] = await Promise.all([
        waitFor('guest1 runs on hostb', PATIENCE_MS, () => lab.hostOf('guest1') === 'hostb').then(() =>
          log.says('guest1', GREEN, performance.now()),
        ),
        lab.output('hosta', move, { deadlineMs: PATIENCE_MS }),
      ]);
      say(t, 'guest1 migrated to a healthy host, until it is right', afterMove);
    } finally {
      await mendPing(lab, 'hosta');
      await log.end();
      for (const host of HOSTS) await endManagerd(lab, host);
      await endFencingWorld(lab);
    }
  },
  { limitMs: LIMIT_MS },
);

function begin(log: GuestClusterLog): number {
  log.mark();
  return performance.now();
}
