import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import fc from 'fast-check';
import { defineDomain, destroyDomain, startDomain } from '../../../host/libvirt/domain-control.ts';
import { findDomain, listDomains, parseDomainList } from '../../../host/libvirt/domain-list.ts';
import { domainWord } from '../../../host/libvirt/domain-selector.ts';
import { parseDomainXml } from '../../../host/libvirt/domain-xml.ts';
import { dumpDefinition, dumpDomains } from '../../../host/libvirt/dump-xml.ts';
import { type Virsh, virshFailure } from '../../../host/libvirt/virsh.ts';
import { printXml } from '../../../host/xml/print-xml.ts';
import { xmlElement } from '../../../host/xml/xml-element.ts';
import { runCommand } from '../../../shared/process/run-command.ts';

/** Names that libvirt itself accepts; the third is the id of the second, the fourth the UUID of the first. */
const NAMES = [
  `a b'"<&>é;$(id)\``,
  '-x',
  '2',
  '00000000-0000-4000-8000-000000000000',
  '--all',
  ` blank `,
  `x\\'; destroy 1; echo '`,
  'ゲスト',
];
const uuidOf = (index: number) => `00000000-0000-4000-8000-${String(index).padStart(12, '0')}`;

let directory = '';
let virsh: Virsh;

const domainXml = (name: string, uuid: string) =>
  xmlElement('domain', { type: 'test' }, [
    xmlElement('name', {}, [], name),
    xmlElement('uuid', {}, [], uuid),
    xmlElement('memory', {}, [], '8192'),
    xmlElement('os', {}, [xmlElement('type', {}, [], 'hvm')]),
  ]);

before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'virsh-'));
  const domains = NAMES.map((name, index) => domainXml(name, uuidOf(index)));
  await writeFile(join(directory, 'node.xml'), printXml(xmlElement('node', {}, domains)));
  virsh = { run: runCommand, uri: `test://${directory}/node.xml`, deadlineMs: 10_000 };
});
after(() => rm(directory, { recursive: true }));

const nowhere = (): Virsh => ({ ...virsh, uri: 'qemu+unix:///system?socket=/nonexistent' });

test('every domain is listed by its own name, whatever the name is', async () => {
  const list = await listDomains(virsh);
  assert.ok(list.ok, JSON.stringify(list));
  assert.deepEqual(
    list.domains.map(({ name, uuid, state }) => [name, uuid, state.name]),
    NAMES.map((name, index) => [name, uuidOf(index), 'running']),
  );
});

test('a name means the domain of that name, also where it looks like an id or a UUID', async () => {
  for (const [index, name] of NAMES.entries()) {
    const found = await findDomain(virsh, name);
    assert.ok(found.ok && found.domain.uuid === uuidOf(index), name);
    const dumped = await dumpDefinition(virsh, { name });
    assert.ok(dumped.ok, JSON.stringify(dumped));
    const parsed = parseDomainXml(dumped.stdout);
    assert.ok(parsed.ok, JSON.stringify(parsed));
    assert.deepEqual([parsed.domain.name, parsed.domain.uuid], [name, uuidOf(index)]);
  }
  assert.deepEqual(await domainWord(virsh, { name: '2' }), { ok: true, word: uuidOf(2) });
  const nameless = await domainWord(virsh, { name: '1' });
  assert.ok(!nameless.ok && nameless.kind === 'no-such-domain');
});

test('many domains are dumped at once, and one that is gone does not hide the others', async () => {
  const gone = uuidOf(99);
  const all = await dumpDomains(virsh, [
    uuidOf(0),
    gone,
    ...NAMES.map((_, index) => uuidOf(index)),
    'no; uuid',
  ]);
  for (const [index, name] of NAMES.entries()) {
    const result = all.get(uuidOf(index));
    assert.ok(result?.ok && result.domain.name === name, JSON.stringify(result));
  }
  const missing = all.get(gone);
  assert.ok(missing !== undefined && !missing.ok && missing.kind === 'no-such-domain');
  const refused = all.get('no; uuid');
  assert.ok(refused !== undefined && !refused.ok && refused.kind === 'refused');
});

