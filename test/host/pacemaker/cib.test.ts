import assert from 'node:assert/strict';
import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { isTrue, scoreOf } from '../../../host/pacemaker/attribute-sets.ts';
import {
  banConstraintId,
  constraintsIn,
  isMoveConstraint,
  moveConstraintId,
} from '../../../host/pacemaker/cib-constraints.ts';
import {
  clusterPropertiesIn,
  isFencingEnabled,
  nodesIn,
  transientAttributesIn,
} from '../../../host/pacemaker/cib-nodes.ts';
import {
  queryCib,
  queryCibSection,
  queryCibVersion,
  queryCibXPath,
  xpathLiteral,
} from '../../../host/pacemaker/cib-query.ts';
import {
  clonesIn,
  primitiveById,
  primitivesIn,
  virtualDomainsIn,
} from '../../../host/pacemaker/cib-resources.ts';
import type { Pacemaker } from '../../../host/pacemaker/pacemaker-call.ts';
import { parseXml } from '../../../host/xml/parse-xml.ts';
import type { XmlElement } from '../../../host/xml/xml-element.ts';
import { runCommand } from '../../../shared/process/run-command.ts';

let directory = '';
let pacemaker: Pacemaker;
let cib: XmlElement;

before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'cib-'));
  const text = await readFile(new URL('../../support/recorded/pacemaker/cib.xml', import.meta.url), 'utf8');
  await writeFile(join(directory, 'cib.xml'), text);
  pacemaker = { run: runCommand, deadlineMs: 10_000, cibFile: join(directory, 'cib.xml') };
  cib = tree(text);
});
after(() => rm(directory, { recursive: true }));

function tree(text: string): XmlElement {
  const document = parseXml(text);
  assert.ok(document.ok);
  return document.root;
}

/** Tools that answer this. */
const answering = (exitCode: number, stdout: string, stderr = ''): Pacemaker => ({
  deadlineMs: 1000,
  run: () => Promise.resolve({ kind: 'exited', exitCode, stdout, stderr, elapsedMs: 1 }),
});

test('guests are found with the parameters that they have themselves or from a template', () => {
  assert.deepEqual(
    virtualDomainsIn(cib).map(({ id, config, hypervisor }) => ({ id, config, hypervisor })),
    [
      { id: 'prmVMCTL_guest1', config: '/etc/libvirt/qemu/guest1.xml', hypervisor: 'qemu:///system' },
      { id: 'prmVMCTL_guest2', config: '/etc/libvirt/qemu/guest2.xml', hypervisor: 'qemu:///system' },
    ],
  );
  const guest2 = primitiveById(cib, 'prmVMCTL_guest2');
  assert.deepEqual(
    guest2?.operations.map(({ name, timeout, onFail }) => [name, timeout, onFail]),
    [
      ['start', '120s', 'restart'],
      ['stop', '90s', 'block'],
    ],
  );
  assert.equal(guest2.metaAttributes.get('target-role'), 'Stopped');
});

test('primitives within groups and clones are found, with what they stand in', () => {
  assert.deepEqual(
    primitivesIn(cib).map(({ id, within }) => [
      id,
      ...within.map((container) => `${container.kind} ${container.id}`),
    ]),
    [
      ['prmVMCTL_guest1'],
      ['prmVMCTL_guest2'],
      ['prmPingd', 'clone clnPingd'],
      ['prmA1', 'group grpA'],
      ['prmA2', 'group grpA'],
      ['prmState', 'clone clnState'],
    ],
  );
  assert.deepEqual(
    clonesIn(cib).map(({ id, metaAttributes }) => [id, ...metaAttributes.keys()]),
    [
      ['clnPingd', 'interleave'],
      ['clnState', 'promotable'],
    ],
  );
});

