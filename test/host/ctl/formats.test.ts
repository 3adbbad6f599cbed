/**
 * Laws of what `add` writes: it is the published example, and its three formats, each loaded by the tool that reads it,
 * give one and the same configuration.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { defaultSettings, readSettings } from '../../../host/ctl/config/read-settings.ts';
import type { Settings } from '../../../host/ctl/config/settings.ts';
import { defineGuest } from '../../../host/ctl/definition/guest-definition.ts';
import { crmText } from '../../../host/ctl/format/crm-text.ts';
import { pcsText } from '../../../host/ctl/format/pcs-text.ts';
import { xmlText } from '../../../host/ctl/format/xml-text.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';
import { loadCrm, loaded, loadPcs, loadXml } from './load-configuration.ts';
import { GUEST1_IN_CRM, PUBLISHED_CONFIG } from './published.ts';

test('the three formats give the configuration of the published example', async (t) => {
  const folder = temporaryDirectory(t);
  const settings = settingsFrom(PUBLISHED_CONFIG);
  const guest = defineGuest({ domain: 'guest1', node: 'host1', isMigrationAllowed: false }, settings);
  const published = await loaded(t, folder, 'published', (cib) => loadCrm(cib, GUEST1_IN_CRM));
  assert.match(published, /prmVMCTL_guest1/);
  assert.equal(await loaded(t, folder, 'crm', (cib) => loadCrm(cib, crmText([guest]))), published);
  assert.equal(await loaded(t, folder, 'pcs', (cib) => loadPcs(cib, pcsText([guest]))), published);
  assert.equal(await loaded(t, folder, 'xml', (cib) => loadXml(cib, xmlText([guest]))), published);
});

test('the three formats agree on every setting and on hostile names', async (t) => {
  const folder = temporaryDirectory(t);
  const settings = settingsFrom(`${PUBLISHED_CONFIG}
vm_stonith=off
vm_start_op=(0 5min block)
vm_pingd_loc=(gte 7)
vm_pingd_col=50
vm_pingd_odr=(INFINITY true)
vm_managerd1=(clnVmManagerd operator_check_status)
vm_node_loc_act=INFINITY
vm_migration_transport="tcp x"
`);
  const names = [`it's a "test" & <more> $(reboot)\`x\`\\`, 'web_1.a-b', '-rf', '_x0020_'];
  const guests = names.map((domain) =>
    defineGuest({ domain, node: 'host2', isMigrationAllowed: true }, settings),
  );
  const xml = await loaded(t, folder, 'all-xml', (cib) => loadXml(cib, xmlText(guests)));
  assert.equal(await loaded(t, folder, 'all-crm', (cib) => loadCrm(cib, crmText(guests))), xml);
  // Each of its commands takes half a second.
  const worst = guests.slice(0, 1);
  const worstXml = await loaded(t, folder, 'worst-xml', (cib) => loadXml(cib, xmlText(worst)));
  assert.equal(await loaded(t, folder, 'worst-pcs', (cib) => loadPcs(cib, pcsText(worst))), worstXml);
});

function settingsFrom(text: string): Settings {
  const read = readSettings('vm-ctl.conf', text);
  assert.ok(read.ok, JSON.stringify(read));
  assert.notDeepEqual(read.settings, defaultSettings());
  return read.settings;
}
