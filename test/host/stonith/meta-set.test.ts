/** The order and its way back on Pacemaker's own tools, which work on a file here. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { queryCib } from '../../../host/pacemaker/cib-query.ts';
import { primitiveById } from '../../../host/pacemaker/cib-resources.ts';
import type { Pacemaker } from '../../../host/pacemaker/pacemaker-call.ts';
import { replaceMatching } from '../../../host/pacemaker/replace-matching.ts';
import {
  changedSet,
  exactSet,
  isOwnAndEmpty,
  newSet,
  primitiveAtVersion,
  setWithRecord,
  sharedIn,
  valueIn,
  withSet,
  writableSet,
} from '../../../host/stonith/pacemaker/meta-set.ts';
import { xmlElement } from '../../../host/xml/xml-element.ts';
import { runCommand } from '../../../shared/process/run-command.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

const ORDER = { 'target-role': 'Stopped', 'vm-stonithd': 'off:1:guest1:hosta:Started:r-1' };
const BACK = { 'target-role': 'Started', 'vm-stonithd': undefined };

const META = `<meta_attributes id="m"><nvpair id="m-a" name="allow-migrate" value="true"/>
<nvpair id="m-t" name="target-role" value="Started"/></meta_attributes>`;

function cibWith(t: TestContext, meta: string): Pacemaker & { readonly cibFile: string } {
  const cibFile = join(temporaryDirectory(t), 'cib.xml');
  const primitive = `<primitive id="vm" class="ocf" provider="extra" type="VirtualDomain">${meta}</primitive>`;
  writeFileSync(
    cibFile,
    `<cib crm_feature_set="3.16.1" validate-with="pacemaker-3.9" epoch="1" num_updates="0" admin_epoch="0">
<configuration><crm_config/><nodes/><resources>${primitive}</resources><constraints/></configuration><status/></cib>`,
  );
  return { run: runCommand, deadlineMs: 10_000, cibFile };
}

async function read(pacemaker: Pacemaker) {
  const answer = await queryCib(pacemaker);
  assert.ok(answer.ok, JSON.stringify(answer));
  const element = primitiveById(answer.cib.root, 'vm')?.element;
  assert.ok(element !== undefined);
  return { element, version: answer.cib.version };
}

async function setIn(pacemaker: Pacemaker) {
  const set = writableSet((await read(pacemaker)).element);
  assert.ok(set !== undefined);
  return set;
}

test('an order and its way back leave the set as it was', async (t) => {
  const pacemaker = cibWith(t, META);
  const before = await setIn(pacemaker);
  assert.deepEqual(await replaceMatching(pacemaker, exactSet('vm', before), changedSet(before, ORDER)), {
    ok: true,
  });
  const { element } = await read(pacemaker);
  const ordered = setWithRecord(element, 'r-1');
  assert.ok(ordered !== undefined);
  assert.equal(valueIn(ordered, 'target-role'), 'Stopped');
  assert.equal(setWithRecord(element, 'r-2'), undefined);
  assert.ok((await replaceMatching(pacemaker, exactSet('vm', ordered), changedSet(ordered, BACK))).ok);
  assert.deepEqual(await setIn(pacemaker), before);
});

test('an order is refused when anything in the set was changed in between, and changes nothing', async (t) => {
  for (const other of [
    ['"Started"', '"Stopped"'],
    ['"true"', '"false"'],
    ['<nvpair id="m-a"', '<nvpair id="m-x" name="x" value="y"/><nvpair id="m-a"'],
    ['<meta_attributes id="m">', '<meta_attributes id="m" score="1">'],
  ] as const) {
    const pacemaker = cibWith(t, META);
    const before = await setIn(pacemaker);
    writeFileSync(pacemaker.cibFile, readFileSync(pacemaker.cibFile, 'utf8').replace(other[0], other[1]));
    const text = readFileSync(pacemaker.cibFile, 'utf8');
    const answer = await replaceMatching(pacemaker, exactSet('vm', before), changedSet(before, ORDER));
    assert.equal(answer.ok ? 'done' : answer.kind, 'no-such-object', other.join());
    assert.equal(readFileSync(pacemaker.cibFile, 'utf8'), text);
  }
});

test('a resource without a set gets one, at one version of the configuration, and loses it again', async (t) => {
  const pacemaker = cibWith(t, '');
  const { element, version } = await read(pacemaker);
  const set = changedSet(newSet('vm'), ORDER);
  const own = set.attributes['id'] ?? '';
  const change = withSet(element, own, set);
  assert.ok((await replaceMatching(pacemaker, primitiveAtVersion('vm', version), change)).ok);
  const again = await replaceMatching(pacemaker, primitiveAtVersion('vm', version), change);
  assert.equal(again.ok ? 'done' : again.kind, 'no-such-object');

  const later = await read(pacemaker);
  const present = setWithRecord(later.element, 'r-1');
  assert.ok(present !== undefined);
  const back = changedSet(present, { 'target-role': undefined, 'vm-stonithd': undefined });
  assert.ok(isOwnAndEmpty('vm', back));
  const without = withSet(later.element, own, undefined);
  assert.ok((await replaceMatching(pacemaker, primitiveAtVersion('vm', later.version), without)).ok);
  assert.deepEqual((await read(pacemaker)).element, element);
});

test('sets under a rule, and those of somebody else, are not written to; the highest score decides', async (t) => {
  const rule = '<rule id="r" score="1"><expression id="e" attribute="a" operation="defined"/></rule>';
  const pacemaker = cibWith(
    t,
    `<meta_attributes id="ruled" score="9">${rule}</meta_attributes>
<meta_attributes id="low"/><meta_attributes id="high" score="5"/>`,
  );
  assert.equal((await setIn(pacemaker)).attributes['id'], 'high');
});

test('the role is written where it stands already, so that there is one and not two', async (t) => {
  const pacemaker = cibWith(
    t,
    `<meta_attributes id="first" score="5"><nvpair id="i" name="is-managed" value="true"/></meta_attributes>${META}`,
  );
  assert.equal((await setIn(pacemaker)).attributes['id'], 'm');
});

test('a set that another resource refers to, as a whole or a value of it, is not written to', () => {
  const primitive = xmlElement('primitive', { id: 'vm' }, [
    xmlElement('meta_attributes', { id: 'm' }, [
      xmlElement('nvpair', { id: 'm-t', name: 'target-role', value: 'Started' }),
    ]),
  ]);
  assert.equal(writableSet(primitive)?.attributes['id'], 'm');
  for (const reference of [
    xmlElement('meta_attributes', { 'id-ref': 'm' }),
    xmlElement('nvpair', { 'id-ref': 'm-t' }),
  ]) {
    assert.equal(writableSet(primitive, sharedIn([reference])), undefined);
  }
});