test('destroy, start and define say what was so', async () => {
  for (const name of NAMES) {
    assert.deepEqual(await destroyDomain(virsh, { name }), { ok: true, outcome: 'destroyed' }, name);
    assert.deepEqual(await startDomain(virsh, { name }), { ok: true, outcome: 'already-running' }, name);
  }
  const unknown = await destroyDomain(virsh, { uuid: uuidOf(99) });
  assert.ok(!unknown.ok && unknown.kind === 'no-such-domain');
  const notUuid = await destroyDomain(virsh, { uuid: '1' });
  assert.ok(!notUuid.ok && notUuid.kind === 'refused');

  const path = join(directory, `-new 'x'.xml`);
  await writeFile(path, printXml(domainXml('new', uuidOf(50))));
  assert.deepEqual(await defineDomain(virsh, path), { ok: true });
  await writeFile(path, '<domain');
  const broken = await defineDomain(virsh, path);
  assert.ok(!broken.ok && broken.kind === 'refused');
});

test('a libvirt that is away is unavailable, not a list of nothing', async () => {
  const list = await listDomains(nowhere());
  assert.ok(!list.ok && list.kind === 'unavailable');
  assert.match(list.fault, /failed to connect/);
  const dumped = (await dumpDomains(nowhere(), [uuidOf(0)])).get(uuidOf(0));
  assert.ok(dumped !== undefined && !dumped.ok && dumped.kind === 'unavailable');
  for (const result of [
    await dumpDefinition(nowhere(), { name: 'x' }),
    await destroyDomain(nowhere(), { name: 'x' }),
    await startDomain(nowhere(), { name: '2' }),
  ]) {
    assert.ok(!result.ok && result.kind === 'unavailable', JSON.stringify(result));
  }
});

test('a connection that breaks has not answered, whichever way it breaks', () => {
  for (const words of [
    'Disconnected from qemu:///system due to end of file',
    'End of file while reading data: Input/output error',
    'internal error: connection closed due to keepalive timeout',
  ]) {
    const stderr = `error: Failed to start domain 'x'\nerror: ${words}\n`;
    const result = { kind: 'exited' as const, exitCode: 1, stdout: '', stderr, elapsedMs: 1 };
    assert.equal(virshFailure(['virsh'], result).kind, 'unavailable', words);
  }
});

test('a virsh that does not end in time is a deadline', async () => {
  const list = await listDomains({ ...virsh, deadlineMs: 0 });
  assert.ok(!list.ok && list.kind === 'deadline');
});

test('states and their reasons are read from numbers, stopped domains have no id', () => {
  const result = parseDomainList(
    `${uuidOf(1)} 3 a\n${uuidOf(2)} - b\n${uuidOf(3)} 4 c\n\nDomain: 'a'\n  state.state=3\n  state.reason=5\n\n` +
      `Domain: 'b'\n  state.state=5\n  state.reason=4\n\n`,
  );
  assert.ok(result.ok);
  assert.deepEqual(result.domains, [
    { name: 'a', uuid: uuidOf(1), id: 3, state: { name: 'paused', reason: 'I/O error' } },
    { name: 'b', uuid: uuidOf(2), id: undefined, state: { name: 'shut-off', reason: 'migrated' } },
    { name: 'c', uuid: uuidOf(3), id: 4, state: { name: 'no-state', reason: 'unknown' } },
  ]);
});

test('a line that virsh does not print makes the whole list unreadable', () => {
  for (const text of [
    'rubbish',
    `${uuidOf(1)} x a`,
    '  state.state=1',
    `${uuidOf(1)} 3 a\n\nDomain: 'a'\n  other=1`,
  ]) {
    const result = parseDomainList(text);
    assert.ok(!result.ok && result.kind === 'unreadable', text);
  }
  fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => void parseDomainList(text)));
});
