/** Which of many names are virtual machines of the cluster, by one query of Pacemaker's own tool, which works on a file here. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { queryCibXPath } from '../../../host/pacemaker/cib-query.ts';
import { virtualMachine } from '../../../host/stonith/pacemaker/target-in-cib.ts';
import { runCommand } from '../../../shared/process/run-command.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

const machine = (id: string) => `<primitive id="${id}" class="ocf" provider="extra" type="VirtualDomain"/>`;
const RESOURCES = [
  '<template id="tpl" class="ocf" provider="extra" type="VirtualDomain"/>',
  machine('vm1'),
  '<primitive id="vm2" template="tpl"/>',
  `<group id="grp">${machine('vm3')}</group>`,
  '<primitive id="ip" class="ocf" provider="heartbeat" type="IPaddr2"/>',
  `<clone id="cln">${machine('vm4')}</clone>`,
].join('');

async function knownIn(t: TestContext, names: readonly string[]): Promise<readonly string[]> {
  const cibFile = join(temporaryDirectory(t), 'cib.xml');
  writeFileSync(
    cibFile,
    `<cib crm_feature_set="3.16.1" validate-with="pacemaker-3.9" epoch="1" num_updates="0" admin_epoch="0">
<configuration><crm_config/><nodes/><resources>${RESOURCES}</resources><constraints/></configuration><status/></cib>`,
  );
  const answer = await queryCibXPath(
    { run: runCommand, deadlineMs: 10_000, cibFile },
    virtualMachine(...names),
  );
  assert.ok(answer.ok, JSON.stringify(answer));
  return answer.elements.map(({ attributes }) => attributes['id'] ?? '').sort();
}

test('of the names that are asked for at once those of virtual machines are known, and no others', async (t) => {
  const names = ['vm1', 'vm2', 'vm3', 'vm4', 'ip', 'grp', 'tpl', 'nosuch'];
  assert.deepEqual(await knownIn(t, names), ['vm1', 'vm2', 'vm3']);
  assert.deepEqual(await knownIn(t, ['vm2']), ['vm2']);
});

test('no name at all is none, whatever is in a name', async (t) => {
  assert.deepEqual(await knownIn(t, ['']), []);
  assert.deepEqual(await knownIn(t, [`' or '1'='1`, `" or "1"="1`, `'"] | //primitive["'`, 'vm1']), ['vm1']);
});

test('as many long names as one query holds get through', async (t) => {
  const long = Array.from({ length: 99 }, (_, n) => `n${n}`.padEnd(255, 'x'));
  assert.deepEqual(await knownIn(t, [...long, 'vm3']), ['vm3']);
});
