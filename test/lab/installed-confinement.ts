/**
 * What a daemon is confined to under systemd, against the table of docs/security.md: each cell is read there, and looked for in what is in
 * force for the process, not in the unit that was meant to bring it about.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { propertyOf } from './installed-units.ts';
import type { Laboratory } from './lab.ts';

/** A cell for each row of the table. */
type Column = ReadonlyMap<string, string>;

export type Side = 'host' | 'guest';

const HEAD = /^\|\s+\| vm-connectd, guest .*$/m;

/** The column that docs/security.md has for the unit. */
function documented(unit: string, side: Side): Column {
  const text = readFileSync(join(import.meta.dirname, '../../docs/security.md'), 'utf8');
  const found = HEAD.exec(text);
  assert.ok(found !== null, 'docs/security.md has the table');
  const lines = text.slice(found.index).split('\n');
  const rows = lines.slice(0, lines.indexOf('')).map((line) => line.split('|').map((cell) => cell.trim()));
  const at = rows[0]?.findIndex((name) => name === unit || name === `${unit}, ${side}`) ?? -1;
  assert.ok(at > 0, `the table has ${unit}`);
  return new Map(rows.map((row) => [row[1] ?? '', row[at] ?? '']));
}

function cellOf(column: Column, row: string): string {
  const [, cell] = [...column].find(([name]) => name.startsWith(row)) ?? [];
  assert.ok(cell !== undefined, `the table has the row ${row}`);
  return cell;
}

const backQuoted = (cell: string): readonly string[] =>
  [...cell.matchAll(/`([^`]+)`/g)].map(([, word = '']) => word);

const CAPABILITY_BITS: Readonly<Record<string, number>> = { CHOWN: 0, DAC_OVERRIDE: 1, FOWNER: 3, KILL: 5 };

function maskOf(cell: string): string {
  const names = cell === 'none' ? [] : cell.split(', ');
  const bits = names.map((name) => {
    const bit = CAPABILITY_BITS[name];
    assert.ok(bit !== undefined, `${name} is a known capability`);
    return 2 ** bit;
  });
  return bits
    .reduce((sum, bit) => sum + bit, 0)
    .toString(16)
    .padStart(16, '0');
}

/** Wherever somebody may want to write; those that are not there are passed over. */
const PLACES = [
  ...[
    '/',
    '/boot',
    '/etc',
    '/etc/pm-kvm-tools',
    '/etc/systemd/system',
    '/home',
    '/root',
    '/opt',
    '/srv',
    '/usr',
    '/usr/sbin',
  ],
  ...[
    '/var',
    '/var/cache',
    '/var/lib',
    '/var/lib/libvirt',
    '/var/lib/libvirt/qemu',
    '/var/lib/pacemaker',
    '/var/log',
  ],
  ...[
    '/var/log/pm-kvm-tools',
    '/var/log/pacemaker',
    '/var/spool',
    '/run',
    '/run/pm-kvm-tools',
    '/run/libvirt',
    '/run/lock',
  ],
  ...[
    '/run/systemd',
    '/run/systemd/system',
    '/tmp',
    '/var/tmp',
    '/dev/shm',
    '/sys/fs/cgroup',
    '/sys/kernel',
    '/proc/sys/kernel',
  ],
];

const isBelow = (place: string, top: string) => place === top || place.startsWith(`${top}/`);

/** With all rights of root, so that nothing but its mounts keeps it from writing. Says what can be written to, and what there is. */
const SEEN_INSIDE = `
pid=$1; shift
home=$(mktemp /root/home.XXXXXX)
cat /proc/$pid/status
sed -n 's/^Max core file size */core: /p' /proc/$pid/limits
[ "$(readlink /proc/$pid/ns/net)" = "$(readlink /proc/1/ns/net)" ] && echo 'network: shared' || echo 'network: own'
nsenter --target $pid --mount sh -c '
  for place; do
    test -d "$place" || continue
    echo "there: $place"
    ! file=$(mktemp "$place/written.XXXXXX" 2>/dev/null) || { rm "$file"; echo "written: $place"; }
  done
  for home in /root/home.*; do test -e "$home" && echo "home: there"; done
  find /dev -type b -o -type c ! -path "/dev/pts/*" | while read -r device; do echo "device: $device"; done
