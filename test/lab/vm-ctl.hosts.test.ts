/**
 * vm-ctl on two real hosts: the published example from add to delete, moves that leave nothing behind whatever happens
 * to them, and the checks that only a cluster can make.
 */
import assert from 'node:assert/strict';
import { labTest } from './shared-lab.ts';
import {
  bothOnHosta,
  CONFIG_WITH_SHELL,
  constraints,
  done,
  endReach,
  exitCode,
  install,
  letReach,
  letStop,
  PROGRAM,
  refused,
  starts,
  vmCtl,
} from './vm-ctl-world.ts';
import { waitFor } from './wait-for.ts';

labTest(
  'the published example, from add to delete',
  async (lab, t) => {
    const say = (text: string) => {
      for (const line of text.trimEnd().split('\n')) t.diagnostic(line);
    };
    const transcript = async (...words: string[]) => {
      say(`# vm-ctl ${words.join(' ')}`);
      const said = await done(lab, ...words);
      say(said);
      return said;
    };
    await install(lab);
    await transcript('resource', 'add', 'guest3,', 'guest4', '-a', 'hosta');
    await letStop(lab);
    await transcript('resource', 'start', 'guest3,', 'guest4');
    assert.deepEqual([lab.hostOf('guest3'), lab.hostOf('guest4')], ['hosta', 'hosta']);
    assert.match(await transcript('resource', 'move', 'guest4', '-n', 'hostb'), /guest4: runs on hostb now/);
    assert.equal(lab.hostOf('guest4'), 'hostb');
    assert.match(await transcript('resource', 'move', 'guest4', '-n', 'hostb'), /runs on hostb already/);
    await transcript('location', 'move', 'guest4');
    const listed = await transcript('resource', 'list');
    assert.match(listed, /guest4 +prmVMCTL_guest4 +on +hostb +hostb +no/);
    await refused(lab, ['resource', 'delete', 'guest4'], /guest4: still runs on hostb; stop it first/);
    await transcript('resource', 'stop', 'guest4');
    assert.equal(lab.hostOf('guest4'), undefined);
    await transcript('resource', 'delete', 'guest4');
    await lab.waitForIdle('hosts');
    const cib = await lab.output('hosta', ['cibadmin', '--query']);
    assert.doesNotMatch(cib, /guest4/, 'nothing of it stays');
    assert.doesNotMatch(cib, /cli-(?:prefer|ban)/);
    assert.match(cib, /prmVMCTL_guest3/);
  },
  { limitMs: 240_000 },
);

labTest('whoever adds a guest that runs is asked before Pacemaker shuts it down', async (lab) => {
  await install(lab);
  await lab.start('guest3');
  // On a terminal of its own; what is typed ahead answers the question.
  const words = `${PROGRAM} resource add guest3,guest4 -a hosta`;
  const asked = await lab.on('hosta', ['script', '-qec', words, '/dev/null'], { input: 'n\r' });
  assert.match(asked.stdout, /Let Pacemaker shut down guest3 now\? \[y\/N\]/);
  assert.equal(exitCode(asked), 1, asked.stdout);
  assert.equal(await done(lab, 'resource', 'list'), 'no guest is registered\n');
  assert.equal(lab.hostOf('guest3'), 'hosta');
});

