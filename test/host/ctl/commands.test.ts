/** Laws of the commands, on a configuration file, with Pacemaker's own tools. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { resourceId } from '../../../host/ctl/definition/guest-ids.ts';
import { runCommand } from '../../../shared/process/run-command.ts';
import { MISREAD_NAMES } from '../../support/misread-names.ts';
import { configurationMeaning } from './configuration-meaning.ts';
import { GUEST1_IN_CRM, HOSTS_CIB } from './published.ts';
import { vmCtl, workbench } from './vm-ctl.ts';

test('add writes what the published example says', async (t) => {
  const { cib, done } = workbench(t);
  const other = workbench(t);
  const listing = join(other.folder, 'guest1.crm');
  writeFileSync(listing, GUEST1_IN_CRM);
  const crm = await runCommand(['crm', '--force', 'configure', 'load', 'update', listing], {
    deadlineMs: 60_000,
    env: { CIB_file: other.cib },
  });
  assert.ok(crm.kind === 'exited' && crm.exitCode === 0, JSON.stringify(crm));
  await done(['resource', 'add', 'guest1', '-a', 'host1']);
  assert.equal(
    configurationMeaning(readFileSync(cib, 'utf8')),
    configurationMeaning(readFileSync(other.cib, 'utf8')),
  );
});

test('a guest comes and goes, and nothing of it stays', async (t) => {
  const { cib, done, run } = workbench(t);
  const before = configurationMeaning(readFileSync(cib, 'utf8'));
  await done(['resource', 'add', '-a', 'host1', 'guest1,', 'guest2', 'guest1,guest2']);
  const listed = JSON.parse(await done(['resource', 'list', '--json'])).guests;
  assert.deepEqual(
    listed.map((guest: { domain: string; targetRole: string }) => [guest.domain, guest.targetRole]),
    [
      ['guest1', 'Stopped'],
      ['guest2', 'Stopped'],
    ],
  );
  await done(['resource', 'start', 'guest?']);
  assert.match(readFileSync(cib, 'utf8'), /name="target-role" value="Started"/);
  assert.match(await done(['resource', 'start', 'guest1']), /guest1: is to be started already/);
  await done(['resource', 'stop', 'guest1', 'guest2']);
  const deleted = await run(['resource', 'delete', 'guest*', '--yes']);
  assert.equal(deleted.exitCode, 0, deleted.stderr);
  assert.equal(configurationMeaning(readFileSync(cib, 'utf8')), before);
});

test('names of every kind come and go', async (t) => {
  const { cib, cibadmin, done, run } = workbench(t);
  const names = [`it's-"a"-test&<more>`, '日本語', 'a\\,b', '--json'];
  await done(['resource', 'add', '-a', 'host1', '--', ...names.slice(0, -1)]);
  // From before such names were refused.
  const old = `<primitive id="${resourceId('--json')}" class="ocf" provider="extra" type="VirtualDomain">
<meta_attributes id="old"><nvpair id="role" name="target-role" value="Stopped"/></meta_attributes></primitive>`;
  await cibadmin('--create', '--scope', 'resources', '--xml-text', old);
  const listed = JSON.parse(await done(['resource', 'list', '--json'])).guests;
  assert.deepEqual(
    new Set(listed.map(({ domain }: { domain: string }) => domain)),
    new Set([`it's-"a"-test&<more>`, '日本語', 'a,b', '--json']),
  );
  await done(['resource', 'start', '--', '--json']);
  assert.equal(readFileSync(cib, 'utf8').match(/value="Started"/g)?.length, 1);
  await done(['resource', 'delete', '--', ...names]);
  assert.doesNotMatch(readFileSync(cib, 'utf8'), /VMCTL/);
  const impossible = await run(['resource', 'add', '-a', 'host1', 'ゲスト & <x>', 'a\nb']);
  assert.equal(impossible.exitCode, 1);
  assert.match(impossible.stderr, /ゲスト & <x>: Pacemaker can't keep/);
  assert.match(impossible.stderr, /control characters/);
});

test('a name that virsh takes for another machine is refused, and every such name is told', async (t) => {
  const { cib, run } = workbench(t);
  const before = readFileSync(cib, 'utf8');
  const names = MISREAD_NAMES.map(([name]) => name).filter((name) => name === name.trim());
  for (const format of [[], ['--format', 'crm']]) {
    const refused = await run(['resource', 'add', '-a', 'host1', ...format, '--', ...names, 'plain']);
    assert.equal(refused.exitCode, 1, refused.stdout);
    assert.equal(
      refused.stderr.match(/virsh takes this name for .*; rename it by its UUID/g)?.length,
      names.length,
    );
    assert.doesNotMatch(refused.stderr, /plain/);
  }
  assert.equal(readFileSync(cib, 'utf8'), before);
});

test('a name behind -- is that name: no option, and no pattern that takes others along', async (t) => {
  const { cib, done, run } = workbench(t);
  await done(['resource', 'add', '-a', 'host1', 'web1', '--', 'web*', '[x]']);
  await done(['resource', 'delete', '--', 'web*']);
  const again = await run(['resource', 'delete', '--', 'web*']);
  assert.equal(again.exitCode, 1);
  assert.match(again.stderr, /web\*: is not registered/);
  assert.match(readFileSync(cib, 'utf8'), /prmVMCTL_web1/);
  assert.equal((await vmCtl(['resource', 'list', '--cib-file', cib, '--', '[x]'])).exitCode, 0);
  // Also where no option stands before it.
  const needsNode = await vmCtl(['resource', 'add', '--', '-rf']);
  assert.match(needsNode.stderr, /say with -a on which node/);
  const noNode = await vmCtl(['resource', 'add', '-a', '--', 'guest1']);
  assert.match(noNode.stderr, /the option -a, --active <node> of resource add needs a value/);
  const pattern = await run(['resource', 'add', '-a', 'host1', 'db?']);
  assert.match(pattern.stderr, /the pattern db\? needs a libvirt to look in/);
});

test('--format says what the tool that reads it can keep', async (t) => {
  const { run, done } = workbench(t);
  const words = ['resource', 'add', '-a', 'host1', '--format'];
  const crm = await run([...words, 'crm', 'guest1', '日本']);
  assert.equal(crm.exitCode, 1);
  assert.equal(crm.stdout, '');
  assert.match(crm.stderr, /crmsh does not keep .* use --format xml or pcs/);
  assert.match(await done([...words, 'xml', '日本']), /日本\.xml/);
  assert.match(await done([...words, 'pcs', '日本']), /日本\.xml/);
  assert.match((await run([...words, 'xml', 'db*'])).stderr, /the pattern db\* needs a libvirt/);
  assert.match(await done([...words, 'xml', '--', 'db*']), /db\*\.xml/);
});

test('all that is in the way of add is told at once, and nothing is changed', async (t) => {
  const cibText = HOSTS_CIB.replace(
    'name="stonith-enabled" value="true"',
    'name="stonith-enabled" value="false"',
  );
  const { cib, run } = workbench(
    t,
    cibText,
    'vm_pingd2=(clnNowhere nowhere_status)\nvm_diskd1=(clnDiskd1 diskcheck_status)\n',
  );
  const before = readFileSync(cib, 'utf8');
  const ran = await run(['resource', 'add', 'guest1', '-a', 'host9']);
  assert.equal(ran.exitCode, 1);
  assert.match(ran.stderr, /stonith-enabled is not true; set it/);
  assert.match(ran.stderr, /host9 is no node of the cluster; its nodes are host1, host2/);
  assert.match(ran.stderr, /clnNowhere, which vm_pingd2 in vm-ctl.conf names, is not in the cluster/);
  assert.match(ran.stderr, /no node has the attribute nowhere_status, which vm_pingd2 in/);
  assert.match(ran.stderr, /nothing has been changed/);
  assert.equal(readFileSync(cib, 'utf8'), before);
});

test('each refusal names the guest, the fault and the remedy', async (t) => {
  const { run, done, cibadmin } = workbench(t);
  await done(['resource', 'add', 'guest1', '-a', 'host1']);
  const cases: readonly [string[], RegExp][] = [
    [['resource', 'add', 'guest1', '-a', 'host1'], /guest1: is registered already, as prmVMCTL_guest1/],
    [['resource', 'start', 'guest1', 'nope'], /nope: is not registered; see vm-ctl resource list/],
    [['resource', 'stop', 'web*'], /no guest matches the pattern web\*/],
    [['resource', 'delete', 'nope'], /nope: is not registered/],
    [['resource', 'unmove', 'nope'], /nope: is not registered/],
    [['location', 'move', 'guest1'], /guest1: does not run on one node now; start it first/],
    [['location', 'move', '-b', 'host9'], /host9 is no node/],
    [['location', 'move'], /name guests, or a node with -b/],
    [['resource', 'add', 'guest2'], /say with -a on which node/],
    [['resource', 'add', 'guest2', '-a', 'host1', '-m', 'perhaps'], /-m is on or off, and not "perhaps"/],
    [['resource', 'start'], /name at least one guest/],
    [['resource', 'list', '-n', 'host9'], /host9 is no node of the cluster/],
    [['host', 'init', '--ping', ''], /the option --ping <address> of host init needs a value/],
    [['resource', 'move', 'guest1'], /needs a running cluster/],
    [['resource', 'start', 'guest1', '--timeout', 'soon'], /--timeout is a number of seconds/],
    [['resource', 'fly', 'guest1'], /"resource fly" is no command/],
    [['resource', 'start', 'guest1', '--fast'], /: --fast is no option of resource start\n/],
    [['--json', 'resource', 'list'], /^vm-ctl: --json is no option of vm-ctl\n/],
    [['--fast'], /^vm-ctl: --fast is no option of vm-ctl\n/],
    [['resource', 'add', 'guest2', '-a'], /the option -a, --active <node> of resource add needs a value/],
    [
      ['resource', 'add', 'guest2', '-a', '--dry-run'],
      /the option -a, --active <node> of resource add needs a value/,
    ],
  ];
  for (const [words, pattern] of cases) {
    const ran = await run(words);
    assert.equal(ran.exitCode, 1, words.join(' '));
    assert.match(ran.stderr, pattern, words.join(' '));
  }
  await cibadmin('--modify', '--xml-text', '<primitive id="prmVMCTL_guest1" description="x"/>');
  await cibadmin(
    '--create',
    '--scope',
    'constraints',
    '--xml-text',
    '<rsc_location id="locVMCTL_guest2_host1_ACT" rsc="power" node="host1" score="1"/>',
  );
  const taken = await run(['resource', 'add', 'guest2', '-a', 'host1']);
  assert.match(taken.stderr, /the id locVMCTL_guest2_host1_ACT is taken/);
});

