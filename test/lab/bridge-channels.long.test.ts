/** Laws of the bridge over every kind of port, and on a host that no Pacemaker tells of its guests. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import {
  askOnce,
  assertNobodyWasMistaken,
  buildHosts,
  daemonLogs,
  each,
  endBridge,
  HOSTS,
  killHostDaemon,
  PATIENCE_MS,
  served,
  startAgent,
} from './bridge-world.ts';
import type { Laboratory } from './lab.ts';
import type { GuestSpec } from './layout.ts';
import { labTest } from './shared-lab.ts';
import { waitFor } from './wait-for.ts';

const GUEST = 'guest9';
const CHANNEL =
  /<channel type='unix'>\s*<source [^>]*>\s*<target type='virtio' name='vmconnectd'[\s\S]*?<\/channel>/;

/** A test with the daemons of the hosts, and a small guest that is defined and off. */
function bridgeTest(name: string, differing: Partial<GuestSpec>, body: (lab: Laboratory) => Promise<void>) {
  labTest(
    name,
    async (lab, t) => {
      try {
        await lab.define(GUEST, 'hosta', { cluster: false, ...differing });
        await buildHosts(lab);
        await body(lab);
        assertNobodyWasMistaken(lab);
      } catch (thrown) {
        t.diagnostic(daemonLogs(lab));
        throw thrown;
      } finally {
        await endBridge(lab);
      }
    },
    { limitMs: 300_000 },
  );
}

async function startGuest(lab: Laboratory): Promise<void> {
  await lab.start(GUEST);
  await lab.waitForAgent(GUEST, PATIENCE_MS);
}

/** Who served this request, when only one did. */
const hostThatServed = (lab: Laboratory, id: string): string[] =>
  served(lab)
    .filter((line) => line.id === id)
    .map(({ host }) => host);

async function assertServedWhereItRuns(lab: Laboratory): Promise<void> {
  assert.deepEqual(hostThatServed(lab, await askOnce(lab, GUEST)), [lab.hostOf(GUEST)]);
}

bridgeTest(
  'a channel of kind connect: the daemon listens before the guest starts, and anew after its death',
  {
    channel: 'connect',
    reconnectS: 1,
  },
  async (lab) => {
    const socket = `${lab.rootOf('hosta')}/var/lib/libvirt/qemu/${GUEST}`;
    await waitFor('the daemon listens for a guest that is off', PATIENCE_MS, () => existsSync(socket));
    await startGuest(lab);
    await startAgent(lab, GUEST);
    await assertServedWhereItRuns(lab);
    await killHostDaemon(lab, 'hosta');
    await assertServedWhereItRuns(lab);
  },
);

bridgeTest(
  'a channel without a source: its path is found, also where the guest has migrated to',
  {
    channel: 'unset',
  },
  async (lab) => {
    await startGuest(lab);
    await startAgent(lab, GUEST);
    await assertServedWhereItRuns(lab);
    await lab.migrate(GUEST, 'hostb');
    await assertServedWhereItRuns(lab);
    assert.equal(lab.hostOf(GUEST), 'hostb');
  },
);

bridgeTest('a serial port in the place of a channel', { serialPort: true }, async (lab) => {
  await defineWithoutChannel(lab);
  await startGuest(lab);
  await startAgent(lab, GUEST, '--port', '/dev/ttyS1');
  await assertServedWhereItRuns(lab);
  await killHostDaemon(lab, 'hosta');
  await assertServedWhereItRuns(lab);
});

/** As an administrator does it: no channel of our name, and the serial port has the alias that says whose it is. */
async function defineWithoutChannel(lab: Laboratory): Promise<void> {
  const xml = await lab.output('hosta', ['virsh', 'dumpxml', '--inactive', GUEST]);
  const changed = xml
    .replace(CHANNEL, '')
    .replace(/<target type='isa-serial' port='1'>/, "<alias name='ua-vmconnectd'/>$&");
  assert.ok(!changed.includes("name='vmconnectd'") && changed.includes('ua-vmconnectd'), changed);
  const define = 'cat >/tmp/domain.xml && virsh -q define /tmp/domain.xml && rm /tmp/domain.xml';
  await lab.output('hosta', ['/bin/sh', '-c', define], { input: changed });
}

bridgeTest('a host without Pacemaker: libvirt alone tells of its guests', {}, async (lab) => {
  await lab.ask('hosts', ['crm_attribute', '--name', 'maintenance-mode', '--update', 'true']);
  await lab.waitForIdle('hosts', PATIENCE_MS);
  await each(HOSTS, async (host) => {
    assert.ok(await lab.signalDaemon(host, 'pacemakerd', 'TERM'));
    const hasEnded = async () => (await lab.on(host, ['pidof', 'pacemakerd'])).stdout === '';
    await waitFor(`no Pacemaker on ${host}`, PATIENCE_MS, hasEnded, { pollMs: 100 });
    await killHostDaemon(lab, host);
  });
  try {
    await startGuest(lab);
    await startAgent(lab, GUEST);
    await assertServedWhereItRuns(lab);
    await lab.migrate(GUEST, 'hostb');
    await assertServedWhereItRuns(lab);
  } finally {
    await each(HOSTS, (host) => lab.startDaemon(host, 'pacemakerd'));
    await lab.waitForOnline('hosts', undefined, PATIENCE_MS);
  }
});
