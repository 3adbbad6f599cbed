/** Laws of /etc/vm-ctl.conf: the old file as it is, and every fault of it at once, with its line and the right form. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { defaultSettings, readSettings } from '../../../host/ctl/config/read-settings.ts';
import { formatProblem } from '../../../shared/config/problem.ts';
import { PUBLISHED_CONFIG } from './published.ts';

const FILE = '/etc/vm-ctl.conf';

function settingsOf(text: string) {
  const read = readSettings(FILE, text);
  assert.ok(read.ok, read.ok ? '' : read.problems.map(formatProblem).join('\n'));
  return read;
}

function problemsOf(text: string): string[] {
  const read = readSettings(FILE, text);
  return (read.ok ? read.warnings : read.problems).map(formatProblem);
}

test('an empty file gives the published defaults', () => {
  const { settings, warnings } = settingsOf('# nothing\n');
  assert.deepEqual(settings, defaultSettings());
  assert.deepEqual(warnings, []);
  assert.equal(settings.domainDirectory, '/etc/libvirt/qemu');
  assert.equal(settings.idleTimeoutMs, 10_000);
  assert.equal(settings.preferenceScore, '200');
  assert.deepEqual(settings.operations.migrate_from, {
    interval: '0',
    timeout: '240s',
    onFail: 'restart',
  });
  assert.deepEqual(settings.dependencies, []);
});

test('the published file is read unchanged', () => {
  const { settings, warnings } = settingsOf(PUBLISHED_CONFIG);
  assert.deepEqual(warnings, []);
  assert.deepEqual(
    settings.dependencies.map(({ kind, clone, attribute }) => [kind, clone, attribute]),
    [
      ['pingd', 'clnPingd', 'default_ping_set'],
      ['diskd', 'clnDiskd1', 'diskcheck_status'],
      ['stonithd', 'clnVmStonithd', undefined],
    ],
  );
  assert.deepEqual(settings.dependencies[0]?.badWhen, { operation: 'lt', value: '100' });
  assert.equal(settings.dependencies[2]?.badWhen, undefined);
});

test('a plain string is split into the words of a list, an empty one is none', () => {
  const { settings } = settingsOf(
    'vm_pingd1="clnPing  ping"\nvm_diskd10=\'clnDisk\'\nvm_managerd2=()\nvm_stonithd1=""\nvm_start_op="0 60s block"',
  );
  assert.deepEqual(
    settings.dependencies.map(({ clone, attribute }) => [clone, attribute]),
    [
      ['clnPing', 'ping'],
      ['clnDisk', undefined],
    ],
  );
  assert.equal(settings.operations.start.onFail, 'block');
});

test('a name that is not known is a warning, with its line', () => {
  assert.deepEqual(problemsOf('vm_allow_migrate=on\nvm_alow_migrate=on\nvm_pingd11=(a b)'), [
    "/etc/vm-ctl.conf:2: warning: 'vm_alow_migrate' is not known here and is passed over; see whether it is mistyped",
    "/etc/vm-ctl.conf:3: warning: 'vm_pingd11' is not known here and is passed over; number them from 1 to 10",
  ]);
});

test('every value of a wrong form is named at once, with the right form', () => {
  const problems = problemsOf(`vm_allow_migrate=maybe
vm_start_op=(0 120s)
vm_stop_op=(0 90s fence)
vm_pingd1=(a b c)
vm_stonithd1=(clnVmStonithd attribute)
vm_node_loc_act=high
vm_ocf=VirtualDomain
crmadmin_timeout=10s
vm_pingd_odr=0
vm_diskd_loc=(is ERROR)
vm_start_op=(0 120s panic)
vm_hypervisor=
`);
  assert.deepEqual(
    problems.filter((line) => line.includes(': error: ')).map((line) => line.split(':')[1]),
    ['1', '3', '4', '5', '6', '7', '8', '9', '10', '11', '12'],
  );
  assert.ok(
    problems.includes(
      "/etc/vm-ctl.conf:1: error: vm_allow_migrate is 'maybe', which is not of the right form; write vm_allow_migrate=on or off",
    ),
  );
  assert.ok(problems.some((line) => line.includes('write vm_pingd1=(clone attribute) or (clone)')));
  assert.ok(problems.some((line) => line.includes('write vm_stonithd1=(clone)')));
  assert.ok(problems.some((line) => line.includes('write vm_stop_op=(interval timeout)')));
});

test('a clone or an attribute that two entries name is an error: their constraints would have one id', () => {
  const problems = problemsOf('vm_pingd1=(a x)\nvm_diskd1=(a y)\nvm_diskd2=(b x)');
  assert.equal(problems.length, 2);
  assert.match(problems[0] ?? '', /:2: error: vm_diskd1 names the clone 'a', which vm_pingd1 names already/);
  assert.match(problems[1] ?? '', /:3: error: vm_diskd2 names the attribute 'x'/);
});

test('a command in the file is an error and is not run', () => {
  assert.match(problemsOf('vm_ocf=$(touch /tmp/x)').join(), /:1: error: /);
});

test('the sample says what the defaults are: with every # removed, it changes nothing but the dependencies', () => {
  const sample = readFileSync('host/etc/vm-ctl.conf', 'utf8');
  assert.deepEqual(settingsOf(sample).settings, defaultSettings());
  const { settings, warnings } = settingsOf(sample.replace(/^#(?=vm_|crmadmin_)/gm, ''));
  assert.deepEqual(warnings, []);
  const { dependencies, ...rest } = settings;
  const { dependencies: none, ...defaults } = defaultSettings();
  assert.deepEqual(rest, defaults);
  assert.deepEqual(none, []);
  assert.equal(dependencies.length, 4);
  const published = settingsOf(PUBLISHED_CONFIG).settings.dependencies;
  assert.deepEqual(
    dependencies.filter(({ kind }) => kind !== 'managerd'),
    published,
  );
});