test('of several sets the highest score decides, a set under a rule does not, references are followed', () => {
  const root = tree(`<resources><primitive id="p" class="ocf" provider="x" type="VirtualDomain">
    <instance_attributes id="a"><nvpair id="a1" name="config" value="low"/><nvpair id="a2" name="only" value="here"/></instance_attributes>
    <instance_attributes id="b" score="INFINITY"><nvpair id="b1" name="config" value="high"/></instance_attributes>
    <instance_attributes id="c" score="INFINITY"><rule id="r" score="0"/><nvpair id="c1" name="other" value="x"/></instance_attributes>
    <meta_attributes id="m"><nvpair id="m1" name="target-role" value="Stopped"/></meta_attributes></primitive>
    <primitive id="q" class="ocf" type="Dummy"><instance_attributes id-ref="a"/><meta_attributes id="n"><nvpair id-ref="m1"/></meta_attributes></primitive>
    </resources>`);
  assert.deepEqual(
    [...(primitiveById(root, 'p')?.instanceAttributes ?? [])],
    [
      ['config', 'high'],
      ['only', 'here'],
    ],
  );
  assert.equal(primitiveById(root, 'q')?.instanceAttributes.get('config'), 'low');
  assert.equal(primitiveById(root, 'q')?.metaAttributes.get('target-role'), 'Stopped');
});

test('nodes have permanent and transient attributes, the cluster has its properties', () => {
  assert.deepEqual(
    nodesIn(cib).map(({ id, name, transientAttributes }) => [
      id,
      name,
      transientAttributes.get('default_ping_set'),
    ]),
    [
      ['1', 'hosta', '100'],
      ['2', 'hostb', '100'],
    ],
  );
  assert.equal(transientAttributesIn(cib).get('hosta')?.get('foo'), '1');
  assert.equal(transientAttributesIn(cib).get('hostb')?.has('foo'), false);
  const properties = clusterPropertiesIn(cib);
  assert.equal(properties.get('dc-deadtime'), '2s');
  assert.equal(isFencingEnabled(properties), false);
  assert.equal(isFencingEnabled(new Map()), true);
  assert.equal(isFencingEnabled(new Map([['fencing-enabled', 'no']])), false);
});

test('constraints are read, and those that moves leave are told from others', () => {
  const constraints = constraintsIn(cib);
  assert.deepEqual(
    constraints.map(({ kind, id }) => [kind, id]),
    [
      ['location', 'locVMCTL_guest1_default_ping_set'],
      ['location', 'locVMCTL_guest1_hosta_ACT'],
      ['colocation', 'colVMCTL_guest1_clnPingd'],
      ['order', 'odrVMCTL_guest1_clnPingd'],
    ],
  );
  const others = constraintsIn(
    tree(`<constraints><rsc_location id="cli-prefer-x" rsc="x" node="a" score="INFINITY"/>
      <rsc_colocation id="c"><resource_set id="s"><resource_ref id="x"/></resource_set></rsc_colocation><rsc_ticket id="t" rsc="y"/></constraints>`),
  );
  assert.deepEqual(others.map(isMoveConstraint), [true, false, false]);
});

test('scores and truths are what Pacemaker takes them for', () => {
  assert.deepEqual(
    ['INFINITY', '+INFINITY', '-INFINITY', '-inf', '200', '-5', '9999999', '', 'x', undefined].map(scoreOf),
    [1e6, 1e6, -1e6, -1e6, 200, -5, 1e6, 0, 0, 0],
  );
  assert.deepEqual(['true', 'Yes', '1', 'on', 'false', '', undefined].map(isTrue), [
    true,
    true,
    true,
    true,
    false,
    false,
    false,
  ]);
});

