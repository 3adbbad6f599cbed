/**
 * However a second resource says that it starts the same machine, it is found, and so is an agent that proves nothing: by
 * Pacemaker's own tool, on a file here.
 */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type Definitions, readTarget } from '../../../host/stonith/pacemaker/target-in-cib.ts';
import { runCommand } from '../../../shared/process/run-command.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

const pair = (id: string, value: string) => `<nvpair id="${id}" name="config" value="${value}"/>`;
const machine = (id: string, inside: string, more = 'class="ocf" provider="extra" type="VirtualDomain"') =>
  `<primitive id="${id}" ${more}>${inside}</primitive>`;
const set = (id: string, inside: string) => `<instance_attributes id="${id}">${inside}</instance_attributes>`;
const byRule = (id: string, value: string) =>
  set(
    id,
    `<rule id="${id}-r" score="0"><expression id="${id}-e" attribute="#uname" operation="eq" value="${id}"/></rule>` +
      pair(`${id}-c`, value),
  );
const TEMPLATE = '<template id="tpl" class="ocf" provider="extra" type="VirtualDomain">';

const VM1 = machine('vm1', set('vm1-i', pair('vm1-c', '/vm1.xml')));
const OTHER = machine('vm2', set('vm2-i', pair('vm2-c', '/vm2.xml')));
const BY_TEMPLATE = `${TEMPLATE}${set('tpl-i', pair('tpl-c', '/vm1.xml'))}</template>`;

const cibOf = (resources: string) =>
  `<cib crm_feature_set="3.16.1" validate-with="pacemaker-3.9" epoch="1" num_updates="0" admin_epoch="0">
<configuration><crm_config/><nodes/><resources>${resources}</resources><constraints/></configuration><status/></cib>`;

const sameMachineAs = (resource: string) =>
  `resource ${resource} starts the same virtual machine; delete one of them`;

/** Twice: before it is known how it is defined, and after. */
async function obstaclesOf(t: TestContext, resources: string, requester = 'guest1') {
  const cibFile = join(temporaryDirectory(t), 'cib.xml');
  writeFileSync(cibFile, cibOf(resources));
  const pacemaker = { run: runCommand, deadlineMs: 10_000, cibFile };
  const definitions: Definitions = new Map();
  const obstacles = [];
  for (let look = 0; look < 2; look++) {
    const read = await readTarget(pacemaker, 'vm1', requester, definitions);
    assert.ok(read.ok, JSON.stringify(read));
    const target = read.configured?.target;
    obstacles.push(target?.kind === 'virtual-machine' ? target.obstacle : 'no machine');
  }
  return obstacles;
}

const TWINS: Readonly<Record<string, readonly [resources: string, twin: string | undefined]>> = {
  none: [VM1 + OTHER, undefined],
  'written out': [VM1 + OTHER + machine('two', set('two-i', pair('two-c', '/vm1.xml'))), 'two'],
  'in a clone': [
    `${VM1}<clone id="cln">${machine('two', set('two-i', pair('two-c', '/vm1.xml')))}</clone>`,
    'two',
  ],
  'by another agent': [
    VM1 +
      machine(
        'two',
        set('two-i', pair('two-c', '/vm1.xml')),
        'class="ocf" provider="heartbeat" type="VirtualDomain"',
      ),
    'two',
  ],
  'by a template': [BY_TEMPLATE + VM1 + machine('two', '', 'template="tpl"'), 'two'],
  'not by a template that nobody uses': [BY_TEMPLATE + VM1, undefined],
  'by the same template': [
    BY_TEMPLATE + machine('vm1', '', 'template="tpl"') + machine('two', '', 'template="tpl"'),
    'two',
  ],
  'by a template for one of them': [
    BY_TEMPLATE +
      machine('vm1', '', 'template="tpl"') +
      machine('two', set('two-i', pair('two-c', '/vm1.xml'))),
    'two',
  ],
  'not by a template with another value': [
    BY_TEMPLATE.replace('/vm1.xml', '/vm9.xml') + VM1 + machine('two', '', 'template="tpl"'),
    undefined,
  ],
  'not by a template that both override': [
    BY_TEMPLATE.replace('/vm1.xml', '/vm9.xml') +
      machine('vm1', set('vm1-i', pair('vm1-c', '/vm1.xml')), 'template="tpl"') +
      machine('two', set('two-i', pair('two-c', '/vm2.xml')), 'template="tpl"'),
    undefined,
  ],
  'not by a template that the other overrides': [
    BY_TEMPLATE +
      machine('vm1', '', 'template="tpl"') +
      machine('two', set('two-i', pair('two-c', '/vm2.xml')), 'template="tpl"'),
    undefined,
  ],
  'by a template whose set goes before its own': [
    BY_TEMPLATE.replace('id="tpl-i"', 'id="tpl-i" score="5"') +
      VM1 +
      machine('two', set('two-i', pair('two-c', '/vm2.xml')), 'template="tpl"'),
    'two',
  ],
  'by the group that it is in': [
    `${VM1}<group id="grp">${machine('two', '')}${set('grp-i', pair('grp-c', '/vm1.xml'))}</group>`,
    'two',
  ],
  'not by a group whose value it overrides': [
    `${VM1}<group id="grp">${machine('two', set('two-i', pair('two-c', '/vm2.xml')))}${set('grp-i', pair('grp-c', '/vm1.xml'))}</group>`,
    undefined,
  ],
  'in the same group, which says it for both': [
    `<group id="grp">${machine('vm1', '')}${machine('two', '')}${set('grp-i', pair('grp-c', '/vm1.xml'))}</group>`,
    'two',
  ],
  'in one of two sets': [
    VM1 +
      machine(
        'two',
        set('two-a', pair('two-ac', '/gone.xml')) +
          set('two-b', pair('two-bc', '/vm1.xml')).replace('">', '" score="9">'),
      ),
    'two',
  ],
  'where a rule chooses': [
    machine('vm1', byRule('vm1-a', '/vm1.xml') + byRule('vm1-b', '/other.xml')) +
      machine('two', set('two-i', pair('two-c', '/other.xml'))),
    'two',
  ],
  'by reference to the set of its template': [
    BY_TEMPLATE +
      machine('vm1', '', 'template="tpl"') +
      machine('two', '<instance_attributes id-ref="tpl-i"/>'),
    'two',
  ],
  'by reference to its set': [VM1 + machine('two', '<instance_attributes id-ref="vm1-i"/>'), 'two'],
  'by reference to its value': [VM1 + machine('two', set('two-i', '<nvpair id-ref="vm1-c"/>')), 'two'],
  'because it refers to the other': [
    machine('vm1', '<instance_attributes id-ref="two-i"/>') +
      machine('two', set('two-i', pair('two-c', '/vm1.xml'))),
    'two',
  ],
  'because its value is of the other': [
    machine('vm1', set('vm1-i', '<nvpair id-ref="two-c"/>')) +
      machine('two', set('two-i', pair('two-c', '/vm1.xml'))),
    'two',
  ],
};

