import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { readDomainFile } from '../../../host/libvirt/domain-file.ts';
import { parseDomainXml } from '../../../host/libvirt/domain-xml.ts';

const recorded = (name: string) =>
  readFile(new URL(`../../support/recorded/libvirt/${name}`, import.meta.url), 'utf8');

const channelsOf = async (name: string) => {
  const result = parseDomainXml(await recorded(name));
  assert.ok(result.ok);
  return result.domain.channels;
};

test('a running domain shows each channel with its path and whether the guest has it open', async () => {
  const state = 'disconnected';
  assert.deepEqual(await channelsOf('domain-running.xml'), [
    {
      type: 'unix',
      targetType: 'virtio',
      targetName: 'vmconnectd',
      source: { mode: 'bind', path: '/var/lib/libvirt/qemu/guest1', reconnectSeconds: undefined },
      state,
    },
    {
      type: 'unix',
      targetType: 'virtio',
      targetName: 'org.qemu.guest_agent.0',
      source: {
        mode: 'bind',
        path: '/var/lib/libvirt/qemu/channel/target/domain-1-guest1/org.qemu.guest_agent.0',
        reconnectSeconds: undefined,
      },
      state,
    },
    {
      type: 'unix',
      targetType: 'virtio',
      targetName: 'other',
      source: { mode: 'connect', path: '/run/listen-guest1', reconnectSeconds: 2 },
      state,
    },
    {
      type: 'pty',
      targetType: 'virtio',
      targetName: 'pty.0',
      source: { mode: 'bind', path: '/dev/pts/0', reconnectSeconds: undefined },
      state,
    },
  ]);
});

test('a defined domain has no path yet for a channel that libvirt makes one up for', async () => {
  const channels = await channelsOf('domain-defined.xml');
  assert.deepEqual(
    channels.map((channel) => [channel.targetName, channel.source.mode, channel.state]),
    [
      ['vmconnectd', 'bind', undefined],
      ['org.qemu.guest_agent.0', 'none', undefined],
      ['other', 'connect', undefined],
      ['pty.0', 'none', undefined],
    ],
  );
});

test('name, uuid, id, cpu and disks are read', () => {
  const result = parseDomainXml(`<domain type='kvm' id='7'>
    <name>a b'"&lt;&amp;</name><uuid>6695EB01-F6A4-8304-79AA-97F250200001</uuid>
    <cpu mode='custom'><model fallback='forbid'>EPYC</model></cpu>
    <devices>
      <disk type='file' device='disk'><driver name='qemu' type='qcow2' cache='none'/>
        <source file='/srv/a.img'/><target dev='vda' bus='virtio'/><shareable/></disk>
      <disk type='block' device='cdrom'><source dev='/dev/sr0'/><target dev='sda'/><readonly/></disk>
      <disk type='network'><source protocol='rbd' name='pool/image'/><target dev='vdb'/></disk>
    </devices></domain>`);
  assert.ok(result.ok);
  const { name, uuid, id, type, cpu, disks } = result.domain;
  assert.deepEqual(
    { name, uuid, id, type, cpu },
    {
      name: `a b'"<&`,
      uuid: '6695eb01-f6a4-8304-79aa-97f250200001',
      id: 7,
      type: 'kvm',
      cpu: { mode: 'custom', model: 'EPYC' },
    },
  );
  assert.deepEqual(
    disks.map((disk) => [
      disk.device,
      disk.type,
      disk.source,
      disk.target,
      disk.cache,
      disk.isReadOnly,
      disk.isShareable,
    ]),
    [
      ['disk', 'file', '/srv/a.img', 'vda', 'none', false, true],
      ['cdrom', 'block', '/dev/sr0', 'sda', undefined, true, false],
      ['disk', 'network', 'pool/image', 'vdb', undefined, false, false],
    ],
  );
});

test('a document that is no domain is a fault that says why', () => {
  for (const [text, fault] of [
    ['', /empty/],
    ['<domain><name>x</name>', /unclosed/],
    ['<network><name>x</name></network>', /<network>/],
    ['<domain/>', /<name>/],
    ['<domain><name></name></domain>', /<name>/],
  ] as const) {
    const result = parseDomainXml(text);
    assert.ok(!result.ok);
    assert.match(result.fault, fault);
  }
});

test('no text crashes the reader, and none breaks off into a domain', async () => {
  fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => void parseDomainXml(text)));
  const whole = (await recorded('domain-running.xml')).trimEnd();
  for (let length = 0; length < whole.length; length += 7)
    assert.ok(!parseDomainXml(whole.slice(0, length)).ok);
});

test('a file is read as it is, is missing, or is unreadable: never an empty domain', async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'domain-file-'));
  t.after(() => rm(directory, { recursive: true }));
  const write = async (content: string | Uint8Array) => {
    const path = join(directory, `a b'"<&.xml`);
    await writeFile(path, content);
    return readDomainFile(path);
  };
  const good = await write('<!-- made by hand --><domain><name>é</name></domain>\n');
  assert.ok(good.ok && good.domain.name === 'é');
  const missing = await readDomainFile(join(directory, 'none.xml'));
  assert.ok(!missing.ok && missing.kind === 'missing');
  for (const content of ['', '<domain><na', Uint8Array.of(0x3c, 0xff, 0x3e)]) {
    const bad = await write(content);
    assert.ok(!bad.ok && bad.kind === 'unreadable', JSON.stringify(bad));
  }
  const isDirectory = await readDomainFile(directory);
  assert.ok(!isDirectory.ok && isDirectory.kind === 'unreadable');
});
