/** `host init` makes what the published example has, once, and never writes over what is there. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { readSettings } from '../../../host/ctl/config/read-settings.ts';
import { pingClone, wholeDefinition } from '../../../host/ctl/host-init/host-definition.ts';
import { hostCrmText, hostPcsText, hostXmlText } from '../../../host/ctl/host-init/host-text.ts';
import { formProblems, targetProblems } from '../../../host/ctl/host-init/target-problems.ts';
import { runCommand } from '../../../shared/process/run-command.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';
import { loadCrm, loaded, loadPcs, loadXml } from './load-configuration.ts';
import { HOSTS_CIB } from './published.ts';
import { vmCtl, workbench } from './vm-ctl.ts';

/** A cluster of two nodes that has nothing yet. */
const EMPTY_CIB = HOSTS_CIB.replace(/<resources>[\s\S]*<\/resources>/, '<resources/>');
const WISH = ['--ping', '192.0.2.1, 192.0.2.2', '--disk', '/dev/sda', '--disk=/dev/sdb'];

const bench = (t: Parameters<typeof workbench>[0], cib = EMPTY_CIB) => {
  const made = workbench(t, cib);
  rmSync(made.config);
  const init = (...words: string[]) => made.run(['host', 'init', ...words]);
  return { ...made, init };
};

test('the first run makes it, the second changes nothing, and guests can be added at once', async (t) => {
  const { init, done, cib, config, cibadmin } = bench(t);
  const first = await init(...WISH);
  assert.equal(first.exitCode, 0, first.stderr);
  assert.match(first.stdout, /clnPingd: new, ocf:pacemaker:ping .*host_list="192\.0\.2\.1 192\.0\.2\.2"/);
  assert.match(first.stdout, new RegExp(`${config} is written`));
  const read = readSettings(config, readFileSync(config, 'utf8'));
  assert.ok(read.ok && read.warnings.length === 0);
  assert.deepEqual(
    read.settings.dependencies.map(({ kind, clone, attribute }) => [kind, clone, attribute]),
    [
      ['pingd', 'clnPingd', 'default_ping_set'],
      ['diskd', 'clnDiskd1', 'diskcheck_status'],
      ['diskd', 'clnDiskd2', 'diskcheck_status_2'],
      ['managerd', 'clnVmManagerd', undefined],
      ['stonithd', 'clnVmStonithd', undefined],
    ],
  );
  assert.match(first.stdout, /resource-stickiness=INFINITY for all resources/);
  assert.match(
    await cibadmin('--query', '--scope', 'rsc_defaults'),
    /name="resource-stickiness" value="INFINITY"/,
  );
  const before = readFileSync(cib, 'utf8');
  const second = await init(...WISH);
  assert.equal(second.exitCode, 0);
  assert.match(second.stdout, /clnDiskd2: is there already \(diskCheck2\), and is kept/);
  assert.match(second.stdout, /resource-stickiness: is INFINITY by default already, and is kept/);
  assert.match(second.stdout, /names all of them already/);
  assert.equal(readFileSync(cib, 'utf8'), before);
  await done(['resource', 'add', 'guest1', '-a', 'host1']);
  assert.match(readFileSync(cib, 'utf8'), /colVMCTL_guest1_clnVmStonithd/);
  const third = await init('--disk', '/dev/sdc');
  assert.match(third.stdout, /clnDiskd3: new/);
  assert.match(third.stdout, /vm_diskd3=\(clnDiskd3 diskcheck_status_3\)/, 'an existing file gets no line');
  assert.doesNotMatch(readFileSync(config, 'utf8'), /clnDiskd3/);
});

