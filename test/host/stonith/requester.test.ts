/** Who may still ask, on Pacemaker's own tools, which work on a file here. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { queryCibXPath } from '../../../host/pacemaker/cib-query.ts';
import type { Pacemaker } from '../../../host/pacemaker/pacemaker-call.ts';
import { replaceMatching } from '../../../host/pacemaker/replace-matching.ts';
import { changedSet, exactSet, writableSet } from '../../../host/stonith/pacemaker/meta-set.ts';
import { isDoomed, requesterLives, requesterXPath } from '../../../host/stonith/pacemaker/requester.ts';
import { runCommand } from '../../../shared/process/run-command.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

const ORDER = { 'target-role': 'Stopped', 'vm-stonithd': 'off:1:guest1:hosta:Started:r-1' };

const guest = (id: string, file: string, meta: Readonly<Record<string, string>> = {}) =>
  `<primitive id="${id}" class="ocf" provider="extra" type="VirtualDomain">
<instance_attributes id="${id}-i"><nvpair id="${id}-c" name="config" value="${file}"/></instance_attributes>
<meta_attributes id="${id}-m">${Object.entries(meta)
    .map(([name, value]) => `<nvpair id="${id}-m-${name}" name="${name}" value="${value}"/>`)
    .join('')}</meta_attributes></primitive>`;

function cibWith(t: TestContext, ...primitives: readonly string[]): Pacemaker {
  const cibFile = join(temporaryDirectory(t), 'cib.xml');
  writeFileSync(
    cibFile,
    `<cib crm_feature_set="3.16.1" validate-with="pacemaker-3.9" epoch="1" num_updates="0" admin_epoch="0">
<configuration><crm_config/><nodes/><resources>${primitives.join('')}</resources><constraints/></configuration><status/></cib>`,
  );
  return { run: runCommand, deadlineMs: 10_000, cibFile };
}

/** Whether Pacemaker takes an order of `asker` for the resource `target`. */
async function isTaken(pacemaker: Pacemaker, asker: string, target: string): Promise<boolean> {
  const found = await queryCibXPath(pacemaker, `//primitive[@id='${target}']`);
  const set = found.ok && found.elements[0] !== undefined ? writableSet(found.elements[0]) : undefined;
  assert.ok(set !== undefined);
  const xpath = `${exactSet(target, set)}${requesterLives(asker, target)}`;
  const done = await replaceMatching(pacemaker, xpath, changedSet(set, ORDER));
  assert.ok(done.ok || done.kind === 'no-such-object', JSON.stringify(done));
  return done.ok;
}

const RUNS = { 'target-role': 'Started' };
const one = guest('prmVMCTL_guest1', '/etc/libvirt/qemu/guest1.xml', RUNS);
const other = guest('vm-of-another-name', '/etc/libvirt/qemu/guest2.xml', RUNS);

test('of two that ask for each other, Pacemaker takes one order, whichever comes first', async (t) => {
  const first = cibWith(t, one, other);
  assert.equal(await isTaken(first, 'guest1', 'vm-of-another-name'), true);
  assert.equal(await isTaken(first, 'guest2', 'prmVMCTL_guest1'), false);
  const second = cibWith(t, one, other);
  assert.equal(await isTaken(second, 'guest2', 'prmVMCTL_guest1'), true);
  assert.equal(await isTaken(second, 'guest1', 'vm-of-another-name'), false);
});

test('a guest that was stopped has no say any more, one that is being started has', async (t) => {
  const states: readonly (readonly [meta: Readonly<Record<string, string>>, mayAsk: boolean])[] = [
    [{ 'target-role': 'Stopped' }, false],
    [{ 'target-role': 'Started', 'vm-stonithd': 'reset:1:guest9:hosta:Started:r-1' }, false],
    [{ 'target-role': 'Started', 'vm-stonithd': 'on:1:guest9:hosta:Stopped:r-1' }, true],
    [{}, true],
  ];
  for (const [meta, mayAsk] of states) {
    const pacemaker = cibWith(t, guest('prmVMCTL_guest1', '/x/guest1.xml', meta), other);
    const found = await queryCibXPath(pacemaker, requesterXPath('guest1', 'vm-of-another-name'));
    assert.ok(found.ok && found.elements.length === 1);
    assert.equal(found.elements.some(isDoomed), !mayAsk);
    assert.equal(await isTaken(pacemaker, 'guest1', 'vm-of-another-name'), mayAsk, JSON.stringify(meta));
  }
});

test('a guest may ask for itself, and one that the cluster does not know for others', async (t) => {
  assert.equal(await isTaken(cibWith(t, one, other), 'guest1', 'prmVMCTL_guest1'), true);
  for (const name of ['guest9', 'uest1', "o'brien", '"]', 'guest1.xml'])
    assert.equal(await isTaken(cibWith(t, one, other), name, 'vm-of-another-name'), true);
});
