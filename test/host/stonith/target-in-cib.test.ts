/** What one query has to bring beside the target itself: by Pacemaker's own tool, on a file here. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { readHistory, readTarget, savesMemory } from '../../../host/stonith/pacemaker/target-in-cib.ts';
import { xmlElement } from '../../../host/xml/xml-element.ts';
import { runCommand } from '../../../shared/process/run-command.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

interface Sections {
  readonly properties?: string;
  readonly defaults?: string;
}

const VM = `<primitive id="vm1" class="ocf" provider="extra" type="VirtualDomain">
<meta_attributes id="vm1-m"><nvpair id="vm1-r" name="target-role" value="Started"/></meta_attributes></primitive>`;

function onCib(t: TestContext, { properties = '', defaults = '' }: Sections) {
  const cibFile = join(temporaryDirectory(t), 'cib.xml');
  writeFileSync(
    cibFile,
    `<cib crm_feature_set="3.16.1" validate-with="pacemaker-3.9" epoch="1" num_updates="0" admin_epoch="0"><configuration>
<crm_config><cluster_property_set id="s">${properties}</cluster_property_set></crm_config><nodes/><resources>${VM}</resources>
<constraints/><rsc_defaults>${defaults}</rsc_defaults></configuration><status/></cib>`,
  );
  return { run: runCommand, deadlineMs: 10_000, cibFile };
}

const property = (name: string, value: string) => `<nvpair id="p-${name}" name="${name}" value="${value}"/>`;

const WAITS: readonly (readonly [properties: string, waits: boolean])[] = [
  ['', false],
  [property('transition-delay', '0s'), false],
  [property('transition-delay', ' 0 '), false],
  [property('cluster-delay', '60s'), false],
  [property('transition-delay', '10s'), true],
  [property('transition-delay', '05ms'), true],
  [property('transition-delay', 'PT5S'), true],
];

for (const [properties, waits] of WAITS) {
  test(`whether the coordinator may wait while it calls itself idle: ${properties}`, async (t) => {
    const pacemaker = onCib(t, { properties });
    const [history, target] = [
      await readHistory(pacemaker, 'vm1'),
      await readTarget(pacemaker, 'vm1', 'guest1', new Map()),
    ];
    assert.ok(history.ok && target.ok);
    assert.deepEqual([history.waitsIdly, target.waitsIdly], [waits, waits]);
  });
}

test('meta attributes that the defaults of all resources refer to are not the resource’s own', async (t) => {
  const pacemaker = onCib(t, { defaults: '<meta_attributes id-ref="vm1-m"/>' });
  const target = await readTarget(pacemaker, 'vm1', 'guest1', new Map());
  assert.ok(target.ok);
  assert.deepEqual([...(target.configured?.shared ?? [])], ['vm1-m']);
});

test('whether its memory is saved is told by its parameter snapshot', () => {
  const vm = (value: string) =>
    xmlElement('primitive', { id: 'vm1' }, [
      xmlElement('instance_attributes', { id: 'i' }, [
        xmlElement('nvpair', { id: 's', name: 'snapshot', value }),
      ]),
    ]);
  assert.deepEqual([savesMemory(vm('/srv/saved')), savesMemory(vm(''))], [true, false]);
  assert.ok(savesMemory(xmlElement('primitive', { id: 'vm1', template: 'all' })), 'a template may say it');
});
