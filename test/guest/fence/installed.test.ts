import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { VERSION } from '../../../shared/version.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';
import { callFenceVm, programDirectory, run } from './call-fence-vm.ts';

const installed = (...command: string[]) =>
  run(['test/guest/fence/with-agents-installed', programDirectory(), ...command]);

const SCHEMA = '/usr/share/cluster/relaxng/metadata.rng';

test('the metadata is valid by the schema of fence-agents, as metadata and as manpage', async (t) => {
  const file = join(temporaryDirectory(t), 'metadata.xml');
  const seen = new Set<string>();
  for (const action of ['metadata', 'manpage', 'meta-data', 'METADATA']) {
    for (const how of [{ input: `action=${action}\n` }, { parameters: ['-o', action] }]) {
      const called = await callFenceVm(how);
      assert.equal(called.exitCode, 0);
      seen.add(called.stdout);
    }
  }
  assert.equal(seen.size, 1);
  writeFileSync(file, [...seen].join(''));
  const checked = await run(['xmllint', '--noout', '--relaxng', SCHEMA, file]);
  assert.equal(checked.exitCode, 0, checked.stderr);
});

test('the metadata names all that Pacemaker sends and may ask for', async () => {
  const { stdout } = await callFenceVm({ input: 'action=metadata\n' });
  for (const name of ['action', 'plug', 'port'])
    assert.match(stdout, new RegExp(`<parameter name="${name}" `));
  assert.match(stdout, /name="plug" [^>]*obsoletes="port"/);
  assert.match(stdout, /name="port" [^>]*deprecated="1"/);
  for (const action of 'off reboot status list list-status monitor metadata manpage validate-all'.split(
    ' ',
  )) {
    assert.match(stdout, new RegExp(`<action name="${action}" />`));
  }
  assert.match(stdout, /<action name="on" automatic="0" \/>/);
});

test('help and version are printed whatever else is given', async () => {
  for (const parameters of [['-h'], ['--help', '-o', 'off'], ['-o', 'explode', '-h']]) {
    const called = await callFenceVm({ parameters });
    assert.equal(called.exitCode, 0);
    assert.match(
      called.stdout,
      /^Usage:\n\tfence_vm \[options\]\nOptions:\n {3}-o, --action=\[action\] +Fencing/,
    );
    for (const line of called.stdout.split('\n')) assert.ok(line.length <= 80, line);
  }
  for (const parameters of [['-V'], ['--version']]) {
    assert.equal((await callFenceVm({ parameters })).stdout, `${VERSION}\n`);
  }
});

test('stonith_admin, pcs and crm describe it', async () => {
  const described = {
    'stonith_admin --metadata --agent fence_vm': /<resource-agent name="fence_vm"/,
    'stonith_admin --list-installed': /^fence_vm$/m,
    'pcs stonith describe fence_vm': /^fence_vm - Fence agent for KVM guests[\s\S]*\n {2}tokens: Which token/,
    'crm ra info stonith:fence_vm': /^stonith:fence_vm\n[\s\S]*\ntokens \(string\): Which token/,
  };
  for (const [command, expected] of Object.entries(described)) {
    const called = await installed(...command.split(' '));
    assert.equal(called.exitCode, 0, called.stderr);
    assert.match(called.stdout, expected);
  }
});

test('stonith_admin validates a configuration by it', async () => {
  const validate = (parameters: string) =>
    installed(...`stonith_admin --validate --agent fence_vm ${parameters}`.split(' '));
  const good = await validate('-o tokens=guest2:T');
  assert.equal(good.exitCode, 0, good.stderr);
  const bad = await validate('-o tokens=guest2');
  assert.notEqual(bad.exitCode, 0);
  assert.match(bad.stdout + bad.stderr, /entry 1 of tokens is not of the form NAME:TOKEN/);
});
