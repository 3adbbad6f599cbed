/**
 * Laws of the package for hosts and of its units, on a host whose first process is systemd: what is installed works as it
 * is confined, comes back when it is killed, is upgraded without losing a request, stays while Pacemaker needs it, and
 * goes without a trace, while the machines of the host run on.
 */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { makeDerivedFiles } from '../../.ci/package/stage.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { isAlive, qemusOf } from './fencing-observer.ts';
import { makeKey, resourceOf } from './fencing-tokens.ts';
import { VICTIM, VICTIM_XML, writeVictim } from './fencing-victim.ts';
import { ASKER_CONF, askerFor, startAsker, waitForAnswer } from './installed-asker.ts';
import { assertConfined } from './installed-confinement.ts';
import { filesOf } from './installed-files.ts';
import { buildDeb, dpkg, install, prepareHost } from './installed-packages.ts';
import { assertKept, assertNoCore, coresGoTo, linesWithPriority, mainPid } from './installed-units.ts';
import { type Laboratory, laboratory } from './lab.ts';
import { ownLabTest } from './shared-lab.ts';
import { waitFor } from './wait-for.ts';

const HOST = 'hosta';
const UNITS = ['vm-connectd', 'vm-stonithd', 'vm-managerd'] as const;
const CONF = '/etc/pm-kvm-tools/vm-stonithd.conf';
const CONNECTD_CONF = '/etc/pm-kvm-tools/vm-connectd.conf';
const OURS = '[stonith]\nlog-level = debug\n';
const BYSTANDER = 'bystander';

interface Debs {
  readonly former: string;
  /** With another configuration file than the former one brought. */
  readonly newer: string;
  readonly guest: string;
}

function buildDebs(directory: string): Debs {
  makeDerivedFiles();
  const otherConf = join(directory, 'vm-stonithd.conf');
  writeFileSync(otherConf, '[stonith]\n# of the newer package\n');
  return {
    former: buildDeb('pm-kvm-tools-host', directory, '2.0.0~dev1'),
    newer: buildDeb('pm-kvm-tools-host', directory, '2.0.0~dev2', (what) => ({
      ...what,
      files: what.files.map((file) => (`/${file.to}` === CONF ? { ...file, from: otherConf } : file)),
    })),
    guest: buildDeb('pm-kvm-tools-guest', directory, '2.0.0~dev1'),
  };
}

const write = (lab: Laboratory, path: string, input: string) =>
  lab.output(HOST, ['/bin/sh', '-c', 'cat >"$0"', path], { input });

ownLabTest('what the package for hosts brings serves, comes back, is upgraded and goes', async (t) => {
  const directory = temporaryDirectory(t);
  const debs = buildDebs(directory);
  const lab = laboratory(`${laboratory().name}-installed`);
  try {
    await lab.up({ hosts: [HOST], guests: [], init: 'systemd' });
    await prepareHost(lab, HOST, directory);
    await writeVictim(lab);
    await lab.output(HOST, ['virsh', '-q', 'create', await writeVictim(lab, BYSTANDER)]);
    const [bystander] = qemusOf(lab, BYSTANDER);
    assert.ok(bystander !== undefined);
    const before = filesOf(lab, HOST);
    await installed(lab, t, debs);
    await serving(lab, t);
    await kept(lab, t);
    await fencing(lab, t);
    await upgraded(lab, t, debs);
    await refused(lab, t);
    await gone(lab, t, before);
    assert.deepEqual(qemusOf(lab, BYSTANDER), [bystander], 'the other machine runs as it did');
  } finally {
    await lab.down();
  }
});

async function installed(lab: Laboratory, t: TestContext, debs: Debs): Promise<void> {
  await t.test('it brings what it names, enables nothing, and bears no guest package beside it', async () => {
    await install(lab, HOST, debs.former);
    assert.match(await lab.output(HOST, ['vm-ctl', '--version']), /^vm-ctl \d/);
    const page = await lab.output(HOST, ['man', '-w', 'vm-ctl']);
    assert.equal(page.trim(), '/usr/share/man/man8/vm-ctl.8.gz');
    const state = await lab.on(HOST, ['systemctl', 'is-enabled', ...UNITS]);
    assert.equal(state.stdout, 'disabled\n'.repeat(UNITS.length));
    await assert.rejects(
      install(lab, HOST, debs.guest),
      /conflicts with pm-kvm-tools-host|conflicting packages/,
    );
    assert.equal(await lab.output(HOST, ['dpkg', '--verify', 'pm-kvm-tools-host']), '');
  });
}

