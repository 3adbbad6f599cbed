/** Laws of host health that take longer: reads that hang, many guests, and the texts for guests by crmsh in a guest. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { chmodSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { BridgeWorld, Helper } from '../bench/bridge-world.ts';
import { bundledProgram } from '../support/bundle.ts';
import { startProgram } from './bridge-programs.ts';
import { makeToken, resourceOf } from './fencing-tokens.ts';
import { buildFencingWorld, endFencingWorld, GUESTS } from './fencing-world.ts';
import { hang } from './hanging-disk.ts';
import { addGuest, leaves, loadPublished } from './health-leaving.ts';
import { fencingInGuests, healthInGuests, PINGD, PINGD_IN_GUESTS } from './health-texts.ts';
import {
  attributeIn,
  becomes,
  endManagerd,
  loadByCrm,
  PATIENCE_MS,
  prepareHosts,
  processesOf,
  setByHand,
  startManagerd,
  useHangingFile,
} from './health-world.ts';
import { labTest } from './shared-lab.ts';
import { waitFor } from './wait-for.ts';

const LIMIT_MS = 900_000;

labTest(
  'a guest leaves a host whose disk hangs, and readers do not pile up there',
  async (lab, t) => {
    await loadPublished(lab);
    await addGuest(lab);
    const endHanging = await useHangingFile(lab, 'hosta');
    try {
      await leaves(lab, t, 'reads of the disk hang', (host) => hang(lab, host));
      await sleep(30_000); // three more checks would be due
      assert.equal(await processesOf(lab, 'hosta', 'dd if=/run/lab-disk'), 1, 'one read hangs');
      assert.equal(await attributeIn(lab, 'hosta', 'hosta', 'diskcheck_status'), 'ERROR');
      await lab.output('hosta', ['pkill', '-KILL', '-f', '/diskd check$']);
      await waitFor('the monitor has started another checker', PATIENCE_MS, async () => {
        return (await processesOf(lab, 'hosta', '/bin/sh .*/diskd check$')) > 0;
      });
      await sleep(30_000); // it, too, has had the time for more than one read
      assert.equal(await processesOf(lab, 'hosta', 'dd if=/run/lab-disk'), 1, 'one read hangs still');
      assert.equal(await attributeIn(lab, 'hosta', 'hosta', 'diskcheck_status'), 'ERROR');
    } finally {
      await endHanging();
    }
    await becomes(lab, ['hosta', 'diskcheck_status', 'normal'], performance.now());
    assert.equal(await processesOf(lab, 'hosta', 'dd if=/run/lab-disk'), 0);
  },
  { limitMs: LIMIT_MS },
);

const CROWD = 500;

labTest(
  'the questions of 500 guests cost their host one query of its cluster a second at most',
  async (lab, t) => {
    await prepareHosts(lab);
    const world = new BridgeWorld(makeEmpty(join(lab.layout.images, 'crowd')), CROWD);
    const calls = join(lab.rootOf('hosta') ?? '', 'run/calls');
    makeEmpty(join(lab.rootOf('hosta') ?? '', 'run/counting'));
    const counting = join(lab.rootOf('hosta') ?? '', 'run/counting/cibadmin');
    writeFileSync(counting, '#!/bin/sh\necho x >>/run/calls\nexec /usr/sbin/cibadmin "$@"\n');
    chmodSync(counting, 0o755);
    await setByHand(lab, 'hosta', 'good');
    const farm = await Helper.start('bridge-guests.ts', join(world.directory, 's'), '1', String(CROWD));
    const connectd = spawn(
      process.execPath,
      [
        bundledProgram('host/bin/vm-connectd.ts'),
        ...['-t', 'host', '--config', join(world.directory, 'vm-connectd.conf')],
      ],
      {
        env: { ...process.env, CIB_file: world.cib },
        stdio: ['ignore', 'ignore', openSync(join(world.directory, 'log'), 'w')],
      },
    );
    try {
      await farm.ask({ what: 'all-greeted' });
      const path = 'PATH=/run/counting:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
      const socket = ['--socket', '/var/lib/libvirt/images/crowd/local.sock'];
      await startProgram(lab, 'hosta', 'vm-managerd', ['env', path, 'vm-managerd', ...socket]);
      const talk = async (forMs: number) => {
        const asking = { count: CROWD, everyMs: 1_000, spreadMs: 0, service: 'monitor' };
        const result = await farm.ask({ what: 'talk', forMs, ...asking });
        assert.ok(typeof result === 'object' && result !== null && 'asked' in result);
        return result;
      };
      await talk(3_000); // until vm-managerd is there
      const before = readFileSync(calls, 'utf8').length;
      const startedMs = performance.now();
      const { asked, answered } = await talk(20_000);
      const seconds = (performance.now() - startedMs) / 1_000;
      const queries = (readFileSync(calls, 'utf8').length - before) / 2;
      t.diagnostic(`${asked} questions, ${answered} answers in ${seconds.toFixed(1)} s: ${queries} queries`);
      assert.ok(queries >= 1 && queries <= seconds + 1, `${queries} queries in ${seconds} s`);
      assert.ok(Number(answered) >= CROWD, 'they were answered');
    } finally {
      connectd.kill('SIGKILL');
      farm.kill();
      await endManagerd(lab, 'hosta');
      rmSync(world.directory, { recursive: true, force: true });
    }
  },
  { limitMs: LIMIT_MS },
);

function makeEmpty(directory: string): string {
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(directory);
  return directory;
}

labTest(
  'the texts that were published for guests load with crmsh in a guest, beside that of their host health',
  async (lab) => {
    try {
      await prepareHosts(lab);
      await buildFencingWorld(lab);
      await startManagerd(lab, 'hosta');
      await startManagerd(lab, 'hostb');
      await loadByCrm(lab, 'hosta', PINGD);
      const tokens = {
        guest1: await makeToken(lab, { resource: resourceOf('guest1'), guest: 'guest2' }),
        guest2: await makeToken(lab, { resource: resourceOf('guest2'), guest: 'guest1' }),
      };
      for (const text of [PINGD_IN_GUESTS, fencingInGuests(tokens), healthInGuests(10)])
        await loadByCrm(lab, 'guest1', text);
      await lab.waitForIdle('guests', 2 * PATIENCE_MS);
      for (const guest of GUESTS) {
        await becomes(lab, [guest, 'default_ping_set', '100'], performance.now());
        await becomes(lab, [guest, 'host_default_ping_set', 'green'], performance.now());
        const other = guest === 'guest1' ? 'guest2' : 'guest1';
        for (const device of ['vm-stonith', 'meatware']) {
          const argv = ['crm_resource', '--locate', '--quiet', '--resource', `${device}-${guest}`];
          assert.equal((await lab.output('guest1', argv)).trim(), other);
        }
      }
    } finally {
      for (const host of ['hosta', 'hostb']) await endManagerd(lab, host);
      await endFencingWorld(lab);
    }
  },
  { limitMs: LIMIT_MS },
);