test('delete takes the guest out of sets and tags of others, and leaves the others', async (t) => {
  const { cib, done, cibadmin } = workbench(t);
  await done(['resource', 'add', 'guest1,guest2,guest3', '-a', 'host1']);
  await cibadmin(
    '--create',
    '--scope',
    'constraints',
    '--xml-text',
    '<rsc_colocation id="apart" score="-INFINITY"><resource_set id="apart-set"><resource_ref id="prmVMCTL_guest1"/><resource_ref id="prmVMCTL_guest2"/><resource_ref id="prmVMCTL_guest3"/></resource_set></rsc_colocation>',
  );
  await cibadmin(
    '--create',
    '--scope',
    'configuration',
    '--xml-text',
    '<tags><tag id="t"><obj_ref id="prmVMCTL_guest1"/></tag></tags>',
  );
  await done(['resource', 'delete', 'guest1']);
  const after = readFileSync(cib, 'utf8');
  assert.doesNotMatch(after, /guest1/);
  assert.match(after, /<resource_ref id="prmVMCTL_guest2"\/>/);
  await done(['resource', 'delete', 'guest2', 'guest3']);
  assert.doesNotMatch(readFileSync(cib, 'utf8'), /apart/);
});

test('what a move left is seen and removed', async (t) => {
  const { done, cibadmin } = workbench(t);
  await done(['resource', 'add', 'guest1', '-a', 'host1']);
  await cibadmin(
    '--create',
    '--scope',
    'constraints',
    '--xml-text',
    '<rsc_location id="cli-prefer-prmVMCTL_guest1" rsc="prmVMCTL_guest1" node="host2" score="INFINITY"/>',
  );
  const [guest] = JSON.parse(await done(['resource', 'list', '--json'])).guests;
  assert.deepEqual(guest.moveConstraints, ['cli-prefer-prmVMCTL_guest1']);
  await done(['resource', 'unmove', 'guest1']);
  assert.match(await done(['resource', 'unmove', 'guest1']), /guest1: has no move constraint/);
});

