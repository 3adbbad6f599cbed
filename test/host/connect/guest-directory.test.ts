import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { GuestDirectory, type ListedDomain } from '../../../host/connect/discovery/guest-directory.ts';
import { type GuestDomain, guestDomain } from '../../../host/connect/discovery/guest-domain.ts';
import { parseDomainXml } from '../../../host/libvirt/domain-xml.ts';

const UUID = (number: number) => `00000000-0000-4000-8000-00000000000${number}`;

function domain(name: string, path?: string, mode: 'bind' | 'connect' = 'bind'): GuestDomain {
  const port = path === undefined ? ({ kind: 'made-up' } as const) : socket(path, mode);
  return { name, uuid: UUID(Number(name.at(-1))), owner: undefined, port };
}

const socket = (path: string, mode: 'bind' | 'connect') =>
  ({ kind: 'socket', mode, path, isLasting: mode === 'bind' }) as const;

const listed = (name: string, id?: number) => ({ name, uuid: UUID(Number(name.at(-1))), id });
const dumps = (...domains: GuestDomain[]) => new Map(domains.map((one) => [one.uuid ?? '', one]));

/** libvirt was asked just now, unless a story says when. */
function list(
  directory: GuestDirectory,
  domains: readonly ListedDomain[],
  dumped: ReadonlyMap<string, GuestDomain>,
  askedMs = 1,
): void {
  directory.setDomains(domains, dumped, askedMs);
}

function pathsOf(directory: GuestDirectory): Record<string, string> {
  return Object.fromEntries([...directory.wanted().links].map(([name, { target }]) => [name, target.path]));
}

describe('who wins', () => {
  test('the running XML over the file, the file over the definition, the configuration over all', () => {
    const directory = new GuestDirectory();
    list(directory, [listed('guest1')], dumps(domain('guest1', '/defined')));
    assert.deepEqual(pathsOf(directory), { guest1: '/defined' });
    directory.setResources([{ id: 'r', config: '/etc/guest1.xml' }]);
    directory.setFile('/etc/guest1.xml', domain('guest1', '/file'));
    assert.deepEqual(pathsOf(directory), { guest1: '/file' });
    list(directory, [listed('guest1', 4)], dumps(domain('guest1', '/running')));
    assert.deepEqual(pathsOf(directory), { guest1: '/running' });
    directory.setConfigured([domain('guest1', '/configured')]);
    assert.deepEqual(pathsOf(directory), { guest1: '/configured' });
  });

  test('a path that libvirt makes up is known only while the domain runs', () => {
    const directory = new GuestDirectory();
    directory.setResources([{ id: 'r', config: '/etc/guest1.xml' }]);
    directory.setFile('/etc/guest1.xml', domain('guest1'));
    assert.match(directory.wanted().idle.get('guest1') ?? '', /does not run here/);
    list(directory, [listed('guest1', 7)], dumps(domain('guest1', '/channel/7')));
    assert.deepEqual(pathsOf(directory), { guest1: '/channel/7' });
    list(directory, [listed('guest1', 8)], dumps(domain('guest1', '/channel/8')));
    assert.deepEqual(pathsOf(directory), { guest1: '/channel/8' });
    list(directory, [], new Map());
    assert.deepEqual(pathsOf(directory), {});
  });
});

describe('what is not known', () => {
  test('is not taken for gone: what a source said last stays until it says otherwise', () => {
    const directory = new GuestDirectory();
    directory.setResources([{ id: 'r', config: '/etc/guest1.xml' }]);
    directory.setFile('/etc/guest1.xml', domain('guest1', '/one'));
    list(directory, [listed('guest2', 1)], dumps(domain('guest2', '/two')));
    directory.setFileFault('/etc/guest1.xml', 'EIO');
    list(directory, [listed('guest2', 1)], new Map());
    assert.deepEqual(pathsOf(directory), { guest1: '/one', guest2: '/two' });
    assert.deepEqual(directory.wanted().problems, ['resource r: cannot read /etc/guest1.xml: EIO']);
    directory.setResources([]);
    list(directory, [], new Map());
    assert.deepEqual(pathsOf(directory), {});
    assert.deepEqual(directory.wanted().problems, []);
  });
});

