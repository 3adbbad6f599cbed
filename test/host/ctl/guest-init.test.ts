/** `guest init` puts a channel into a domain and nothing else, and prints fencing that all three tools read alike. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { hasChannel, socketPath, withChannel } from '../../../host/ctl/guest-init/add-channel.ts';
import { FENCING_FORMATS } from '../../../host/ctl/guest-init/fencing-text.ts';
import { parseDomainXml } from '../../../host/libvirt/domain-xml.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';
import { loadCrm, loaded, loadPcs, loadXml } from './load-configuration.ts';
import { vmCtl, workbench } from './vm-ctl.ts';

const WISH = { portName: 'vmconnectd', path: '/var/lib/libvirt/qemu/guest1' };
const DOMAIN = `<!-- mine -->
<domain type='kvm' xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'>
  <name>guest1</name>
  <devices>
    <channel type='unix'>
      <target type='virtio' name='org.qemu.guest_agent.0'/>
    </channel>
  </devices>
  <qemu:commandline><qemu:arg value='-x'/></qemu:commandline>
</domain>
`;

test('a channel is put in as text: comments and what nobody here knows stay as they are', () => {
  const made = withChannel(DOMAIN, WISH);
  assert.ok(made.kind === 'added');
  const added = made.text.replace(
    / {4}<channel type="unix">\n {6}<source mode="bind" path="[^"]+"\/>\n {6}<target type="virtio" name="vmconnectd"\/>\n {4}<\/channel>\n/,
    '',
  );
  assert.equal(added, DOMAIN);
  const read = parseDomainXml(made.text);
  assert.ok(read.ok && hasChannel(read.domain, 'vmconnectd'));
  assert.equal(withChannel(made.text, WISH).kind, 'there', 'a second time there is nothing to do');
});

test('a domain in one line, one without devices, and one whose end stands in a comment', () => {
  const line = DOMAIN.replaceAll(/\n\s*/g, '');
  const made = withChannel(line, WISH);
  assert.ok(made.kind === 'added' && !made.text.includes('\n'));
  assert.equal(withChannel('<domain><name>a</name></domain>', WISH).kind, 'unreadable');
  assert.equal(withChannel(`${DOMAIN}<!-- </devices> -->`, WISH).kind, 'unreadable');
  assert.equal(withChannel('<domain', WISH).kind, 'unreadable');
});

test('a name too long for a socket leaves the path to libvirt', () => {
  assert.equal(socketPath('/run', 'a'), '/run/a');
  assert.equal(socketPath('/run', 'あ'.repeat(40)), undefined);
  const made = withChannel(DOMAIN, { ...WISH, path: undefined });
  assert.ok(made.kind === 'added');
  assert.doesNotMatch(made.channel, /<source/);
});

test('the fencing of a guest cluster is the same for crmsh, pcs and cibadmin', async (t) => {
  const folder = temporaryDirectory(t);
  for (const isInFile of [true, false]) {
    const members = ['guest1', 'guest2'].map((node) => ({ node, token: `pk2.${node}.--__AZ09` }));
    const wish = { members, isInFile };
    const crm = await loaded(t, folder, 'crm', (cib) => loadCrm(cib, FENCING_FORMATS.crm(wish)));
    assert.match(crm, isInFile ? /pcmk_host_list/ : /guest1:pk2\.guest1\.--__AZ09 guest2:pk2/);
    assert.match(crm, /guest1:5s/, 'one of two gets a head start');
    assert.equal(await loaded(t, folder, 'pcs', (cib) => loadPcs(cib, FENCING_FORMATS.pcs(wish))), crm);
    assert.equal(await loaded(t, folder, 'xml', (cib) => loadXml(cib, FENCING_FORMATS.xml(wish))), crm);
  }
});

test('tokens are for all members, and only the configuration goes to standard output', async (t) => {
  const { folder, run } = workbench(t);
  const keys = join(folder, 'keys');
  await vmCtl(['key', 'make', '--keys', keys]);
  const ran = await run(['guest', 'init', 'guest1,', 'guest2', '--keys', keys]);
  assert.equal(ran.exitCode, 0, ran.stderr);
  assert.match(ran.stdout, /^primitive fence-vm stonith:fence_vm/);
  assert.match(ran.stderr, /the tokens stand in the configuration/);
  const [, token = ''] = /guest2:(\S+)"/.exec(ran.stdout) ?? [];
  const explained = JSON.parse((await vmCtl(['token', 'explain', token, '--json', '--keys', keys])).stdout);
  assert.deepEqual([explained.resource, explained.guests], ['prmVMCTL_guest2', ['guest1', 'guest2']]);

  const tokens = join(folder, 'tokens');
  const kept = await run([
    'guest',
    'init',
    'guest1,guest2',
    '--keys',
    keys,
    '--tokens',
    tokens,
    '--nodes',
    'n1,n2',
  ]);
  assert.doesNotMatch(kept.stdout, /tokens=/);
  assert.match(kept.stdout, /pcmk_host_list="n1 n2"/);
  assert.match(readFileSync(tokens, 'utf8'), /^n1 \S+\nn2 \S+\n$/m);
  assert.equal(statSync(tokens).mode & 0o777, 0o600);
  const again = await run(['guest', 'init', 'guest1,guest2', '--keys', keys, '--tokens', tokens]);
  assert.match(again.stderr, /tokens exists; name another file/);
});

test('all that is in the way is told, and nothing is made', async (t) => {
  const { folder, run } = workbench(t);
  const keys = join(folder, 'none');
  const ran = await run(['guest', 'init', 'guest 1', 'guest2', '--keys', keys, '--nodes', 'a:b']);
  assert.equal(ran.exitCode, 1);
  for (const said of [/--nodes has 1 names for 2 guests/, /a:b can be no name/, /there is no key in/]) {
    assert.match(ran.stderr, said);
  }
  assert.equal(existsSync(keys), false);
  assert.match((await run(['guest', 'init'])).stderr, /name at least one guest/);
  assert.match((await run(['guest', 'init', 'a', '--format', 'txt'])).stderr, /--format is crm, pcs or xml/);
  const alone = await run(['guest', 'init', 'guest1']);
  assert.equal(alone.exitCode, 0);
  assert.match(alone.stderr, /a single guest has nobody to fence it/);
});
