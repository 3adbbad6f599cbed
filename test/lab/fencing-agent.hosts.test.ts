/** ocf:extra:VirtualDomain as resource agents are tested, and what it does when a mark comes. */
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { threadsOf } from '../support/process-table.ts';
import { isAlive, qemusOf } from './fencing-observer.ts';
import { diskXml, VICTIM, writeVictim } from './fencing-victim.ts';
import { HANGING_FILE, hangInRead, mountHangingFile, release, removeHangingFile } from './hanging-disk.ts';
import type { Laboratory } from './lab.ts';
import { labTest } from './shared-lab.ts';
import { waitFor } from './wait-for.ts';

const AGENT = '/usr/lib/ocf/resource.d/extra/VirtualDomain';
const RESOURCE = 'plain';
const TO_HOSTB = {
  OCF_RESKEY_CRM_meta_migrate_target: 'hostb',
  OCF_RESKEY_migration_transport: 'tcp',
  OCF_RESKEY_migrate_options: '--unsafe',
};
/** Asked politely it goes on; it is ended 5 s before its time is over. */
const SOON = { OCF_RESKEY_CRM_meta_timeout: '8000' };
/** For a stop that believes what it should not: those take some 30 ms. */
const LONG_ENOUGH_MS = 2_000;

async function call(
  lab: Laboratory,
  xml: string,
  action: string,
  more: Readonly<Record<string, string>> = {},
  host = 'hosta',
) {
  const env = {
    OCF_ROOT: '/usr/lib/ocf',
    OCF_RESOURCE_INSTANCE: RESOURCE,
    OCF_RESKEY_config: xml,
    OCF_RESKEY_CRM_meta_timeout: '60000',
    ...more,
  };
  const words = Object.entries(env).map(([name, value]) => `${name}=${value}`);
  const result = await lab.on(host, ['env', ...words, AGENT, action]);
  return result.kind === 'exited' ? result.exitCode : result.kind;
}

const mark = (lab: Laboratory, until: number) =>
  lab.output('hosta', ['attrd_updater', '-n', `force_stop-${RESOURCE}`, '-U', `r-1:${until}`, '-p']);

labTest('the resource agent passes ocf-tester, and ends at once what is marked', async (lab) => {
  await lab.pushPrograms();
  const xml = await writeVictim(lab);
  const tested = await lab.on('hosta', ['ocf-tester', '-n', RESOURCE, '-o', `config=${xml}`, AGENT], {
    deadlineMs: 240_000,
  });
  assert.match(tested.stdout, /passed all tests/, tested.stdout + tested.stderr);
  const inAMinute = Math.round(Date.now() / 1000) + 60;
  assert.equal(await call(lab, xml, 'start'), 0);
  // It has no system that could shut down: asked politely it goes on until the limit, unless the mark comes meanwhile.
  const stopping = call(lab, xml, 'stop');
  await waitFor('it was asked to shut down', 20_000, async () => {
    const shown = await lab.on('hosta', ['pgrep', '-f', 'heartbeat/VirtualDomain stop']);
    return shown.kind === 'exited' && shown.exitCode === 0;
  });
  assert.ok(isAlive(lab, VICTIM));
  await mark(lab, inAMinute);
  assert.equal(await stopping, 0);
  assert.equal(isAlive(lab, VICTIM), false);

  assert.equal(await call(lab, xml, 'start'), 0);
  const target = { ...TO_HOSTB, OCF_RESKEY_migrate_options: '--bandwidth=1' };
  assert.equal(await call(lab, xml, 'migrate_to', target), 0, 'a migration that is cut short is no failure');
  assert.equal(
    await call(lab, xml, 'stop', SOON, 'hostb'),
    0,
    'the cluster stops it where it was to go, too',
  );
  for (const host of lab.spec().hosts) await lab.on(host, ['virsh', '-q', 'destroy', VICTIM]);
  assert.equal(isAlive(lab, VICTIM), false);
  await lab.output('hosta', ['attrd_updater', '-n', `force_stop-${RESOURCE}`, '-D']);
});