async function serving(lab: Laboratory, t: TestContext): Promise<void> {
  await t.test('its units serve when systemd says so, tell errors as such, and are confined', async () => {
    await assert.rejects(lab.output(HOST, ['systemctl', 'start', 'vm-stonithd']));
    assert.match(await linesWithPriority(lab, HOST, 'vm-stonithd', 3), /there is no key in /);
    await makeKey(lab, HOST);
    await write(lab, CONNECTD_CONF, ASKER_CONF);
    await lab.output(HOST, ['systemctl', 'enable', '--now', ...UNITS]);
    await lab.output(HOST, ['vm-connectd', '-t', 'host', '--status']);
    await lab.output(HOST, ['vm-stonithd', '--status']);
    await lab.output(HOST, ['vm-managerd', '--status']);
    assert.match(await linesWithPriority(lab, HOST, 'vm-stonithd', 6), /starting => running/);
    for (const unit of UNITS) await assertConfined(lab, HOST, unit, 'host');
  });
}

async function kept(lab: Laboratory, t: TestContext): Promise<void> {
  await t.test('what is killed comes back by itself', async () => {
    await Promise.all(UNITS.map((unit) => assertKept(lab, HOST, unit)));
  });
  const program = await coresGoTo(lab, HOST);
  const skip = program !== undefined && `cores are piped to ${program}, which keeps them or not`;
  await t.test('what is aborted leaves no core', { skip }, async () => {
    for (const unit of UNITS) await assertNoCore(lab, HOST, unit);
  });
}

async function fencing(lab: Laboratory, t: TestContext): Promise<void> {
  await t.test('a frozen guest is ended by libvirt alone', async () => {
    await write(lab, CONF, '[stonith]\nbackend = libvirt\n');
    await lab.output(HOST, ['systemctl', 'restart', 'vm-stonithd']);
    await lab.output(HOST, ['virsh', '-q', `define ${VICTIM_XML}; start ${VICTIM}`]);
    await lab.output(HOST, ['pkill', '-STOP', '-f', `guest=${VICTIM},`]);
    await startAsker(lab, HOST);
    const ask = await askerFor(lab, HOST, VICTIM, VICTIM);
    await waitForAnswer(ask);
    const answer = await ask('off');
    assert.equal(answer.kind === 'exited' && answer.exitCode, 0, answer.stderr);
    assert.equal(isAlive(lab, VICTIM), false);
    await write(lab, CONF, OURS);
    await lab.output(HOST, ['systemctl', 'restart', 'vm-stonithd']);
  });
}

/** The daemon is stopped before it reads the request, so that the request is under way when the upgrade comes. */
async function upgraded(lab: Laboratory, t: TestContext, debs: Debs): Promise<void> {
  await t.test(
    'an upgrade loses no request that is under way, and no word of the administrator',
    async () => {
      await lab.output(HOST, ['vm-ctl', 'host', 'init', '--daemons', 'vm-stonithd,vm-managerd', '--yes']);
      await lab.output(HOST, ['vm-ctl', 'resource', 'add', VICTIM, '-a', HOST]);
      await lab.output(HOST, ['vm-ctl', 'resource', 'start', VICTIM]);
      await lab.waitForIdle('hosts');
      const ask = await askerFor(lab, HOST, VICTIM, resourceOf(VICTIM));
      await waitForAnswer(ask);
      assert.ok(isAlive(lab, VICTIM));
      const pids = await Promise.all(UNITS.map((unit) => mainPid(lab, HOST, unit)));

      await lab.output(HOST, ['systemctl', 'kill', '--signal=STOP', '--kill-whom=main', 'vm-stonithd']);
      const asked = ask('off');
      await waitFor('the request is under way', 60_000, async () =>
        /\b[1-9]\d* open/.test(await lab.output(HOST, ['vm-connectd', '-t', 'host', '--status'])),
      );
      assert.ok(isAlive(lab, VICTIM));
      await install(lab, HOST, debs.newer);
      const answer = await asked;
      assert.equal(answer.kind === 'exited' && answer.exitCode, 0, answer.stderr);
      assert.equal(isAlive(lab, VICTIM), false, 'what was confirmed is so');
      for (const [index, unit] of UNITS.entries())
        assert.notEqual(await mainPid(lab, HOST, unit), pids[index], `${unit} is the new one`);
      await lab.waitForIdle('hosts');
      const argv = ['crm_mon', '-1', '--exclude=all', '--include=failures,failcounts'];
      const failures = await lab.output(HOST, argv);
      assert.doesNotMatch(failures, /vm-?(connectd|stonithd|managerd)/i);
      assert.equal(await lab.output(HOST, ['cat', CONF]), OURS);
      assert.equal(await lab.output(HOST, ['cat', CONNECTD_CONF]), ASKER_CONF);
    },
  );
}

