/** What was true once may be so no longer; and resources that share something with the one that is fenced. */
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { reasonOf, resultOf, stateOf } from '../support/bridge-stand-in.ts';
import { buildFaultWorld, endFaultWorld, RESOURCE, revive } from './fault-world.ts';
import { playBridge } from './fencing-bridge.ts';
import { isAlive, qemusOf } from './fencing-observer.ts';
import { VICTIM, VICTIM_XML } from './fencing-victim.ts';
import { holdQuestions, holdQuestionsNoMore, letStart } from './held-start.ts';
import type { Laboratory } from './lab.ts';
import { labTest } from './shared-lab.ts';
import { waitFor } from './wait-for.ts';

const DEADLINE_MS = 20_000;
const NEIGHBOUR = `<primitive id="neighbour" class="ocf" provider="pacemaker" type="Dummy">
<meta_attributes id-ref="${RESOURCE}-m"/></primitive>`;
const TWIN = `<primitive id="prmTwin" class="ocf" provider="extra" type="VirtualDomain"><instance_attributes id="prmTwin-i">
<nvpair id="prmTwin-c" name="config" value="${VICTIM_XML}"/></instance_attributes>
<meta_attributes id="prmTwin-m"><nvpair id="prmTwin-r" name="is-managed" value="false"/></meta_attributes></primitive>`;

labTest('an off is not confirmed again under its id by another host when it is on since', async (lab) => {
  const world = await buildFaultWorld(lab);
  const other = await playBridge(lab, 'hostb');
  try {
    const off = (bridge: typeof other) =>
      bridge.ask(`off ${world.token}`, DEADLINE_MS, { id: `kept-${process.pid}` });
    await other.waitForService();
    assert.equal(resultOf(await off(world.bridge)), 'confirmed');
    assert.equal(isAlive(lab, VICTIM), false);
    const on = await other.ask(`on ${world.token}`, DEADLINE_MS);
    assert.equal(resultOf(on), 'confirmed', reasonOf(on));
    const again = await off(other);
    assert.ok(isAlive(lab, VICTIM));
    assert.equal(resultOf(again), 'unknown');
    assert.match(reasonOf(again), /it was asked before, and was off then; it is on now/);
  } finally {
    await endFaultWorld(world);
    await other.close();
  }
});

/** As Pacemaker leaves it when its plans change between the two halves of a migration. */
async function sendAndForget(lab: Laboratory): Promise<void> {
  const words = [
    'OCF_ROOT=/usr/lib/ocf',
    `OCF_RESOURCE_INSTANCE=${RESOURCE}`,
    `OCF_RESKEY_config=${VICTIM_XML}`,
    'OCF_RESKEY_CRM_meta_timeout=60000',
    'OCF_RESKEY_CRM_meta_migrate_target=hosta',
    'OCF_RESKEY_migration_transport=tcp',
    'OCF_RESKEY_migrate_options=--unsafe',
  ];
  await lab.output('hostb', ['env', ...words, '/usr/lib/ocf/resource.d/extra/VirtualDomain', 'migrate_to']);
}

labTest(
  'what Pacemaker has lost on its way to another host is neither off nor started twice until that host has looked',
  async (lab) => {
    const world = await buildFaultWorld(lab);
    try {
      const off = (deadlineMs = DEADLINE_MS) => world.bridge.ask(`off ${world.token}`, deadlineMs);
      const resource = (...words: string[]) => lab.ask('hosts', ['crm_resource', '-r', RESOURCE, ...words]);
      await resource('--ban', '--node', 'hosta'); // or the cluster would start it there, where it is
      await lab.waitForIdle('hosts');
      await sendAndForget(lab);
      for (let ask = 0; ask < 2; ask++) {
        const early = await off(6_000);
        assert.notEqual(resultOf(early), 'confirmed', 'it lives on the other host');
        assert.equal(qemusOf(lab, VICTIM).length, 1);
      }
      await resource('--meta', '-p', 'target-role', '-v', 'Started');
      // Not before its monitor has missed it there.
      const hasTried = async () =>
        /was sent to hosta/.test((await lab.on('hosta', ['crm_mon', '-1'])).stdout);
      await waitFor('hostb has tried to start it', 60_000, hasTried, { pollMs: 200 });
      await lab.waitForIdle('hosts');
      assert.equal(qemusOf(lab, VICTIM).length, 1, 'it was not started a second time');
      await resource('--clear');
      await resource('--refresh');
      await lab.waitForIdle('hosts');
      const later = await off();
      assert.equal(resultOf(later), 'confirmed', reasonOf(later));
      assert.equal(isAlive(lab, VICTIM), false);
    } finally {
      await endFaultWorld(world);
    }
  },
);

