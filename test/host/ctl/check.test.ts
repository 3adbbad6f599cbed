/** `check` finds what is wrong, names the remedy, and is content only when nothing is. */
import assert from 'node:assert/strict';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { acquireLock } from '../../../host/ctl/change/lock.ts';
import { PUBLISHED_CONFIG } from './published.ts';
import { workbench } from './vm-ctl.ts';

const domainXml = (
  name: string,
  differing: { channel?: string; cpu?: string; cache?: string; path?: string } = {},
) => {
  const {
    channel = 'vmconnectd',
    cpu = 'custom',
    cache = 'none',
    path = `/var/lib/libvirt/qemu/${name}`,
  } = differing;
  return `<domain type="kvm"><name>${name}</name><cpu mode="${cpu}"/><devices>
<disk type="block" device="disk"><driver name="qemu" cache="${cache}"/><source dev="/dev/vg/${name}"/><target dev="vda"/></disk>
<channel type="unix"><source mode="bind" path="${path}"/><target type="virtio" name="${channel}"/></channel></devices></domain>`;
};

async function bench(t: TestContext) {
  const made = workbench(t);
  writeFileSync(made.config, `${PUBLISHED_CONFIG}\nvm_cfg_dir=${made.folder}\nvm_allow_migrate=on\n`);
  const file = (name: string, text: string) => writeFileSync(join(made.folder, `${name}.xml`), text);
  file('guest1', domainXml('guest1'));
  file('guest2', domainXml('guest2'));
  await made.done(['resource', 'add', 'guest1,guest2', '-a', 'host1']);
  const findings = async () => {
    const ran = await made.run(['check', '--json']);
    const { findings: found } = JSON.parse(ran.stdout);
    assert.equal(ran.exitCode, found.length === 0 ? 0 : 1);
    return found.map(({ key }: { key: string }) => key);
  };
  return { ...made, file, findings };
}

test('where nothing is wrong, check is content', async (t) => {
  const { findings } = await bench(t);
  assert.deepEqual(await findings(), []);
});

test('every fault is found, with the rest of them', async (t) => {
  const { file, findings, cibadmin, folder, run } = await bench(t);
  file('guest1', domainXml('guest1', { channel: 'other', cpu: 'host-passthrough', cache: 'writeback' }));
  assert.deepEqual(await findings(), ['channel-missing', 'cpu-of-one-host', 'disk-cache']);
  file('guest1', domainXml('other', { path: '/var/lib/libvirt/qemu/guest2' }));
  assert.deepEqual(await findings(), ['domain-file-of-other', 'channel-shared']);
  rmSync(join(folder, 'guest1.xml'));
  file('guest2', '<domain');
  assert.deepEqual(await findings(), ['domain-file-unusable', 'domain-file-unusable']);
  file('guest1', domainXml('guest1'));
  file('guest2', domainXml('guest2'));
  const constraint =
    '<rsc_location id="cli-ban-prmVMCTL_guest1-on-host2" rsc="prmVMCTL_guest1" node="host2" score="-INFINITY"/>';
  await cibadmin('--create', '--scope', 'constraints', '--xml-text', constraint);
  await cibadmin('--modify', '--xml-text', '<nvpair id="fencing" value="false"/>');
  const state =
    '<node_state id="1" uname="host1"><transient_attributes id="1"><instance_attributes id="a"><nvpair id="b" name="force_stop-prmVMCTL_guest2" value="true"/></instance_attributes></transient_attributes></node_state>';
  await cibadmin('--create', '--scope', 'status', '--xml-text', state);
  assert.deepEqual(await findings(), ['fencing-is-off', 'move-constraint-found', 'stale-attribute']);
  const blind =
    '<nvpair id="probes" name="enable-startup-probes" value="false"/><nvpair id="startup" name="startup-fencing" value="no"/>';
  const set = `<crm_config><cluster_property_set id="blind">${blind}</cluster_property_set></crm_config>`;
  await cibadmin('--modify', '--allow-create', '--scope', 'crm_config', '--xml-text', set);
  const nobodyLooks =
    '<rsc_location id="away" rsc="prmVMCTL_guest1" node="host2" score="-INFINITY" resource-discovery="never"/>';
  await cibadmin('--create', '--scope', 'constraints', '--xml-text', nobodyLooks);
  assert.deepEqual(await findings(), [
    'fencing-is-off',
    'probes-off',
    'probes-off',
    'move-constraint-found',
    'stale-attribute',
    'discovery-off',
  ]);
  const told = await run(['check']);
  assert.match(told.stderr, /attrd_updater -D -n force_stop-prmVMCTL_guest2 -N host1/);
});

