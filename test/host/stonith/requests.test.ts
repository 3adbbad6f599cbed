import assert from 'node:assert/strict';
import { readFileSync, renameSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  finishedIn,
  formatTombstones,
  KEPT_MS,
  parseTombstones,
  type Tombstone,
  withTombstone,
} from '../../../host/stonith/pacemaker/finished-jobs.ts';
import { AuditLog, type AuditRecord } from '../../../host/stonith/service/audit-log.ts';
import { parseFenceRequest } from '../../../host/stonith/service/parse-request.ts';
import { readStonithSettings } from '../../../host/stonith/service/settings.ts';
import { silentLogger } from '../../../shared/log.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

test('a request is an operation and a token', () => {
  assert.deepEqual(parseFenceRequest('off T'), { kind: 'one', operation: 'off', token: 'T' });
  assert.deepEqual(parseFenceRequest('reboot T\n'), { kind: 'one', operation: 'reset', token: 'T' });
  assert.deepEqual(parseFenceRequest('list A B'), { kind: 'list', tokens: ['A', 'B'] });
  for (const text of [
    '',
    'off',
    'off A B',
    'list',
    'OFF T',
    'constructor T',
    'off\0T',
    `list ${'T '.repeat(65)}`,
  ]) {
    assert.equal(parseFenceRequest(text), undefined, text);
  }
});

test('blanks take no time to speak of wherever they stand: a frame of them took seconds', () => {
  const before = process.cpuUsage();
  for (const end of ['', 'x', ' x\n', '\n']) {
    const read = parseFenceRequest(`off${' '.repeat(60_000)}${end}`);
    assert.equal(read?.kind, end.includes('x') ? 'one' : undefined);
  }
  const { user, system } = process.cpuUsage(before);
  assert.ok(user + system < 1_000_000, `${user + system} us`);
});

test('no text makes the reader of requests fail', () => {
  fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => void parseFenceRequest(text)));
});

const stone = (id: string, atWallMs: number, untilWallMs = 60_000): Tombstone => ({
  requester: 'guest 1',
  operation: 'off',
  resource: 'prm/2',
  id,
  state: 'off',
  untilWallMs,
  atWallMs,
});

test('how a job ended is told to who asks for the very same, from any host, for ten minutes', () => {
  const text = formatTombstones([stone('a:1', 5_000), stone('b/2', 6_000)]);
  const asked = { requester: 'guest 1', operation: 'off', resource: 'prm/2', id: 'a:1' } as const;
  assert.deepEqual(finishedIn(['rubbish', text], asked, 7_000), { state: 'off', untilWallMs: 60_000 });
  assert.equal(finishedIn([text], asked, 5_000 + KEPT_MS), undefined);
  for (const other of [{ requester: 'guest2' }, { resource: 'prm3' }, { operation: 'on' }] as const) {
    assert.equal(finishedIn([text], { ...asked, ...other }, 7_000), undefined);
  }
});

test('however many are fenced at once, each is told until its deadline; of those that are over the newest are kept, for a while', () => {
  const uuid = (n: number) => `2c1f6a52-5d0e-4f4b-9a3c-${String(n).padStart(12, '0')}`;
  let stones: readonly Tombstone[] = [];
  for (let n = 0; n < 100; n++) stones = withTombstone(stones, stone(uuid(n), n), n);
  assert.equal(stones.length, 100);
  const later = withTombstone(stones, stone('new', 70_001, 130_000), 70_001);
  assert.deepEqual([later.length, later.at(-1)?.id], [17, 'new']);
  const last = withTombstone(later, stone('last', KEPT_MS + 80_000, KEPT_MS + 90_000), KEPT_MS + 80_000);
  assert.deepEqual(
    last.map(({ id }) => id),
    ['last'],
  );
});

test('what all hosts have to know of ended jobs stays small: beyond that those go first whose deadline comes first', () => {
  let stones: readonly Tombstone[] = [stone('long', 0, 600_000), stone('over', 0, -20_000)];
  for (let n = 0; n < 1_000; n++) stones = withTombstone(stones, stone(`request-${n}`, n, 60_000 + n), n);
  assert.ok(formatTombstones(stones).length <= 16 * 1024 && stones.length > 100);
  const ids = new Set(stones.map(({ id }) => id));
  assert.deepEqual(
    ['over', 'request-0', 'long', 'request-999'].map((id) => ids.has(id)),
    [false, false, true, true],
  );
  const huge = stone('x'.repeat(20_000), 1_000);
  assert.deepEqual(withTombstone(stones, huge, 1_000), [huge]);
});