test('lines go behind the comments of the file that the package brings, and into none that sets anything', async (t) => {
  const brought = readFileSync('host/etc/vm-ctl.conf', 'utf8');
  const { init, config } = bench(t);
  writeFileSync(config, brought);
  const dry = await init('--ping', '192.0.2.1', '--dry-run');
  assert.match(dry.stdout, /would be written, with:\n +vm_pingd1=\(clnPingd default_ping_set\)/);
  assert.equal(readFileSync(config, 'utf8'), brought);
  const ran = await init('--ping', '192.0.2.1');
  assert.match(ran.stdout, new RegExp(`${config} is written`));
  const text = readFileSync(config, 'utf8');
  assert.ok(text.startsWith(brought));
  const read = readSettings(config, text);
  assert.ok(read.ok && read.warnings.length === 0);
  assert.deepEqual(
    read.settings.dependencies.map(({ clone }) => clone),
    ['clnPingd', 'clnVmManagerd', 'clnVmStonithd'],
  );
  const other = bench(t);
  for (const own of ['# mine\nvm_allow_migrate=on', '# mine\n  vm_allow_migrate=on # so\n']) {
    writeFileSync(other.config, own);
    assert.match((await other.init('--ping', '192.0.2.1')).stdout, /vm_pingd1=\(clnPingd default_ping_set\)/);
    assert.equal(readFileSync(other.config, 'utf8'), own);
  }
});

test('what is there under another id is kept, and guests are to depend on that', async (t) => {
  const old = `<clone id="myPing"><primitive id="myPingCheck" class="ocf" provider="pacemaker" type="pingd"><instance_attributes id="i">
<nvpair id="n" name="name" value="default_ping_set"/><nvpair id="h" name="host_list" value="192.0.2.9"/></instance_attributes></primitive></clone>
<clone id="clnOld"><primitive id="prmOld" class="ocf" provider="extra" type="vm-anything"><instance_attributes id="j">
<nvpair id="b" name="binfile" value="/usr/sbin/vm-stonithd"/></instance_attributes></primitive></clone>`;
  const { init, cib, config } = bench(t, EMPTY_CIB.replace('<resources/>', `<resources>${old}</resources>`));
  const ran = await init('--ping', '192.0.2.1', '--daemons', 'vm-stonithd');
  assert.equal(ran.exitCode, 0, ran.stderr);
  assert.match(
    ran.stdout,
    /myPing: .* it pings 192\.0\.2\.9, not 192\.0\.2\.1; crm_resource --resource myPingCheck/,
  );
  const text = readFileSync(config, 'utf8');
  assert.match(text, /vm_pingd1=\(myPing default_ping_set\)/);
  assert.match(text, /vm_stonithd1=\(clnOld\)/);
  assert.match(readFileSync(cib, 'utf8'), /first="clnVmConnectd" then="clnOld"/);
});