test('two resources that start one machine are found, whoever has made them', async (t) => {
  const { findings, cibadmin, folder } = await bench(t);
  const twin = `<primitive id="other" class="ocf" provider="extra" type="VirtualDomain"><instance_attributes id="other-i">
<nvpair id="other-c" name="config" value="${join(folder, 'guest1.xml')}"/></instance_attributes></primitive>`;
  await cibadmin('--create', '--scope', 'resources', '--xml-text', twin);
  assert.deepEqual(await findings(), ['definition-shared']);
});

test('what would undo a fencing, or keep it from being proven, is found', async (t) => {
  const { file, findings, cibadmin, folder, run } = await bench(t);
  const property = (value: string) =>
    `<crm_config><cluster_property_set id="delays"><nvpair id="delay" name="transition-delay" value="${value}"/></cluster_property_set></crm_config>`;
  const modify = ['--modify', '--allow-create', '--scope'];
  for (const [value, expected] of [
    ['0', []],
    ['0s', []],
    ['00ms', []],
    ['0.5s', ['transition-delay']],
    ['2s', ['transition-delay']],
  ] as const) {
    await cibadmin(...modify, 'crm_config', '--xml-text', property(value));
    assert.deepEqual(await findings(), expected, value);
  }
  await cibadmin(...modify, 'crm_config', '--xml-text', property('0'));

  const other = (
    name: string,
    value: string,
    provider = 'extra',
  ) => `<primitive id="other" class="ocf" provider="${provider}" type="VirtualDomain">
<instance_attributes id="other-i"><nvpair id="other-c" name="${name}" value="${value}"/></instance_attributes></primitive>`;
  const change = [...modify, 'resources', '--xml-text'];
  await cibadmin(...change, other('snapshot', ''));
  assert.deepEqual(await findings(), []);
  await cibadmin(...change, other('snapshot', '/var/lib/snapshots'));
  assert.deepEqual(await findings(), ['snapshot-set']);
  assert.match((await run(['check'])).stderr, /crm_resource -r other -d snapshot/);
  await cibadmin('--delete', '--xml-text', '<primitive id="other"/>');
  for (const proven of [other('a', ''), other('hypervisor', 'qemu:///system')]) {
    await cibadmin(...change, proven);
    assert.deepEqual(await findings(), []);
    await cibadmin('--delete', '--xml-text', '<primitive id="other"/>');
  }
  for (const unproven of [other('a', '', 'heartbeat'), other('hypervisor', 'qemu+unix:///system')]) {
    await cibadmin(...change, unproven);
    assert.deepEqual(await findings(), ['end-not-proven']);
    await cibadmin('--delete', '--xml-text', '<primitive id="other"/>');
  }

  file('guest1', domainXml('12', { path: '/var/lib/libvirt/qemu/guest1' }));
  assert.deepEqual(await findings(), ['name-misread', 'domain-file-of-other']);
  rmSync(join(folder, 'guest1.xml'));
  assert.deepEqual(await findings(), ['domain-file-unusable']);
});