/** libvirt has started it, and the agent is told so only after a while. */
const SLOW_START = `mv /usr/bin/virsh /usr/bin/virsh.real && cat >/usr/bin/virsh <<'END' && chmod 755 /usr/bin/virsh
#!/bin/sh
/usr/bin/virsh.real "$@"
status=$?
case " $* " in *" create "* | *" start "*) sleep 12 ;; esac
exit $status
END`;

async function makeCoordinator(lab: Laboratory, host: string): Promise<void> {
  const other = host === 'hosta' ? 'hostb' : 'hosta';
  const isDc = async () =>
    (await lab.on(host, ['crmadmin', '--dc_lookup', '--quiet'])).stdout.trim() === host;
  if (!(await isDc())) await lab.signalDaemon(other, 'pacemaker-controld', 'KILL');
  await waitFor(`${host} coordinates the cluster`, 30_000, isDc, { pollMs: 200 });
  await lab.waitForOnline('hosts');
  await lab.waitForIdle('hosts');
}

labTest(
  'a guest whose start the cluster has forgotten, for its coordinator died meanwhile, is not off',
  async (lab) => {
    const world = await buildFaultWorld(lab);
    const ask = (operation: string, deadlineMs = DEADLINE_MS) =>
      world.bridge.ask(`${operation} ${world.token}`, deadlineMs);
    try {
      await makeCoordinator(lab, 'hosta');
      assert.equal(resultOf(await ask('off')), 'confirmed');
      await lab.output('hostb', ['/bin/bash', '--norc', '-c', SLOW_START]);
      const role = ['--meta', '-r', RESOURCE, '-p', 'target-role', '-v', 'Started'];
      await lab.output('hosta', ['crm_resource', ...role]);
      await waitFor(`${VICTIM} runs`, 30_000, () => isAlive(lab, VICTIM));
      const order = ask('off', 8_000);
      await sleep(500);
      await lab.signalDaemon('hosta', 'pacemaker-controld', 'KILL');
      const untilMs = performance.now() + 9_000;
      while (performance.now() < untilMs) {
        const state = stateOf(await ask('status', 3_000));
        if (state === 'off') assert.ok(!isAlive(lab, VICTIM), 'it is said to be off, and lives');
        await sleep(50);
      }
      const ordered = await order;
      if (resultOf(ordered) === 'confirmed')
        assert.ok(!isAlive(lab, VICTIM), 'it was confirmed off, and lives');
      await lab.waitForOnline('hosts');
      await revive(world); // who has lost its controller may be fenced, with the daemon that is asked
      let off = await ask('off');
      while (resultOf(off) !== 'confirmed') off = await ask('off');
      assert.equal(isAlive(lab, VICTIM), false);
    } finally {
      await lab.on('hostb', ['mv', '/usr/bin/virsh.real', '/usr/bin/virsh']);
      await lab.waitForOnline('hosts');
      await revive(world);
      await endFaultWorld(world);
    }
  },
);

const START = `<op id="${RESOURCE}-start" name="start" interval="0" timeout="5s"/>`;
const GIVEN_UP_SOON = `<primitive id="${RESOURCE}" class="ocf" provider="extra" type="VirtualDomain"><operations>${START}</operations></primitive>`;

async function giveUpStart(lab: Laboratory, meanwhile: () => Promise<unknown>): Promise<void> {
  const world = await buildFaultWorld(lab);
  const off = () => world.bridge.ask(`off ${world.token}`, DEADLINE_MS);
  const inCib = (...words: readonly string[]) => lab.ask('hosts', ['cibadmin', ...words]);
  try {
    await inCib('--modify', '--allow-create', '--scope', 'resources', '--xml-text', GIVEN_UP_SOON);
    assert.equal(resultOf(await off()), 'confirmed');
    await holdQuestions(lab, 'hostb');
    await lab.output('hosta', [
      'crm_resource',
      '--meta',
      '-r',
      RESOURCE,
      '-p',
      'target-role',
      '-v',
      'Started',
    ]);
    await waitFor('Pacemaker has given it up', 30_000, async () =>
      /fault-victim.*start.*Timed Out/i.test((await lab.on('hosta', ['crm_mon', '-1'])).stdout),
    );
    assert.equal(isAlive(lab, VICTIM), false);
    const order = off();
    await sleep(2_000);
    await meanwhile();
    await sleep(1_000);
    assert.equal(isAlive(lab, VICTIM), false, 'it is started elsewhere, and may come here');
    const endMs = performance.now() + 20_000;
    await letStart(lab, 'hostb');
    let isOff = false;
    void order.then((answer) => {
      isOff = resultOf(answer) === 'confirmed';
    });
    while (performance.now() < endMs) {
      const lives = qemusOf(lab, VICTIM).length;
      assert.ok(lives <= (isOff ? 0 : 1), `it lives ${lives} times${isOff ? ', and was confirmed off' : ''}`);
      await sleep(25);
    }
    assert.ok(isOff, reasonOf(await order));
  } finally {
    await holdQuestionsNoMore(lab, 'hostb');
    await inCib('--delete', '--xml-text', START);
    await lab.output('hosta', ['crm_resource', '--cleanup', '-r', RESOURCE]);
    await lab.waitForOnline('hosts');
    await revive(world);
    await endFaultWorld(world);
  }
}