labTest(
  'one that was migrated without the cluster has no end that a marked stop could tell of',
  async (lab) => {
    await lab.pushPrograms();
    const xml = await writeVictim(lab);
    await mark(lab, Math.round(Date.now() / 1000) + 240);
    try {
      assert.equal(await call(lab, xml, 'start'), 0);
      const byHand = ['virsh', '-q', 'migrate', '--live', '--unsafe', VICTIM, 'qemu+tcp://hostb/system'];
      await lab.output('hosta', byHand);
      assert.notEqual(await call(lab, xml, 'stop'), 0);
      assert.ok(isAlive(lab, VICTIM));
      await lab.output('hostb', ['virsh', '-q', 'destroy', VICTIM]);

      assert.equal(await call(lab, xml, 'start'), 0);
      await lab.output('hosta', ['attrd_updater', '-n', `force_stop-${RESOURCE}`, '-D']);
      assert.equal(await call(lab, xml, 'migrate_to', TO_HOSTB), 0);
      assert.ok(isAlive(lab, VICTIM), 'it lives on the other host');
      await mark(lab, Math.round(Date.now() / 1000) + 240);
      assert.equal(await call(lab, xml, 'stop'), 0, 'the cluster sent it and ends it there itself');
      assert.equal(await call(lab, xml, 'stop', SOON, 'hostb'), 0);

      assert.equal(await call(lab, xml, 'start'), 0);
      await lab.output('hosta', ['virsh', '-q', 'destroy', VICTIM]);
      assert.equal(await call(lab, xml, 'stop'), 0, 'one that has ended here is off');
    } finally {
      await lab.on('hosta', ['attrd_updater', '-n', `force_stop-${RESOURCE}`, '-D']);
      for (const host of lab.spec().hosts) await lab.on(host, ['virsh', '-q', 'destroy', VICTIM]);
    }
  },
);

/** Whether libvirt on hosta is at a migration of the victim, and how far. */
async function isAt(lab: Laboratory, words: string) {
  const found = await lab.on('hosta', ['grep', '-q', words, `/run/libvirt/qemu/${VICTIM}.xml`]);
  return found.kind === 'exited' && found.exitCode === 0;
}

const endEverywhere = async (lab: Laboratory, ...domains: readonly string[]) => {
  for (const host of lab.spec().hosts)
    for (const domain of domains) await lab.on(host, ['virsh', '-q', 'destroy', domain]);
};

labTest(
  'one that is being migrated without the cluster is ended where it runs, or not called ended',
  async (lab) => {
    await lab.pushPrograms();
    const xml = await writeVictim(lab);
    await mark(lab, Math.round(Date.now() / 1000) + 600);
    const migrate = (...more: readonly string[]) => {
      const words = ['virsh', '-q', 'migrate', '--live', '--unsafe', ...more];
      return lab.on('hosta', [...words, VICTIM, 'qemu+tcp://hostb/system'], { deadlineMs: 60_000 });
    };
    try {
      assert.equal(await call(lab, xml, 'start'), 0);
      // Slow enough that nothing else can have ended it.
      const slow = migrate('--bandwidth', '1');
      await waitFor('it is on its way', 20_000, () => isAt(lab, "phase='perform3'"));
      assert.equal(await call(lab, xml, 'stop'), 0);
      assert.deepEqual(qemusOf(lab, VICTIM), []);
      await slow;

      for (const moment of ["phase='perform3'", "state='paused' reason='migration'"]) {
        for (const round of [1, 2]) {
          assert.equal(await call(lab, xml, 'start'), 0);
          const going = migrate();
          await waitFor(
            'it is on its way',
            20_000,
            async () => (await isAt(lab, moment)) || (await Promise.race([going, false])) !== false,
          );
          const status = await call(lab, xml, 'stop');
          await going;
          if (status === 0) assert.deepEqual(qemusOf(lab, VICTIM), [], `${moment}, ${round}`);
          await endEverywhere(lab, VICTIM);
        }
      }
    } finally {
      await lab.on('hosta', ['attrd_updater', '-n', `force_stop-${RESOURCE}`, '-D']);
      await endEverywhere(lab, VICTIM);
    }
  },
);