/** What dpkg says when it does not remove the package. */
async function refusal(lab: Laboratory): Promise<string> {
  const removal = await lab.on(HOST, ['dpkg', '-r', 'pm-kvm-tools-host'], { deadlineMs: 300_000 });
  assert.equal(removal.kind === 'exited' && removal.exitCode, 1, removal.stderr);
  return removal.stderr;
}

/** Without its agent Pacemaker would take the guest for failed, could not stop it, and would fence the host. */
async function refused(lab: Laboratory, t: TestContext): Promise<void> {
  await t.test(
    'while Pacemaker runs a guest with it here, it is not removed, and says what to do',
    async () => {
      await lab.output(HOST, ['vm-ctl', 'resource', 'start', VICTIM]);
      await lab.waitForIdle('hosts');
      const qemus = qemusOf(lab, VICTIM);
      assert.equal(qemus.length, 1);
      const state = async () => ({
        pids: await Promise.all(UNITS.map((unit) => mainPid(lab, HOST, unit))),
        files: [...filesOf(lab, HOST)].sort(),
        changed: await lab.output(HOST, ['/bin/sh', '-c', 'dpkg --verify pm-kvm-tools-host || :']),
        // What was wanted stays in the word before.
        status: / ok .*$/m.exec(await lab.output(HOST, ['dpkg', '--status', 'pm-kvm-tools-host']))?.[0],
      });
      const before = await state();
      assert.ok(before.pids.every((pid) => pid !== 0));
      assert.equal(before.status, ' ok installed');
      const told = await refusal(lab);
      assert.match(told, new RegExp(`pm-kvm-tools-host is not removed: Pacemaker runs with it on ${HOST}`));
      assert.match(told, new RegExp(`^ +${resourceOf(VICTIM)}$`, 'm'));
      assert.match(told, new RegExp(`crm node standby ${HOST}`));
      assert.match(told, /crm configure property maintenance-mode=true/);
      assert.deepEqual(await state(), before, 'all of it is there and runs');

      await lab.output(HOST, ['pkill', '-STOP', '-x', 'pacemakerd']); // the others are not watched meanwhile
      try {
        assert.match(await refusal(lab), /is not removed: Pacemaker runs on this node and does not say what/);
      } finally {
        await lab.output(HOST, ['pkill', '-CONT', '-x', 'pacemakerd']);
      }
      assert.deepEqual(await state(), before);
      assert.deepEqual(qemusOf(lab, VICTIM), qemus);
    },
  );
}

async function gone(lab: Laboratory, t: TestContext, before: ReadonlySet<string>): Promise<void> {
  await t.test(
    'in maintenance mode it goes and the guest runs on: removed it keeps the configuration, purged it leaves nothing',
    async () => {
      const qemus = qemusOf(lab, VICTIM);
      assert.equal(qemus.length, 1);
      await lab.output(HOST, [
        'crm_attribute',
        '--type=crm_config',
        '--name=maintenance-mode',
        '--update=true',
      ]);
      await lab.waitForIdle('hosts');
      await dpkg(lab, HOST, '-r', 'pm-kvm-tools-host');
      const state = await lab.on(HOST, ['systemctl', 'is-active', ...UNITS]);
      assert.equal(state.stdout, 'inactive\n'.repeat(UNITS.length));
      await lab.output(HOST, ['/bin/sh', '-c', '! command -v vm-ctl && ! test -e /run/vmconnectd.sock']);
      assert.equal(await lab.output(HOST, ['cat', CONF]), OURS);
      await lab.output(HOST, ['test', '-s', '/etc/pm-kvm-tools/keys']);
      assert.deepEqual(qemusOf(lab, VICTIM), qemus);
      await dpkg(lab, HOST, '-P', 'pm-kvm-tools-host');
      const left = [...filesOf(lab, HOST)].filter((path) => !before.has(path));
      assert.deepEqual(left, []);
      await lab.output(HOST, [
        '/bin/sh',
        '-c',
        '! test -e /run/pm-kvm-tools && ! ls -d /var/log/pm-kvm-tools 2>&1',
      ]);
      assert.deepEqual(qemusOf(lab, VICTIM), qemus);
    },
  );
}