test('a node on which the last look found no agent is found, while it is online', async (t) => {
  const { findings, cibadmin, run } = await bench(t);
  const operation = (callId: number, name: string, rc: number) =>
    `<lrm_rsc_op id="prmVMCTL_guest1_${callId}" operation="${name}" operation_key="prmVMCTL_guest1_${name}_0" crm-debug-origin="x"
 crm_feature_set="3.16.2" transition-key="1:1:7:5a0e9ea0-6cf5-4bef-8beb-76f5235e671e" transition-magic="0:${rc};1:1:7:5a0e9ea0-6cf5-4bef-8beb-76f5235e671e"
 on_node="host2" call-id="${callId}" rc-code="${rc}" op-status="0" interval="0" op-digest="d"/>`;
  const state = (operations: string, isUp = true) =>
    `<node_state id="2" uname="host2" in_ccm="${isUp}" crmd="${isUp ? 'online' : 'offline'}" join="${isUp ? 'member' : 'down'}" expected="${isUp ? 'member' : 'down'}">
<lrm id="2"><lrm_resources><lrm_resource id="prmVMCTL_guest1" type="VirtualDomain" class="ocf" provider="extra">${operations}</lrm_resource></lrm_resources></lrm></node_state>`;
  const put = async (text: string) => {
    await cibadmin('--delete', '--xml-text', '<node_state id="2"/>');
    await cibadmin('--create', '--scope', 'status', '--xml-text', text);
  };
  await put(state(operation(3, 'monitor', 7)));
  assert.ok(!(await findings()).includes('node-without-agent'));
  await put(state(operation(3, 'monitor', 7) + operation(4, 'monitor', 5)));
  assert.ok((await findings()).includes('node-without-agent'));
  const said = (await run(['check'])).stderr;
  assert.match(
    said,
    /host2: ocf:extra:VirtualDomain, .*prmVMCTL_guest1.*install pm-kvm-tools-host and libvirt/,
  );
  await put(state(operation(4, 'monitor', 5) + operation(5, 'monitor', 7)));
  assert.ok(!(await findings()).includes('node-without-agent'));
  await put(state(operation(4, 'monitor', 5), false));
  assert.ok(!(await findings()).includes('node-without-agent'));
});

test('the constraint of a move that goes on is no finding, and is one again when nobody is at it', async (t) => {
  const { findings, cibadmin, cib, run } = await bench(t);
  const constraint = (id: string, end: string) =>
    `<rsc_location id="${id}" rsc="prmVMCTL_guest1"><rule id="${id}-rule" score="INFINITY" boolean-op="and">
<expression id="${id}-e" attribute="#uname" operation="eq" value="host2" type="string"/>${end}</rule></rsc_location>`;
  const create = ['--create', '--scope', 'constraints', '--xml-text'];
  const end = '<date_expression id="end" operation="lt" end="2126-01-01 00:00:00Z"/>';
  await cibadmin(...create, constraint('cli-prefer-prmVMCTL_guest1', end));
  assert.deepEqual(await findings(), ['move-constraint-found']);

  const since = new Date().toISOString();
  const other = await acquireLock(cib, { pid: 4711, command: 'vm-ctl resource start guest2', since });
  assert.ok(other.ok);
  assert.deepEqual(await findings(), ['move-constraint-found']);
  other.release();
  const lock = await acquireLock(cib, { pid: 4711, command: 'vm-ctl resource move guest1', since });
  assert.ok(lock.ok);
  t.after(lock.release);
  assert.deepEqual(await findings(), []);
  const told = await run(['check']);
  assert.equal(told.exitCode, 0);
  assert.match(told.stdout, /^prmVMCTL_guest1: a move is going on \(vm-ctl, process 4711 on .*\)$/m);

  // One without an end is none that vm-ctl makes.
  await cibadmin(...create, constraint('cli-ban-prmVMCTL_guest2-on-host1', ''));
  assert.deepEqual(await findings(), ['move-constraint-found']);
});