test('a dry run shows the change and what the scheduler would do, and changes nothing', async (t) => {
  const online = HOSTS_CIB.replace(
    '<status/>',
    `<status>${['1', '2'].map((id) => `<node_state id="${id}" uname="host${id}" in_ccm="true" crmd="online" join="member" expected="member"><lrm id="${id}"><lrm_resources/></lrm></node_state>`).join('')}</status>`,
  ).replace('<cib ', '<cib have-quorum="1" dc-uuid="1" ');
  const { cib, done } = workbench(t, online, 'vm_stonith=off');
  await done(['resource', 'add', 'guest1', '-a', 'host2']);
  const before = readFileSync(cib, 'utf8');
  const shown = await done(['resource', 'start', 'guest1', '--dry-run']);
  assert.match(shown, /~ nvpair prmVMCTL_guest1-meta_attributes-target-role value: Stopped -> Started/);
  assert.match(shown, /start prmVMCTL_guest1 host2/);
  const { actions, dryRun } = JSON.parse(await done(['resource', 'start', 'guest1', '--dry-run', '--json']));
  assert.equal(dryRun, true);
  assert.ok(
    actions.some(
      (one: { action: string; resource: string }) =>
        one.action === 'start' && one.resource === 'prmVMCTL_guest1',
    ),
  );
  assert.equal(readFileSync(cib, 'utf8'), before);
});

