import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { readHostSettings } from '../../../host/connect/host-settings.ts';
import { PmError } from '../../../shared/errors.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

function read(t: TestContext, text: string | undefined, flags = {}, isNamed = true) {
  const file = join(temporaryDirectory(t), 'vm-connectd.conf');
  if (text !== undefined) writeFileSync(file, text);
  const warnings: string[] = [];
  const settings = readHostSettings({ file, isNamed, flags, onWarning: (words) => warnings.push(words) });
  return { settings, warnings };
}

test('without a file there are the defaults; a file that was named has to be there', (t) => {
  const { settings } = read(t, undefined, {}, false);
  assert.deepEqual(settings, {
    socket: '/run/vmconnectd.sock',
    libvirt: 'qemu:///system',
    logLevel: 'info',
    sweepMs: 60_000,
    socketDirectories: ['/var/lib/libvirt/qemu'],
    guests: [],
  });
  assert.throws(() => read(t, undefined), /there is no such file; name a file that can be read/);
});

test('the file is read, and a flag wins over it', (t) => {
  const text = `[host]
socket = /s
libvirt = test:///default
log-level = debug
sweep-seconds = 5
socket-directories = /a /b/

[guest one]
path = /run/./one

[guest two words]
mode = connect
path = /run/two

[guest]
port = /dev/ttyS1
`;
  const { settings, warnings } = read(t, text, { logLevel: 'error', socket: '/t', socketDirectory: '/c//' });
  assert.deepEqual(warnings, []);
  const { guests, ...rest } = settings;
  assert.deepEqual(rest, {
    socket: '/t',
    libvirt: 'test:///default',
    logLevel: 'error',
    sweepMs: 5_000,
    socketDirectories: ['/a', '/b', '/c'],
  });
  const ports = guests.map(({ name, port }) => [name, port.kind === 'socket' && `${port.mode} ${port.path}`]);
  assert.deepEqual(ports, [
    ['one', 'bind /run/one'],
    ['two words', 'connect /run/two'],
  ]);
});

test('all that is wrong is said at once, with file and line; what is not known is warned about', (t) => {
  const text = `[host]
log-level = loud
sweep-seconds = 0
socket-directories = relative
colour = red
[guest one]
mode = sideways
[guest two]
path = relative
speed = 3
[other]
[host]
socket = run.sock
`;
  assert.throws(
    () => read(t, text),
    (thrown: unknown) => {
      assert.ok(thrown instanceof PmError && thrown.code === 'config');
      for (const words of [
        ':2: error: loud is no log level; choose one of error, warning, info, debug',
        ":3: error: sweep-seconds can't be 0",
        ':4: error: a directory is not absolute',
        ':6: error: guest one has no absolute path',
        ':6: error: guest one has the mode sideways',
        ':8: error: guest two has no absolute path',
        ':13: error: socket is not absolute',
      ]) {
        assert.ok(thrown.message.includes(words), `${words} in ${thrown.message}`);
      }
      return true;
    },
  );
  const { warnings } = read(t, '[host]\ncolour = red\n[other]\n[guest one]\npath = /s\nspeed = 3\n');
  assert.deepEqual(
    warnings.map((words) => words.replace(/^.*conf:/, '')),
    [
      '2: warning: there is no setting colour for a host; it is passed over; remove it',
      '3: warning: there is no section other; it is passed over; remove it',
      '6: warning: there is no setting speed for a guest; it is passed over; remove it',
    ],
  );
});

test('the sample configuration is valid, says the defaults, and changes nothing', (t) => {
  const sample = readFileSync(join(import.meta.dirname, '../../../host/etc/vm-connectd.conf'), 'utf8');
  const { settings, warnings } = read(t, sample);
  assert.deepEqual(warnings, []);
  assert.deepEqual(settings, read(t, '').settings);
  const withoutMarks = sample.replace(/^# (?=[a-z-]+ = )/gm, '').replace('# [guest NAME]', '[guest NAME]');
  const used = read(t, withoutMarks);
  assert.deepEqual(used.warnings, []);
  assert.deepEqual({ ...used.settings, guests: [] }, settings);
  assert.equal(used.settings.guests.length, 1);
});