test('a stickiness that somebody chose is kept, and other defaults stay', async (t) => {
  const defaults = (pairs: string) => `<rsc_defaults>${pairs}</rsc_defaults></configuration>`;
  const set = (id: string, name: string, value: string) =>
    `<meta_attributes id="${id}"><nvpair id="${id}-1" name="${name}" value="${value}"/></meta_attributes>`;
  const chosen = bench(
    t,
    EMPTY_CIB.replace('</configuration>', defaults(set('x', 'resource-stickiness', '200'))),
  );
  assert.match((await chosen.init()).stdout, /resource-stickiness: is 200 by default already/);
  assert.doesNotMatch(readFileSync(chosen.cib, 'utf8'), /resource-stickiness" value="INFINITY"/);
  for (const id of ['x', 'rsc_defaults-options']) {
    const other = bench(
      t,
      EMPTY_CIB.replace('</configuration>', defaults(set(id, 'migration-threshold', '1'))),
    );
    const ran = await other.init();
    assert.equal(ran.exitCode, 0, ran.stderr);
    const text = readFileSync(other.cib, 'utf8');
    assert.match(text, /name="migration-threshold" value="1"/);
    assert.match(text, /name="resource-stickiness" value="INFINITY"/);
  }
});

test('an id that is taken, and a daemon on one host only, are refused before anything changes', async (t) => {
  const other = `<primitive id="clnPingd" class="ocf" provider="pacemaker" type="Dummy"/>
<primitive id="alone" class="systemd" type="vm-connectd"/>`;
  const { init, cib, config } = bench(
    t,
    EMPTY_CIB.replace('<resources/>', `<resources>${other}</resources>`),
  );
  const before = readFileSync(cib, 'utf8');
  const ran = await init('--ping', '192.0.2.1');
  assert.equal(ran.exitCode, 1);
  assert.match(ran.stderr, /the id clnPingd is taken/);
  assert.match(ran.stderr, /alone runs on one host only/);
  assert.equal(readFileSync(cib, 'utf8'), before);
  assert.equal(existsSync(config), false);
});

test('--dry-run and --format change nothing and write nothing', async (t) => {
  const { init, cib, config } = bench(t);
  const before = readFileSync(cib, 'utf8');
  const dry = await init(...WISH, '--dry-run');
  assert.equal(dry.exitCode, 0, dry.stderr);
  assert.match(dry.stdout, /clnVmStonithd/);
  assert.match(dry.stdout, /vm_pingd1=\(clnPingd default_ping_set\)/);
  assert.match((await init(...WISH, '--format', 'crm')).stdout, /^primitive pingCheck ocf:pacemaker:ping/);
  assert.equal(readFileSync(cib, 'utf8'), before);
  assert.equal(existsSync(config), false);
});

test('the three formats, each loaded by its tool, give what host init itself makes', async (t) => {
  const folder = temporaryDirectory(t);
  const definition = wholeDefinition({
    ping: ['192.0.2.1', '192.0.2.2'],
    disks: ['/dev/sda', '/dev/sdb'],
    daemons: ['vm-stonithd', 'vm-managerd'],
  });
  const made = await loaded(
    t,
    folder,
    'made',
    async (cib) => {
      const ran = await vmCtl(['host', 'init', ...WISH, '--cib-file', cib, '--config', `${cib}.conf`]);
      assert.equal(ran.exitCode, 0, ran.stderr);
    },
    EMPTY_CIB,
  );
  assert.match(made, /clnVmManagerd/);
  const load = (name: string, how: (cib: string) => Promise<void>) => loaded(t, folder, name, how, EMPTY_CIB);
  assert.equal(await load('crm', (cib) => loadCrm(cib, hostCrmText(definition))), made);
  assert.equal(await load('pcs', (cib) => loadPcs(cib, hostPcsText(definition))), made);
  assert.equal(await load('xml', (cib) => loadXml(cib, hostXmlText(definition))), made);
});

test('addresses and devices that can be none are refused without asking anybody', async () => {
  const wish = {
    ping: ['192.0.2.300', 'a b', '-f', '::1', 'gw.example'],
    disks: ['sda', '/dev/sda'],
    daemons: [],
  };
  assert.deepEqual(
    formProblems(wish).map(({ key, values }) => [key, Object.values(values)[0]]),
    [
      ['ping-form', '192.0.2.300'],
      ['ping-form', 'a b'],
      ['ping-form', '-f'],
      ['disk-form', 'sda'],
    ],
  );
  const ran = await vmCtl(['host', 'init', '--ping', '1.2.3', '--daemons', 'vm-fenced']);
  assert.equal(ran.exitCode, 1);
  assert.match(ran.stderr, /--daemons is none, or a list of some of vm-stonithd,vm-managerd/);
});

test('an address that is silent, a device that is none or not there, and a missing unit are found', async (t) => {
  const file = join(temporaryDirectory(t), 'file');
  writeFileSync(file, '');
  const wish = { ping: ['127.0.0.1', 'no-such-host.invalid'], disks: [file, '/dev/no-such'], daemons: [] };
  const clones = [{ ...pingClone([]), agent: { class: 'systemd', type: 'no-such-unit' } }];
  const problems = await targetProblems(wish, { clones, orders: [] }, runCommand);
  assert.deepEqual(
    problems.map(({ key }) => key),
    ['ping-silent', 'disk-no-device', 'disk-missing', 'unit-missing'],
  );
});