describe('two guests that name one socket', () => {
  test('leave it to the one that runs, whichever that is', () => {
    const directory = new GuestDirectory();
    const both = dumps(domain('guest1', '/s'), domain('guest2', '/s'));
    list(directory, [listed('guest1', 1), listed('guest2')], both);
    assert.deepEqual(pathsOf(directory), { guest1: '/s' });
    assert.match(
      directory.wanted().refused.get('guest2') ?? '',
      /guest1 and guest2 have the same socket \/s/,
    );
    list(directory, [listed('guest1'), listed('guest2', 2)], both);
    assert.deepEqual(pathsOf(directory), { guest2: '/s' });
    list(directory, [listed('guest1'), listed('guest2')], both);
    assert.deepEqual(pathsOf(directory), {});
  });

  test('are none of them linked after the one that ran has ended, until libvirt was asked anew', () => {
    const directory = new GuestDirectory();
    const both = dumps(domain('guest1', '/s'), domain('guest2', '/s'));
    list(directory, [listed('guest1', 1), listed('guest2')], both, 10);
    directory.doubt('guest1', 20);
    assert.deepEqual(pathsOf(directory), {});
    list(directory, [listed('guest1', 1), listed('guest2')], both, 15);
    assert.deepEqual(pathsOf(directory), {}, 'that list is older than its end');
    list(directory, [listed('guest1', 1), listed('guest2')], both, 25);
    assert.deepEqual(pathsOf(directory), { guest1: '/s' });
  });

  test('are not linked by what a section says when the one that runs is behind another socket', () => {
    const directory = new GuestDirectory();
    directory.setConfigured([domain('guest1', '/s'), domain('guest2', '/s')]);
    list(directory, [listed('guest1', 1)], dumps(domain('guest1', '/other')));
    assert.deepEqual(pathsOf(directory), {});
  });

  test('get no link, neither of them, when both run', () => {
    const directory = new GuestDirectory();
    list(
      directory,
      [listed('guest1', 1), listed('guest2', 2), listed('guest3', 3)],
      dumps(domain('guest1', '/s'), domain('guest2', '/s', 'connect'), domain('guest3', '/t')),
    );
    assert.deepEqual(pathsOf(directory), { guest3: '/t' });
    for (const guest of ['guest1', 'guest2']) {
      assert.match(directory.wanted().refused.get(guest) ?? '', /guest1 and guest2 have the same socket \/s/);
    }
  });

  test('are found out behind symbolic links, too', () => {
    const directory = new GuestDirectory();
    directory.setConfigured([domain('guest1', '/var/run/s'), domain('guest2', '/run/s')]);
    const real = (path: string) => (path === '/var/run' ? '/run' : path);
    assert.equal(directory.wanted(real).links.size, 0);
  });

  test('are linked again when one of them has been mended', () => {
    const directory = new GuestDirectory();
    directory.setConfigured([domain('guest1', '/s'), domain('guest2', '/s')]);
    assert.deepEqual(pathsOf(directory), {});
    directory.setConfigured([domain('guest1', '/s'), domain('guest2', '/t')]);
    assert.deepEqual(pathsOf(directory), { guest1: '/s', guest2: '/t' });
    assert.equal(directory.wanted().refused.size, 0);
  });
});

test('two files that describe one guest differently are refused; alike, they are one', () => {
  const directory = new GuestDirectory();
  directory.setResources([
    { id: 'r1', config: '/a.xml' },
    { id: 'r2', config: '/b.xml' },
  ]);
  directory.setFile('/a.xml', domain('guest1', '/s'));
  directory.setFile('/b.xml', domain('guest1', '/t'));
  assert.match(directory.wanted().refused.get('guest1') ?? '', /\/a\.xml and \/b\.xml say different things/);
  directory.setFile('/b.xml', domain('guest1', '/s'));
  assert.deepEqual(pathsOf(directory), { guest1: '/s' });
});