' inside "$@"
rm "$home"
`;

interface Inside {
  readonly status: (name: string) => string | undefined;
  readonly all: (name: string) => readonly string[];
}

async function inside(lab: Laboratory, target: string, unit: string): Promise<Inside> {
  const pid = await propertyOf(lab, target, unit, 'MainPID');
  const text = await lab.output(target, ['/bin/sh', '-c', SEEN_INSIDE, 'inside', pid, ...PLACES]);
  const pairs = text.split('\n').map((line) => /^([^:]+):\s*(.*)$/.exec(line) ?? []);
  const all = (name: string) => pairs.filter((pair) => pair[1] === name).map(([, , value = '']) => value);
  return { status: (name) => all(name)[0], all };
}

/** What no daemon may lack or have, as systemd has understood it. */
const COMMON: Readonly<Record<string, string>> = {
  NoNewPrivileges: 'yes',
  ProtectSystem: 'strict',
  ProtectControlGroups: 'yes',
  ProtectHostname: 'yes',
  ProtectKernelLogs: 'yes',
  ProtectKernelModules: 'yes',
  ProtectKernelTunables: 'yes',
  LockPersonality: 'yes',
  RestrictNamespaces: 'yes',
  RestrictRealtime: 'yes',
  RestrictSUIDSGID: 'yes',
  KeyringMode: 'private',
  LimitCORE: '0',
  SystemCallArchitectures: 'native',
  SystemCallErrorNumber: '1',
  UMask: '0077',
};

/** Of those that @privileged and @resources name, which systemd shows one by one. */
const NO_CALLS = [
  'mount',
  'reboot',
  'init_module',
  'clock_settime',
  'chroot',
  'setuid',
  'swapon',
  'sched_setscheduler',
  'setrlimit',
];
const CHOWN = 'chown';

const FAMILIES: Readonly<Record<string, readonly string[]>> = {
  unix: ['AF_UNIX'],
  internet: ['AF_INET', 'AF_INET6'],
};

async function assertProperties(
  lab: Laboratory,
  target: string,
  unit: string,
  column: Column,
  side: Side,
): Promise<void> {
  const names = [
    ...Object.keys(COMMON),
    'RestrictAddressFamilies',
    'PrivateTmp',
    'DevicePolicy',
    'SystemCallFilter',
  ];
  const shown = await lab.output(target, [
    'systemctl',
    'show',
    ...names.map((name) => `--property=${name}`),
    unit,
  ]);
  const values = new Map(
    shown.split('\n').map((line) => [line.split('=')[0] ?? '', line.slice(line.indexOf('=') + 1)]),
  );
  for (const [name, value] of Object.entries(COMMON))
    assert.equal(values.get(name), value, `${unit}: ${name}`);
  const families = cellOf(column, 'address families').replace(' in a network of its own', '').split(',');
  const wanted = families.flatMap((name) => FAMILIES[name.trim()] ?? []);
  assert.deepEqual(
    values.get('RestrictAddressFamilies')?.split(' ').sort(),
    wanted.sort(),
    `${unit}: address families`,
  );
  assert.equal(values.get('PrivateTmp'), cellOf(column, '`/tmp`') === 'its own' ? 'yes' : 'no', unit);
  assert.equal(values.get('DevicePolicy'), cellOf(column, 'devices') === 'none' ? 'closed' : 'auto', unit);
  const calls = new Set(values.get('SystemCallFilter')?.split(' '));
  assert.ok(calls.has('read'), `${unit}: the calls that are allowed are told`);
  const mayChown = unit === 'vm-connectd' && side === 'host';
  assert.deepEqual(
    [...NO_CALLS, CHOWN].filter((call) => calls.has(call)),
    mayChown ? [CHOWN] : [],
    `${unit}: system calls`,
  );
}

/** All that /dev holds for those who may have no device, besides terminals of their own. */
const NO_DEVICES = new Set(
  ['null', 'zero', 'full', 'random', 'urandom', 'tty', 'ptmx'].map((name) => `/dev/${name}`),
);

export async function assertConfined(
  lab: Laboratory,
  target: string,
  unit: string,
  side: Side,
): Promise<void> {
  const column = documented(unit, side);
  const { status, all } = await inside(lab, target, unit);
  assert.equal(status('NoNewPrivs'), '1', unit);
  assert.equal(status('Seccomp'), '2', unit);
  const capabilities = maskOf(cellOf(column, 'capabilities'));
  const none = maskOf('none');
  assert.deepEqual(
    ['CapBnd', 'CapPrm', 'CapEff', 'CapInh', 'CapAmb'].map(status),
    [capabilities, capabilities, capabilities, none, none],
    `${unit}: capabilities`,
  );
  assert.match(status('core') ?? '', /^0 +0 +bytes/, unit);
  const isAlone = cellOf(column, 'address families').includes('in a network of its own');
  assert.equal(status('network'), isAlone ? 'own' : 'shared', unit);

  const own = cellOf(column, '`/tmp`') === 'its own' ? ['/tmp', '/var/tmp'] : [];
  const tops = [...backQuoted(cellOf(column, 'writes to')), '/dev/shm', ...own];
  const there = all('there');
  for (const place of ['/', '/etc', '/usr', '/var/log', '/run', '/tmp'])
    assert.ok(there.includes(place), place);
  const mayWrite = there.filter((place) => tops.some((top) => isBelow(place, top)));
  assert.deepEqual(all('written'), mayWrite, `${unit}: places to write to`);
  assert.deepEqual(all('home'), cellOf(column, 'homes') === 'not there' ? [] : ['there'], `${unit}: homes`);
  const more = all('device').filter((device) => !NO_DEVICES.has(device));
  if (cellOf(column, 'devices') === 'none') assert.deepEqual(more, [], `${unit}: devices`);

  await assertProperties(lab, target, unit, column, side);
  const verified = await lab.output(target, ['/bin/sh', '-c', `systemd-analyze verify ${unit}.service 2>&1`]);
  assert.equal(verified, '');
  const judged = await lab.output(target, ['systemd-analyze', 'security', '--no-pager', `${unit}.service`]);
  const exposure = Number(/Overall exposure level for [^:]*: ([\d.]+)/.exec(judged)?.[1]);
  const most = Number(cellOf(column, 'exposure'));
  assert.ok(exposure <= most, `${unit} is exposed by ${exposure}, and docs/security.md says ${most}`);
}