test('what is no tombstone is passed over', () => {
  assert.ok(
    parseTombstones('1/confirmed/off/%/off/r/x 1/granted/off/g/off/r/x 1/confirmed/off/g/x /// ').length ===
      0,
  );
});

const record: AuditRecord = {
  time: 't',
  requester: 'guest1',
  target: null,
  operation: 'off',
  result: 'denied',
  state: 'unknown',
  reason: 'a\nb',
  durationMs: 0,
  id: '1',
};

test('audit records are one line each, for root only, and follow the file when it is rotated', async (t) => {
  const path = join(temporaryDirectory(t), 'audit.log');
  const audit = new AuditLog(path, silentLogger, () => 0);
  audit.add(record);
  await audit.flush();
  assert.equal(statSync(path).mode & 0o777, 0o600);
  renameSync(path, `${path}.1`);
  audit.add(record);
  audit.add(record);
  await audit.flush();
  assert.equal(readFileSync(`${path}.1`, 'utf8').split('\n').length, 2);
  assert.equal(readFileSync(path, 'utf8').split('\n').length, 3);
});

test('no words make an audit record steer a terminal, part its line or turn the order of reading, and it says what they were', async (t) => {
  const path = join(temporaryDirectory(t), 'audit.log');
  const audit = new AuditLog(path, silentLogger, () => 0);
  const all = Array.from({ length: 0x2100 }, (_, code) => String.fromCharCode(code)).join('');
  const words = `${all}\ufeff\u{e0001}\ud800`;
  const hostile = { ...record, requester: words, target: words, reason: words, id: words };
  audit.add(hostile);
  await audit.flush();
  const text = readFileSync(path, 'utf8');
  assert.match(text, /^[^\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]+\n$/u);
  assert.deepEqual(JSON.parse(text), hostile);
});

test('a disk that is full loses records, counts them, and goes on', async () => {
  const audit = new AuditLog('/dev/full', silentLogger, () => 0);
  audit.add(record);
  await audit.flush();
  audit.add(record);
  await audit.flush();
  assert.equal(audit.lost, 2);
});

test('the backend is pacemaker where a cluster is configured, libvirt where none is, and what was said otherwise', () => {
  const warnings: string[] = [];
  const settings = (backend: string | undefined, hasCluster: boolean) =>
    readStonithSettings({
      file: '/nonexistent',
      isNamed: false,
      flags: { backend },
      onWarning: (message) => warnings.push(message),
      isClusterConfigured: () => hasCluster,
    }).backend;
  assert.equal(settings(undefined, true), 'pacemaker');
  assert.equal(settings(undefined, false), 'libvirt');
  assert.equal(warnings.length, 0);
  assert.equal(settings('libvirt', true), 'libvirt');
  assert.match(warnings.join(), /will be restarted by it/);
  assert.throws(() => settings('xen', true), /choose pacemaker or libvirt/);
});

test('the back end libvirt takes no other libvirt than the system one of this host', () => {
  const libvirtOf = (libvirt: string | undefined, backend = 'libvirt') =>
    readStonithSettings({
      file: '/nonexistent',
      isNamed: false,
      flags: { backend, libvirt },
      onWarning: assert.fail,
      isClusterConfigured: () => false,
    }).libvirt;
  assert.equal(libvirtOf(undefined), 'qemu:///system');
  for (const own of ['qemu:///system', 'qemu+unix:///system', 'qemu:///system?mode=direct'])
    assert.equal(libvirtOf(own), own);
  for (const other of [
    'qemu+ssh://hv2/system',
    'qemu+tcp://localhost/system',
    'qemu://hv2/system',
    'qemu:///session',
    'qemu+ssh:///system',
    'qemu+unix:///system?socket=/run/hv2.sock',
    'qemu:///system?mode=direct&socket=/run/hv2.sock',
    'qemu:///embed?root=/tmp/qemu',
    'test:///default',
    '',
  ]) {
    assert.throws(
      () => libvirtOf(other),
      /is not the system libvirt of this host.*\bqemu:\/\/\/system\b/s,
      other,
    );
    assert.equal(libvirtOf(other, 'pacemaker'), other);
  }
});