test('cibadmin answers with the whole, a section, the version, or what an XPath finds', async () => {
  const whole = await queryCib(pacemaker);
  assert.ok(whole.ok, JSON.stringify(whole));
  assert.equal(whole.cib.featureSet, '3.16.1');
  assert.equal(virtualDomainsIn(whole.cib.root).length, 2);
  const version = await queryCibVersion(pacemaker);
  assert.ok(version.ok);
  assert.deepEqual(version.version, whole.cib.version);
  const resources = await queryCibSection(pacemaker, 'resources');
  assert.ok(resources.ok);
  assert.equal(virtualDomainsIn(resources.section).length, 2);
  const many = await queryCibXPath(pacemaker, `//primitive[@type='Dummy']`);
  const one = await queryCibXPath(pacemaker, `//primitive[@id=${xpathLiteral('prmA1')}]`);
  const none = await queryCibXPath(pacemaker, `//primitive[@id=${xpathLiteral(`a'b"c <&`)}]`);
  assert.ok(many.ok && one.ok && none.ok);
  assert.deepEqual([many.elements.length, one.elements.length, none.elements.length], [3, 1, 0]);
});

test('no cluster, a broken file and a missing tool are failures, never an empty configuration', async () => {
  const noCluster = await queryCib(
    answering(102, '', 'Could not connect to the CIB: Transport endpoint is not connected\n'),
  );
  assert.ok(!noCluster.ok && noCluster.kind === 'no-cluster');
  const nowhere = { ...pacemaker, cibFile: join(directory, 'none.xml') };
  const missing = await queryCib(nowhere);
  assert.ok(!missing.ok && missing.kind === 'no-cluster', JSON.stringify(missing));
  const nothing = await queryCibXPath(nowhere, '//primitive');
  assert.ok(!nothing.ok && nothing.kind === 'no-cluster', JSON.stringify(nothing));
  const path = join(directory, 'broken.xml');
  const whole = await readFile(join(directory, 'cib.xml'), 'utf8');
  // Pacemaker itself would take the second for a configuration without constraints.
  for (const text of ['<cib epoch="1"', whole.slice(0, whole.indexOf('<constraints>')), `${whole}<rest/>`]) {
    await writeFile(path, text);
    const broken = await queryCib({ ...pacemaker, cibFile: path });
    assert.ok(!broken.ok && broken.kind === 'unreadable', JSON.stringify(broken));
  }
  const late = await queryCib({ ...pacemaker, deadlineMs: 0 });
  assert.ok(!late.ok && late.kind === 'deadline');
});

test('what went wrong is told from the exit code that all tools share', async () => {
  for (const [exitCode, kind] of [
    [1, 'refused'],
    [4, 'forbidden'],
    [78, 'invalid'],
    [103, 'conflict'],
    [105, 'no-such-object'],
    [106, 'no-quorum'],
    [108, 'exists'],
    [124, 'deadline'],
  ] as const) {
    const result = await queryCib(answering(exitCode, '', 'Call cib_query failed: so it is\n'));
    assert.ok(!result.ok && result.kind === kind, `${exitCode}`);
    assert.match(result.fault, /so it is/);
  }
});

test('an answer that is no CIB is unreadable', async () => {
  for (const stdout of ['', '<cib', '<other/>', '<cib epoch="x" admin_epoch="0"/>', '<cib/>']) {
    const result = await queryCib(answering(0, stdout));
    assert.ok(!result.ok && result.kind === 'unreadable', stdout);
  }
});

test('the constraints of a move and a ban have the ids that Pacemaker gives them', async () => {
  const cibFile = join(directory, 'moved.xml');
  await copyFile(join(directory, 'cib.xml'), cibFile);
  for (const words of [
    ['--resource=prmVMCTL_guest1', '--move', '--node=hostb'],
    ['--resource=prmA1', '--ban', '--node=hostb'],
  ]) {
    const options = { deadlineMs: 10_000, env: { CIB_file: cibFile } };
    const result = await runCommand(['crm_resource', ...words], options);
    assert.ok(result.kind === 'exited' && result.exitCode === 0, JSON.stringify(result));
  }
  const left = constraintsIn(tree(await readFile(cibFile, 'utf8'))).filter(isMoveConstraint);
  assert.deepEqual(left.map(({ id }) => id).sort(), [
    banConstraintId('prmA1', 'hostb'),
    moveConstraintId('prmVMCTL_guest1'),
  ]);
});