labTest(
  'a start that Pacemaker has given up, and libvirt has not, ends before the guest is off or starts elsewhere',
  (lab) => giveUpStart(lab, async () => undefined),
);

/** It closes its socket at once, and carries out first what it was asked. */
labTest('nor does a libvirtd that is told to end meanwhile start it later', (lab) =>
  giveUpStart(lab, () => lab.signalDaemon('hostb', 'libvirtd', 'TERM')),
);

/** As for an upgrade: what runs on hostb stays, for its cluster does not manage it meanwhile. */
async function leaveInPeace(lab: Laboratory): Promise<void> {
  for (const daemon of ['pacemakerd', 'corosync'] as const) {
    assert.ok(await lab.signalDaemon('hostb', daemon, 'TERM'));
    const hasEnded = async () => (await lab.on('hostb', ['pidof', daemon])).stdout === '';
    await waitFor(`no ${daemon} on hostb`, 60_000, hasEnded, { pollMs: 100 });
  }
  await lab.waitForOnline('hosts', ['hosta']);
}

labTest(
  'a guest on a host that has left in peace is off when that host was fenced, and not before',
  async (lab) => {
    const world = await buildFaultWorld(lab);
    try {
      const meta = (name: string, value: string) => ['--meta', '-r', RESOURCE, '-p', name, '-v', value];
      const set = (name: string, value: string) =>
        lab.output('hosta', ['crm_resource', ...meta(name, value)]);
      await set('is-managed', 'false');
      await lab.waitForIdle('hosts');
      await leaveInPeace(lab);
      await set('target-role', 'Stopped');
      const ask = (operation: string) => world.bridge.ask(`${operation} ${world.token}`, DEADLINE_MS);
      assert.notEqual(stateOf(await ask('status')), 'off');
      assert.ok(isAlive(lab, VICTIM), 'nobody has told hostb to end it');
      const root = lab.rootOf('hostb');
      const managed = lab.output('hosta', ['crm_resource', '--meta', '-r', RESOURCE, '-d', 'is-managed']);
      let off = await ask('off');
      await managed;
      while (resultOf(off) !== 'confirmed') {
        assert.match(reasonOf(off), /not manage|unclean|busy/);
        off = await ask('off');
      }
      assert.equal(isAlive(lab, VICTIM), false);
      assert.notEqual(lab.rootOf('hostb'), root, 'its host has lost its power');
    } finally {
      await lab.waitForOnline('hosts');
      await revive(world);
      await endFaultWorld(world);
    }
  },
);

labTest(
  'of two resources that start one machine none is fenced, and neither is said to be off',
  async (lab) => {
    const world = await buildFaultWorld(lab);
    try {
      const create = ['--create', '--scope', 'resources', '--xml-text'];
      await lab.ask('hosts', ['cibadmin', ...create, TWIN]);
      for (const operation of ['off', 'reset', 'status', 'off']) {
        const answer = await world.bridge.ask(`${operation} ${world.token}`, DEADLINE_MS);
        assert.notEqual(resultOf(answer), 'confirmed', operation);
        assert.notEqual(stateOf(answer), 'off', operation);
        if (operation !== 'status')
          assert.match(reasonOf(answer), /^resource prmTwin starts the same virtual machine/);
      }
    } finally {
      await endFaultWorld(world);
    }
  },
);

labTest('who shares meta attributes with a guest does not end with it', async (lab) => {
  const world = await buildFaultWorld(lab);
  try {
    const create = ['--create', '--scope', 'resources', '--xml-text'];
    await lab.ask('hosts', ['cibadmin', ...create, NEIGHBOUR]);
    await lab.waitForIdle('hosts');
    const off = await world.bridge.ask(`off ${world.token}`, DEADLINE_MS);
    assert.equal(resultOf(off), 'confirmed', reasonOf(off));
    assert.equal(isAlive(lab, VICTIM), false);
    await lab.waitForIdle('hosts');
    const where = await lab.ask('hosts', ['crm_resource', '--locate', '-r', 'neighbour']);
    assert.match(where, /is running on: host/);
    const on = await world.bridge.ask(`on ${world.token}`, DEADLINE_MS);
    assert.equal(resultOf(on), 'confirmed', reasonOf(on));
  } finally {
    await lab.ask('hosts', ['cibadmin', '--delete', '--xml-text', '<primitive id="neighbour"/>']);
    await endFaultWorld(world);
  }
});
