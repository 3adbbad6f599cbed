/** A move needs a cluster; where it would go can be planned on a file, with the status that is in it. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { runCommand } from '../../../shared/process/run-command.ts';
import { workbench } from './vm-ctl.ts';

const CIB = `<cib crm_feature_set="3.16.1" validate-with="pacemaker-3.9" admin_epoch="0" epoch="1" num_updates="0" have-quorum="1">
<configuration>
<crm_config><cluster_property_set id="o"><nvpair id="f" name="stonith-enabled" value="false"/></cluster_property_set></crm_config>
<nodes><node id="1" uname="host1"/><node id="2" uname="host2"/></nodes>
<resources><primitive id="prmVMCTL_guest1" class="ocf" provider="extra" type="VirtualDomain"/></resources>
<constraints><rsc_location id="locVMCTL_guest1_host1_ACT" rsc="prmVMCTL_guest1" node="host1" score="200"/></constraints>
<rsc_defaults><meta_attributes id="d"><nvpair id="s" name="resource-stickiness" value="INFINITY"/></meta_attributes></rsc_defaults>
</configuration>
<status/>
</cib>
`;

const PLANS = [
  ['resource', 'move', 'guest1'],
  ['resource', 'move', 'guest1', '-n', 'host2'],
  ['evacuate', 'host1'],
];

test('where a guest would move to is planned on a file too, which stays as it is', async (t) => {
  const { cib, run, done } = workbench(t, CIB);
  const started = ['crm_simulate', '--simulate', '--node-up', 'host1', '--node-up', 'host2'];
  const played = await runCommand([...started, '--xml-file', cib, '--save-output', cib], {
    deadlineMs: 30_000,
  });
  assert.ok(played.kind === 'exited' && played.exitCode === 0, JSON.stringify(played));
  const before = readFileSync(cib, 'utf8');
  for (const words of PLANS) {
    assert.match(
      await done([...words, '--dry-run']),
      /guest1: would be stopped on host1 and started on host2/,
    );
    const refused = await run(words);
    assert.equal(refused.exitCode, 1, words.join(' '));
    assert.match(refused.stderr, /needs a running cluster/);
  }
  assert.equal(readFileSync(cib, 'utf8'), before);
  assert.equal(existsSync(`${cib}.vm-ctl/prmVMCTL_guest1.move`), false);
});

test('a guest that runs nowhere in the file can move nowhere', async (t) => {
  const { run } = workbench(t, CIB);
  const { exitCode, stderr } = await run(['resource', 'move', 'guest1', '--dry-run']);
  assert.equal(exitCode, 1);
  assert.match(stderr, /guest1: does not run on one node now/);
});
