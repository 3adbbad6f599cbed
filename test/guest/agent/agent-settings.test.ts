import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type GivenSettings, readAgentSettings } from '../../../guest/agent/agent-settings.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

const DEFAULTS = { port: '/dev/virtio-ports/vmconnectd', socket: '/run/vmconnectd.sock', logLevel: 'info' };

function read(t: TestContext, text: string | undefined, flags: GivenSettings = {}, isNamed = false) {
  const file = join(temporaryDirectory(t), 'vm-connectd.conf');
  if (text !== undefined) writeFileSync(file, text);
  const warnings: string[] = [];
  const onWarning = (message: string) => void warnings.push(message.replace(file, 'FILE'));
  return { settings: readAgentSettings({ file, isNamed, flags, onWarning }), warnings };
}

test('without a file the defaults hold, unless the file was named', (t) => {
  assert.deepEqual(read(t, undefined).settings, DEFAULTS);
  assert.throws(() => read(t, undefined, {}, true), /cannot use .*vm-connectd.conf: ENOENT.*; mend the file/);
});

test('the section [guest] counts, [host] does not, and a flag wins', (t) => {
  const text = '[host]\nport = x\n[guest]\nport = /dev/ttyS1\nlog-level = warning\n';
  assert.deepEqual(read(t, text).settings, { ...DEFAULTS, port: '/dev/ttyS1', logLevel: 'warning' });
  const flags = { port: '/dev/vport0p1', logLevel: undefined };
  assert.deepEqual(read(t, text, flags).settings, {
    ...DEFAULTS,
    port: '/dev/vport0p1',
    logLevel: 'warning',
  });
});

test('a setting that does not exist is a warning, a broken file an error', (t) => {
  const { settings, warnings } = read(t, '[guest]\nprot = /dev/ttyS1\n');
  assert.deepEqual(settings, DEFAULTS);
  assert.deepEqual(warnings, ['FILE:2: there is no setting prot for a guest; it is passed over']);
  assert.throws(() => read(t, '[guest]\nport\n'), /'port' is neither a setting nor a section/);
  assert.throws(() => read(t, '[guest]\nlog-level = loud\n'), /cannot use the log level loud/);
  assert.throws(
    () => read(t, '[guest]\nsocket = run.sock\n'),
    /line 2: socket is not absolute; begin it with/,
  );
});