test('a resource without a file, and a file without a channel, are said; domains of others are not', () => {
  const directory = new GuestDirectory();
  directory.setResources([
    { id: 'r1', config: undefined },
    { id: 'r2', config: '/b.xml' },
  ]);
  directory.setFile('/b.xml', { ...domain('guest2'), port: { kind: 'none' } });
  list(directory, [listed('guest3', 1)], dumps({ ...domain('guest3'), port: { kind: 'none' } }));
  const { problems, refused, idle, links } = directory.wanted();
  assert.deepEqual(problems, ['resource r1 has no parameter config']);
  assert.match(refused.get('guest2') ?? '', /\/b\.xml has no channel called vmconnectd/);
  assert.equal(refused.has('guest3') || idle.has('guest3') || links.has('guest3'), false);
});

test('a guest that got its channel while it runs waits for its next start', () => {
  const directory = new GuestDirectory();
  directory.setResources([{ id: 'r', config: '/a.xml' }]);
  directory.setFile('/a.xml', domain('guest1', '/s'));
  list(directory, [listed('guest1', 1)], dumps({ ...domain('guest1'), port: { kind: 'none' } }));
  assert.match(directory.wanted().idle.get('guest1') ?? '', /when it is started the next time/);
});

describe('the port in the XML', () => {
  const read = (devices: string, rest = '') => {
    const text = `<domain type='kvm'><name>guest1</name><devices>${devices}</devices>${rest}</domain>`;
    const parsed = parseDomainXml(text);
    assert.ok(parsed.ok);
    return guestDomain(parsed.domain);
  };
  const channel = (source: string, name = 'vmconnectd', type = 'unix') =>
    `<channel type='${type}'>${source}<target type='virtio' name='${name}'/></channel>`;

  test('is the channel called vmconnectd, of each kind', () => {
    assert.deepEqual(read(channel("<source mode='bind' path='/x/../s'/>")).port, socket('/s', 'bind'));
    assert.deepEqual(read(channel("<source mode='connect' path='/s'/>")).port, socket('/s', 'connect'));
    const lasting = "<source mode='connect' path='/s'><reconnect enabled='yes' timeout='1'/></source>";
    assert.deepEqual(read(channel(lasting)).port, { ...socket('/s', 'connect'), isLasting: true });
    assert.deepEqual(read(channel('')).port, { kind: 'made-up' });
    assert.deepEqual(read(channel("<source mode='bind' path='/s'/>", 'other')).port, { kind: 'none' });
  });

  test('may be a serial port with the alias ua-vmconnectd where there is no channel', () => {
    const serial =
      "<serial type='unix'><source mode='bind' path='/s'/><alias name='ua-vmconnectd'/></serial>";
    assert.deepEqual(read(serial).port, socket('/s', 'bind'));
    assert.deepEqual(read(serial + channel("<source mode='bind' path='/c'/>")).port, socket('/c', 'bind'));
    assert.deepEqual(read(serial.replace('ua-vmconnectd', 'serial0')).port, { kind: 'none' });
  });

  test('is invalid when there are two, or none that leads to a socket', () => {
    const one = channel("<source mode='bind' path='/s'/>");
    assert.equal(read(one + one).port.kind, 'invalid');
    assert.equal(read(channel('', 'vmconnectd', 'pty')).port.kind, 'invalid');
    assert.equal(read(channel("<source mode='bind' path='s'/>")).port.kind, 'invalid');
  });

  test('belongs to the user that libvirt runs QEMU as', () => {
    const label = "<seclabel type='dynamic' model='dac' relabel='yes'><label>+64055:+108</label></seclabel>";
    assert.deepEqual(read('', label).owner, { uid: 64_055, gid: 108 });
    assert.equal(read('', "<seclabel type='none' model='dac'/>").owner, undefined);
    assert.equal(read('').owner, undefined);
  });
});