labTest(
  'whoever adds a guest that runs on another host is asked, too, and told of a host that is silent',
  async (lab) => {
    await install(lab, CONFIG_WITH_SHELL);
    await lab.start('guest3');
    const add = ['resource', 'add', 'guest3', '-a', 'hosta'];
    try {
      await letReach(lab);
      const words = `${PROGRAM} ${add.join(' ')}`;
      const asked = await lab.on('hostb', ['script', '-qec', words, '/dev/null'], { input: 'n\r' });
      assert.match(asked.stdout, /Let Pacemaker shut down guest3 now\? \[y\/N\]/);
      assert.equal(exitCode(asked), 1, asked.stdout);
      const planned = await vmCtl(lab, [...add, '--dry-run'], 'hostb');
      assert.equal(exitCode(planned), 0, planned.stderr);
      assert.match(planned.stderr, /warning: guest3: runs now on hosta, outside the cluster/);
    } finally {
      await endReach(lab);
    }
    const silent = await vmCtl(lab, [...add, '--dry-run'], 'hostb');
    assert.equal(exitCode(silent), 0, silent.stderr);
    assert.match(
      silent.stderr,
      /^vm-ctl: warning: whether any of them runs on hosta could not be looked at.*\n$/,
    );
    assert.equal(await done(lab, 'resource', 'list'), 'no guest is registered\n');
    assert.equal(lab.hostOf('guest3'), 'hosta');
  },
);

labTest(
  'as host init leaves a cluster, a guest moves without more words and stays, and check takes that for no fault',
  async (lab) => {
    await bothOnHosta(lab, CONFIG_WITH_SHELL);
    const stickiness = [
      'crm_attribute',
      '--type',
      'rsc_defaults',
      '--name',
      'resource-stickiness',
      '--delete',
    ];
    await lab.output('hosta', stickiness);
    await refused(lab, ['resource', 'move', 'guest4'], /would go straight back to hosta/);
    assert.match(
      await done(lab, 'host', 'init', '--daemons', 'none'),
      /resource-stickiness=INFINITY for all/,
    );
    const found = async (host: string) => {
      const { moves, findings } = JSON.parse((await vmCtl(lab, ['check', '--json'], host)).stdout);
      const keys = (all: readonly { key: string }[]) => all.map(({ key }) => key);
      return { moves: keys(moves), isLeft: keys(findings).includes('move-constraint-found') };
    };
    try {
      await letReach(lab);
      await lab.output('hosta', ['virsh', '-q', 'migrate-setspeed', 'guest4', '1']);
      const moving = vmCtl(lab, ['resource', 'move', 'guest4']);
      const isSet = async () => (await constraints(lab)).includes('cli-prefer');
      await waitFor('the move has begun', 30_000, isSet, { pollMs: 20 });
      for (const host of ['hosta', 'hostb']) {
        assert.deepEqual(await found(host), { moves: ['move-going-on'], isLeft: false }, host);
      }
      await lab.output('hosta', ['virsh', '-q', 'migrate-setspeed', 'guest4', '10000']);
      assert.equal(exitCode(await moving), 0);
      assert.deepEqual(await found('hosta'), { moves: [], isLeft: false });
    } finally {
      await endReach(lab);
    }
    await lab.waitForIdle('hosts');
    assert.equal(lab.hostOf('guest4'), 'hostb');
  },
  { limitMs: 300_000 },
);

labTest(
  'guests leave a node that is evacuated, and go to the best other node without -n',
  async (lab) => {
    await bothOnHosta(lab);
    assert.match(
      await done(lab, 'evacuate', 'hosta', '--dry-run'),
      /guest3: would migrate live from hosta to hostb/,
    );
    assert.match(await done(lab, 'evacuate', 'hosta'), /2 of 2 done/);
    assert.deepEqual([lab.hostOf('guest3'), lab.hostOf('guest4')], ['hostb', 'hostb']);
    await done(lab, 'resource', 'move', 'guest3');
    assert.equal(lab.hostOf('guest3'), 'hosta');
    assert.doesNotMatch(await constraints(lab), /cli-/);
    await done(lab, 'location', 'move', '-b', 'hosta');
    assert.match(await constraints(lab), /locVMCTL_guest4_hostb_ACT/);
    assert.match(await constraints(lab), /locVMCTL_guest3_hosta_ACT/);
  },
  { limitMs: 240_000 },
);