labTest('one whose name is the id of another machine leaves that one alone', async (lab) => {
  await lab.pushPrograms();
  const bystander = 'bystander';
  const bystanderXml = await writeVictim(lab, bystander);
  await lab.output('hosta', ['virsh', '-q', 'create', bystanderXml]);
  const name = (await lab.output('hosta', ['virsh', '-q', 'domid', bystander])).trim();
  assert.match(name, /^\d+$/);
  const xml = await writeVictim(lab, name);
  try {
    assert.equal(await call(lab, xml, 'monitor'), 7, 'it has never run');
    assert.equal(await call(lab, xml, 'start'), 6);
    await mark(lab, Math.round(Date.now() / 1000) + 240);
    assert.equal(await call(lab, xml, 'stop'), 0);
    assert.ok(isAlive(lab, bystander));

    await lab.output('hosta', ['virsh', '-q', 'create', xml]);
    assert.equal(await call(lab, xml, 'monitor'), 0);
    assert.equal(await call(lab, xml, 'stop'), 0);
    assert.equal(isAlive(lab, name), false);
    assert.equal(await call(lab, xml, 'monitor'), 7);
    assert.ok(isAlive(lab, bystander));

    await lab.on('hosta', ['attrd_updater', '-n', `force_stop-${RESOURCE}`, '-D']);
    await waitFor('libvirt has heard of its end', 20_000, async () => {
      const names = await lab.output('hosta', ['virsh', '-q', 'list', '--name']);
      return !names.split('\n').includes(name);
    });
    await lab.output('hosta', ['virsh', '-q', 'create', xml]);
    assert.equal(await call(lab, xml, 'stop', SOON), 0);
    assert.equal(isAlive(lab, name), false);
    assert.ok(isAlive(lab, bystander));
  } finally {
    await lab.on('hosta', ['attrd_updater', '-n', `force_stop-${RESOURCE}`, '-D']);
    await endEverywhere(lab, bystander);
  }
});

labTest('one that was saved begins anew after a stop with a mark', async (lab) => {
  await lab.pushPrograms();
  const xml = await writeVictim(lab);
  const saving = { OCF_RESKEY_snapshot: '/var/lib/libvirt/images' };
  const howItCameUp = () => lab.output('hosta', ['virsh', '-q', 'domstate', '--reason', VICTIM]);
  try {
    assert.equal(await call(lab, xml, 'start', saving), 0);
    assert.equal(await call(lab, xml, 'stop', saving), 0);
    assert.equal(await call(lab, xml, 'start', saving), 0);
    assert.match(await howItCameUp(), /restored/);
    assert.equal(await call(lab, xml, 'stop', saving), 0);
    await mark(lab, Math.round(Date.now() / 1000) + 240);
    assert.equal(await call(lab, xml, 'stop', saving), 0);
    assert.equal(await call(lab, xml, 'start', saving), 0);
    assert.match(await howItCameUp(), /booted/);
    assert.equal(await call(lab, xml, 'stop', saving), 0, 'and one that runs is not saved');
    assert.equal(await call(lab, xml, 'start', saving), 0);
    assert.match(await howItCameUp(), /booted/);

    assert.equal(await call(lab, xml, 'stop'), 0);
    await waitFor('libvirt has heard of its end', 20_000, async () => {
      const names = await lab.output('hosta', ['virsh', '-q', 'list', '--name']);
      return !names.split('\n').includes(VICTIM);
    });
    await lab.output('hosta', ['virsh', '-q', 'define', xml]);
    await lab.output('hosta', ['virsh', '-q', 'start', VICTIM]);
    await lab.output('hosta', ['virsh', '-q', 'managedsave', VICTIM]);
    assert.equal(await call(lab, xml, 'stop'), 0);
    await lab.output('hosta', ['virsh', '-q', 'start', VICTIM]);
    assert.match(await howItCameUp(), /booted/, 'nor does it go on from what libvirt kept');
  } finally {
    await lab.on('hosta', ['attrd_updater', '-n', `force_stop-${RESOURCE}`, '-D']);
    await endEverywhere(lab, VICTIM);
    await lab.on('hosta', ['virsh', '-q', 'undefine', '--managed-save', VICTIM]);
  }
});

labTest(
  'the stop of one that hangs in its disk ends when the disk lets it go, and not before',
  async (lab) => {
    await lab.pushPrograms();
    await mountHangingFile(lab, 'hosta');
    try {
      const xml = await writeVictim(lab, VICTIM, diskXml(HANGING_FILE));
      assert.equal(await call(lab, xml, 'start'), 0);
      const [pid] = qemusOf(lab, VICTIM);
      assert.ok(pid !== undefined);
      await hangInRead(lab, 'hosta', VICTIM);
      await mark(lab, Math.round(Date.now() / 1000) + 120);
      let ended = false;
      const stopping = call(lab, xml, 'stop').finally(() => {
        ended = true;
      });
      await waitFor('it was killed', 20_000, () => !threadsOf(pid).includes(pid));
      await sleep(LONG_ENOUGH_MS);
      assert.equal(ended, false);
      assert.deepEqual(qemusOf(lab, VICTIM), [pid]);
      await release(lab, 'hosta');
      assert.equal(await stopping, 0);
      assert.equal(isAlive(lab, VICTIM), false);
    } finally {
      await removeHangingFile(lab, 'hosta');
      await writeVictim(lab);
      await lab.on('hosta', ['attrd_updater', '-n', `force_stop-${RESOURCE}`, '-D']);
    }
  },
);