for (const [way, [resources, twin]] of Object.entries(TWINS)) {
  test(`a second resource for one machine is found: ${way}`, async (t) => {
    const obstacle = twin && sameMachineAs(twin);
    assert.deepEqual(await obstaclesOf(t, resources), [obstacle, obstacle]);
  });
}

test('the resource of the guest that asks is no twin', async (t) => {
  const asker = machine('prmVMCTL_guest1', set('g-i', pair('g-c', '/guest1.xml')));
  assert.deepEqual(await obstaclesOf(t, VM1 + asker), [undefined, undefined]);
});

test('two looks at once, of which neither knew how it is defined, both find the second resource', async (t) => {
  const cibFile = join(temporaryDirectory(t), 'cib.xml');
  writeFileSync(cibFile, cibOf(VM1 + machine('two', set('two-i', pair('two-c', '/vm1.xml')))));
  const definitions: Definitions = new Map();
  const pacemaker = { run: runCommand, deadlineMs: 10_000, cibFile };
  const reads = await Promise.all([1, 2, 3].map(() => readTarget(pacemaker, 'vm1', 'guest1', definitions)));
  for (const read of reads) {
    const target = read.ok ? read.configured?.target : undefined;
    assert.equal(target?.kind === 'virtual-machine' ? target.obstacle : 'unread', sameMachineAs('two'));
  }
});

const OF_HEARTBEAT =
  'its resource agent is ocf:heartbeat:VirtualDomain, which proves no end; fencing takes ocf:extra:VirtualDomain';
const AT_A_SOCKET =
  'its resource has hypervisor=qemu+unix:///system, where its agent proves no end; fencing takes qemu:///system';
const hypervisor = (id: string, value: string) => `<nvpair id="${id}" name="hypervisor" value="${value}"/>`;
const vm1With = (inside: string, more?: string) =>
  machine('vm1', set('vm1-i', pair('vm1-c', '/vm1.xml') + inside), more);

const AGENTS: Readonly<Record<string, readonly [resources: string, obstacle: string | undefined]>> = {
  'ours, at the libvirt of the system': [vm1With(hypervisor('vm1-h', 'qemu:///system')), undefined],
  'the installed one': [vm1With('', 'class="ocf" provider="heartbeat" type="VirtualDomain"'), OF_HEARTBEAT],
  'the installed one, by a template': [
    `${BY_TEMPLATE.replace('extra', 'heartbeat')}${machine('vm1', '', 'template="tpl"')}`,
    OF_HEARTBEAT,
  ],
  'ours, by a template': [`${BY_TEMPLATE}${machine('vm1', '', 'template="tpl"')}`, undefined],
  'at a socket': [vm1With(hypervisor('vm1-h', 'qemu+unix:///system')), AT_A_SOCKET],
  'at a socket, by the group': [
    `<group id="grp">${VM1}${set('grp-i', hypervisor('grp-h', 'qemu+unix:///system'))}</group>`,
    AT_A_SOCKET,
  ],
  'at a socket, by reference': [
    machine('two', set('two-i', hypervisor('two-h', 'qemu+unix:///system'))) +
      vm1With('<nvpair id-ref="two-h"/>'),
    AT_A_SOCKET,
  ],
  'not at the socket of its group': [
    `<group id="grp">${vm1With(hypervisor('vm1-h', 'qemu:///system'))}${set('grp-i', hypervisor('grp-h', 'qemu+unix:///system'))}</group>`,
    undefined,
  ],
};

for (const [which, [resources, obstacle]] of Object.entries(AGENTS)) {
  test(`what the agent tells proves ${obstacle === undefined ? 'an end' : 'nothing'}: ${which}`, async (t) => {
    assert.deepEqual(await obstaclesOf(t, resources), [obstacle, obstacle]);
  });
}