labTest(
  'a move that is interrupted or killed leaves no constraint, and a second vm-ctl is told who is at work',
  async (lab) => {
    await bothOnHosta(lab);
    await lab.waitForAgent('guest4', 60_000);
    const booted = await starts(lab);
    const isSet = async () => (await constraints(lab)).includes('cli-prefer');
    for (const signal of ['INT', 'TERM']) {
      const moving = vmCtl(lab, ['resource', 'move', 'guest4']);
      await waitFor('the move has begun', 30_000, isSet, { pollMs: 20 });
      await refused(
        lab,
        ['resource', 'stop', 'guest3'],
        /another vm-ctl is at work: process \d+, "vm-ctl resource move guest4"/,
      );
      await lab.output('hosta', ['pkill', `-${signal}`, '--oldest', '-f', `${PROGRAM} resource move`]);
      const result = await moving;
      // It may have arrived before it was told to end.
      assert.ok([0, 130].includes(Number(exitCode(result))), `${exitCode(result)} ${result.stderr}`);
      assert.equal(await isSet(), false, result.stderr);
      await lab.waitForIdle('hosts');
      assert.equal(await starts(lab), booted, 'a guest that was on its way has not been restarted');
    }
    const killed = vmCtl(lab, ['resource', 'move', 'guest4']);
    await waitFor('the move has begun', 30_000, isSet, { pollMs: 20 });
    await lab.output('hosta', ['pkill', '-KILL', '--oldest', '-f', `${PROGRAM} resource move`]);
    await killed;
    assert.equal(await isSet(), true, 'nobody could remove it');
    const next = await vmCtl(lab, ['resource', 'start', 'guest3']);
    assert.match(next.stderr, /guest4: vm-ctl \(process \d+\) was killed while it moved this/);
    assert.equal(await isSet(), false);
    await lab.waitForIdle('hosts');
    assert.equal(await starts(lab), booted);
  },
  { limitMs: 300_000 },
);

labTest(
  'a move to where a guest must not be, or whence it would come back, is refused before anything moves',
  async (lab) => {
    await bothOnHosta(lab);
    await refused(lab, ['resource', 'move', 'guest3', '-n', 'hostz'], /hostz is no node of the cluster/);
    await lab.output('hosta', ['crm_standby', '--node', 'hostb', '--update', 'on']);
    await refused(lab, ['resource', 'move', 'guest3', '-n', 'hostb'], /hostb is standby/);
    await refused(
      lab,
      ['resource', 'move', 'guest3'],
      /hostb is standby|no other node than hosta may run it/,
    );
    await lab.output('hosta', ['crm_standby', '--node', 'hostb', '--delete']);
    await lab.output('hosta', ['crm_resource', '--ban', '--resource', 'prmVMCTL_guest3', '--node', 'hostb']);
    await refused(lab, ['resource', 'move', 'guest3', '-n', 'hostb'], /a former move has left cli-ban/);
    await done(lab, 'resource', 'unmove', 'guest3');
    const stickiness = [
      'crm_attribute',
      '--type',
      'rsc_defaults',
      '--name',
      'resource-stickiness',
      '--update',
    ];
    await lab.output('hosta', [...stickiness, '0']);
    await refused(lab, ['resource', 'move', 'guest3', '-n', 'hostb'], /would go straight back to hosta/);
    await done(lab, 'resource', 'move', 'guest3', '-n', 'hostb', '--prefer');
    assert.equal(lab.hostOf('guest3'), 'hostb');
    assert.match(await constraints(lab), /locVMCTL_guest3_hostb_ACT/);
    await lab.output('hosta', [
      'crm_resource',
      '--resource',
      'prmVMCTL_guest4',
      '--meta',
      '--set-parameter',
      'is-managed',
      '--parameter-value',
      'false',
    ]);
    await refused(lab, ['resource', 'move', 'guest4', '-n', 'hostb'], /guest4: is not managed by Pacemaker/);
    await refused(
      lab,
      ['resource', 'add', 'guest9', '-a', 'hosta'],
      /guest9: libvirt on this host knows no such domain/,
    );
  },
  { limitMs: 240_000 },
);