test('the configuration before a change is saved for root only, and undo puts it back unless it was changed since', async (t) => {
  const { cib, done, run, cibadmin } = workbench(t);
  const before = configurationMeaning(readFileSync(cib, 'utf8'));
  const said = await done(['resource', 'add', 'guest1', '-a', 'host1']);
  const [, backup = '', way] = /the configuration before is in (\S+); go back with (.*)/.exec(said) ?? [];
  assert.equal(way, `vm-ctl undo --cib-file ${cib}`);
  assert.match(await done(['resource', 'list', '-n', 'host1']), /^none of these guests runs on host1$/m);
  assert.equal(configurationMeaning(readFileSync(backup, 'utf8')), before);
  assert.equal(statSync(backup).mode & 0o777, 0o600);
  assert.match(await done(['undo', '--dry-run']), /- primitive prmVMCTL_guest1/);
  await done(['undo']);
  assert.equal(configurationMeaning(readFileSync(cib, 'utf8')), before);
  assert.match((await run(['undo'])).stderr, /there is no change to take back/);
  await done(['resource', 'add', 'guest1', '-a', 'host1']);
  await cibadmin('--modify', '--xml-text', '<primitive id="power" description="changed"/>');
  const refused = await run(['undo']);
  assert.equal(refused.exitCode, 1);
  assert.match(refused.stderr, /has been changed since "vm-ctl resource add guest1.*what was before is in/);
  for (let count = 0; count < 3; count++)
    await done(['resource', 'start', 'guest1']).then(() => done(['resource', 'stop', 'guest1']));
  assert.ok(readdirSync(`${cib}.vm-ctl`).length <= 22);
});

test('every change is one: a hundred guests are there at once or not at all', async (t) => {
  const { cib, run } = workbench(t);
  const names = Array.from({ length: 100 }, (_, index) => `guest${index}`);
  const before = Number(/ epoch="(\d+)"/.exec(readFileSync(cib, 'utf8'))?.[1]);
  const ran = await run(['resource', 'add', ...names, '-a', 'host1']);
  assert.equal(ran.exitCode, 0, ran.stderr);
  t.diagnostic(`100 guests added in ${Math.round(ran.elapsedMs)} ms`);
  assert.equal(Number(/ epoch="(\d+)"/.exec(readFileSync(cib, 'utf8'))?.[1]), before + 1);
  const other = await run(['resource', 'add', 'guest101', 'guest100', 'guest7', '-a', 'host1']);
  assert.equal(other.exitCode, 1);
  assert.doesNotMatch(readFileSync(cib, 'utf8'), /guest101/);
});

test('a file that is no configuration is named, with what is wrong', async (t) => {
  const { cib, run } = workbench(t);
  for (const text of ['', '<cib', '<other/>']) {
    writeFileSync(cib, text);
    for (const words of [
      ['resource', 'list'],
      ['resource', 'start', 'x'],
    ]) {
      const ran = await run(words);
      assert.equal(ran.exitCode, 2, words.join(' '));
      assert.ok(ran.stderr.includes(`cannot use the configuration in ${cib}`), ran.stderr);
    }
  }
});

test('without a cluster vm-ctl says so, with the remedy, and libvirt being away as well is told at once', async (t) => {
  const { config } = workbench(t, HOSTS_CIB, 'vm_hypervisor=test:///nowhere.xml\ncrmadmin_timeout=100');
  const ran = await vmCtl(['resource', 'add', 'guest1', '-a', 'host1', '--config', config]);
  assert.equal(ran.exitCode, 2);
  assert.match(ran.stderr, /Pacemaker does not run on this host/);
  assert.match(ran.stderr, /libvirt does not answer at test:\/\/\/nowhere.xml/);
  assert.match(ran.stderr, /nothing has been changed/);
});
