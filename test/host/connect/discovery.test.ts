/** Discovery with Pacemaker's own cibadmin on a file, libvirt's own test driver, and a scripted virsh where things change. */
import assert from 'node:assert/strict';
import {
  appendFileSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Discovery } from '../../../host/connect/discovery/discovery.ts';
import type { Wanted } from '../../../host/connect/discovery/guest-directory.ts';
import { systemClock } from '../../../shared/clock.ts';
import { silentLogger } from '../../../shared/log.ts';
import { runCommand } from '../../../shared/process/run-command.ts';
import { eventually } from '../../support/eventually.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

const FIXTURES = join(import.meta.dirname, 'fixtures');
const UUID = (number: number) => `00000000-0000-4000-8000-00000000000${number}`;

interface Setting {
  readonly libvirt?: string;
  readonly sweepMs?: number;
  readonly deadlineMs?: number;
}

function startDiscovery(t: TestContext, { libvirt, sweepMs = 60_000, deadlineMs = 5_000 }: Setting = {}) {
  const directory = temporaryDirectory(t);
  const cibPath = join(directory, 'cib.xml');
  const virtual = join(directory, 'xml');
  mkdirSync(virtual);
  writeCib(cibPath, []);
  const seen: string[] = [];
  let wanted: Wanted | undefined;
  const discovery = new Discovery({
    pacemaker: { run: runCommand, deadlineMs, cibFile: cibPath },
    cibPath,
    virsh: { run: runCommand, uri: libvirt ?? 'test:///default', deadlineMs },
    clock: systemClock,
    random: () => 0,
    log: silentLogger,
    settings: { guests: [], socketDirectories: [join(directory, 'sockets')], sweepMs },
    onNodeName: (node) => seen.push(`node ${node}`),
    onWanted: (next) => {
      wanted = next;
    },
    onSocketChanged: (path) => seen.push(path),
    onGuestStarted: (name) => seen.push(`started ${name}`),
    onSweep: () => seen.push('sweep'),
  });
  t.after(() => discovery.close());
  const paths = () =>
    Object.fromEntries([...(wanted?.links ?? [])].map(([name, { target }]) => [name, target.path]));
  return {
    discovery,
    directory,
    cibPath,
    seen,
    current: () => wanted,
    fileOf: (guest: string) => join(virtual, `${guest}.xml`),
    writeGuest: (guest: string, source: string) =>
      writeFileSync(join(virtual, `${guest}.xml`), domainXml(guest, source)),
    finds: (expected: Record<string, string>) =>
      eventually(`links to ${JSON.stringify(expected)}`, () => {
        const actual = paths();
        return Object.keys(actual).length === Object.keys(expected).length &&
          Object.entries(expected).every(([name, path]) => actual[name] === path)
          ? true
          : undefined;
      }),
    paths,
  };
}

const bindTo = (path: string) => `<source mode='bind' path='${path}'/>`;

const domainXml = (
  name: string,
  source: string,
  attributes = '',
) => `<domain type='test'${attributes}><name>${name}</name>
<memory>1024</memory><os><type>hvm</type></os><uuid>${UUID(Number(name.at(-1)))}</uuid><devices>
<channel type='unix'>${source}<target type='virtio' name='vmconnectd'/></channel></devices></domain>`;

/** As Pacemaker writes it: a new file takes the place of the old one. */
function writeCib(path: string, guests: readonly { name: string; config: string }[]): void {
  const resources = guests.map(
    ({ name, config }) => `<primitive id="prmVMCTL_${name}" class="ocf" provider="extra" type="VirtualDomain">
<instance_attributes id="${name}-p"><nvpair id="${name}-c" name="config" value="${config}"/></instance_attributes></primitive>`,
  );
  writeFileSync(
    `${path}.new`,
    `<cib validate-with="pacemaker-3.0" epoch="1" num_updates="0" admin_epoch="0"><configuration><crm_config/><nodes/>
<resources>${resources.join('')}</resources><constraints/></configuration><status/></cib>`,
  );
  renameSync(`${path}.new`, path);
}

describe('guests of the cluster', () => {
  test('are found by their files, and followed as they are added, changed and removed', async (t) => {
    const world = startDiscovery(t);
    const guests = ['guest1', 'guest2'].map((name) => ({ name, config: world.fileOf(name) }));
    world.writeGuest('guest1', bindTo('/s/guest1'));
    world.writeGuest('guest2', bindTo('/s/guest2'));
    writeCib(world.cibPath, guests.slice(0, 1));
    world.discovery.start();
    await world.finds({ guest1: '/s/guest1' });
    writeCib(world.cibPath, guests);
    await world.finds({ guest1: '/s/guest1', guest2: '/s/guest2' });
    world.writeGuest('guest2', bindTo('/s/other'));
    await world.finds({ guest1: '/s/guest1', guest2: '/s/other' });
    writeCib(world.cibPath, guests.slice(1));
    await world.finds({ guest2: '/s/other' });
  });

  test('stay when the CIB or a file can no longer be read', async (t) => {
    const world = startDiscovery(t, { sweepMs: 200 });
    world.writeGuest('guest1', bindTo('/s/guest1'));
    writeCib(world.cibPath, [{ name: 'guest1', config: world.fileOf('guest1') }]);
    world.discovery.start();
    await world.finds({ guest1: '/s/guest1' });
    writeFileSync(world.fileOf('guest1'), '<domain><na');
    await eventually('the problem is said', () => world.current()?.problems.length === 1);
    rmSync(world.fileOf('guest1'));
    writeFileSync(world.cibPath, '<cib');
    await eventually('the source is away', () => world.discovery.sources.pacemaker.state === 'away');
    assert.deepEqual(world.paths(), { guest1: '/s/guest1' });
    writeCib(world.cibPath, []);
    await world.finds({});
    assert.equal(world.discovery.sources.pacemaker.state, 'followed');
  });

  test('whose cluster is started late are found then', async (t) => {
    const world = startDiscovery(t);
    world.writeGuest('guest1', bindTo('/s/guest1'));
    rmSync(world.cibPath);
    world.discovery.start();
    await eventually('the source is away', () => world.discovery.sources.pacemaker.state === 'away');
    writeCib(world.cibPath, [{ name: 'guest1', config: world.fileOf('guest1') }]);
    await world.finds({ guest1: '/s/guest1' });
  });
});

describe('guests of libvirt', () => {
  test('are found with the test driver of the real one, whatever Pacemaker does', async (t) => {
    const directory = temporaryDirectory(t);
    const file = join(directory, 'node.xml');
    const domains = [
      domainXml('guest1', bindTo('/s/guest1')),
      domainXml('guest2', "<source mode='connect' path='/s/2'/>"),
    ];
    writeFileSync(file, `<node>${domains.join('')}</node>`);
    const world = startDiscovery(t, { libvirt: `test://${file}` });
    rmSync(world.cibPath);
    world.discovery.start();
    await world.finds({ guest1: '/s/guest1', guest2: '/s/2' });
    assert.equal(world.current()?.links.get('guest2')?.target.mode, 'connect');
    assert.equal(world.discovery.sources.pacemaker.state, 'away');
    assert.equal(world.discovery.sources.libvirt.state, 'followed');
  });

  test('that cannot be asked cost the others nothing', async (t) => {
    const world = startDiscovery(t, { libvirt: 'nonsense:///system' });
    world.writeGuest('guest1', bindTo('/s/guest1'));
    writeCib(world.cibPath, [{ name: 'guest1', config: world.fileOf('guest1') }]);
    world.discovery.start();
    await world.finds({ guest1: '/s/guest1' });
    await eventually('the source is away', () => world.discovery.sources.libvirt.state === 'away');
    assert.notEqual(world.discovery.sources.libvirt.fault, undefined);
  });

  test('are followed by event: started, stopped, defined anew; a path that is made up is read at every start', async (t) => {
    const libvirt = scriptedLibvirt(t);
    libvirt.set('guest1', { id: undefined, source: '' });
    const world = startDiscovery(t);
    world.discovery.start();
    await eventually('it is known', () => world.current()?.idle.has('guest1'));
    for (const id of [3, 4]) {
      libvirt.set('guest1', { id, source: bindTo(`/channel/domain-${id}`) });
      libvirt.event('guest1', 'Started Booted');
      await world.finds({ guest1: `/channel/domain-${id}` });
      libvirt.set('guest1', { id: undefined, source: '' });
      libvirt.event('guest1', 'Stopped Destroyed');
      await world.finds({});
    }
    assert.deepEqual(world.seen.filter((what) => what === 'started guest1').length, 2);
    libvirt.set('guest1', { id: undefined, source: bindTo('/fixed') });
    libvirt.event('guest1', 'Defined Updated');
    await world.finds({ guest1: '/fixed' });
  });

  test('stay while libvirtd is away, and what changed meanwhile is seen when it is back', async (t) => {
    const libvirt = scriptedLibvirt(t);
    libvirt.set('guest1', { id: 1, source: bindTo('/s/1') });
    const world = startDiscovery(t);
    world.discovery.start();
    await world.finds({ guest1: '/s/1' });
    libvirt.goDown();
    await eventually('the source is away', () => world.discovery.sources.libvirt.state === 'away');
    assert.deepEqual(world.paths(), { guest1: '/s/1' });
    libvirt.set('guest2', { id: 2, source: bindTo('/s/2') });
    libvirt.set('guest1', { id: 1, source: bindTo('/s/changed') });
    libvirt.comeBack();
    await world.finds({ guest1: '/s/changed', guest2: '/s/2' });
    assert.equal(world.discovery.sources.libvirt.state, 'followed');
    libvirt.set('guest3', { id: 3, source: bindTo('/s/3') });
    libvirt.event('guest3', 'Started Booted');
    await world.finds({ guest1: '/s/changed', guest2: '/s/2', guest3: '/s/3' });
  });

  test('stay while libvirtd is stuck, which a deadline finds out', async (t) => {
    const libvirt = scriptedLibvirt(t);
    libvirt.set('guest1', { id: 1, source: bindTo('/s/1') });
    const world = startDiscovery(t, { sweepMs: 100, deadlineMs: 300 });
    world.discovery.start();
    await world.finds({ guest1: '/s/1' });
    libvirt.stick();
    await eventually('the source is away', () => world.discovery.sources.libvirt.state === 'away');
    assert.match(world.discovery.sources.libvirt.fault ?? '', /did not end within 300 ms/);
    assert.deepEqual(world.paths(), { guest1: '/s/1' });
    libvirt.release();
    await eventually('the source is back', () => world.discovery.sources.libvirt.state === 'followed');
  });

  test('are looked at before a file is believed: it may name the socket of another guest that runs', async (t) => {
    const libvirt = scriptedLibvirt(t);
    libvirt.set('guest1', { id: 1, source: bindTo('/s/taken') });
    libvirt.stick();
    const world = startDiscovery(t);
    world.writeGuest('guest2', bindTo('/s/taken'));
    writeCib(world.cibPath, [{ name: 'guest2', config: world.fileOf('guest2') }]);
    world.discovery.start();
    await eventually('the CIB is read', () => world.discovery.sources.pacemaker.state === 'followed');
    await sleep(200);
    assert.equal(world.current(), undefined);
    libvirt.release();
    await eventually('the other is refused', () => world.current()?.refused.has('guest2'));
    assert.deepEqual(world.paths(), { guest1: '/s/taken' });
  });

  test('whose socket others name have it for as long as their link holds; then libvirt has to say anew who runs', async (t) => {
    const libvirt = scriptedLibvirt(t);
    libvirt.set('guest1', { id: 1, source: bindTo('/s/shared') });
    libvirt.set('guest2', { id: undefined, source: bindTo('/s/shared') });
    libvirt.set('guest3', { id: 3, source: bindTo('/s/own') });
    const world = startDiscovery(t);
    world.discovery.start();
    await world.finds({ guest1: '/s/shared', guest3: '/s/own' });
    libvirt.stick();
    world.discovery.linkLost('guest3');
    world.discovery.linkLost('guest1');
    assert.deepEqual(world.paths(), { guest3: '/s/own' }, 'at once');
    libvirt.release();
    await world.finds({ guest1: '/s/shared', guest3: '/s/own' });
    libvirt.set('guest1', { id: undefined, source: bindTo('/s/shared') });
    libvirt.set('guest2', { id: 4, source: bindTo('/s/shared') });
    world.discovery.linkLost('guest1');
    await world.finds({ guest2: '/s/shared', guest3: '/s/own' });
  });

  test('that is stuck from the beginning is not waited for longer than some seconds', async (t) => {
    const libvirt = scriptedLibvirt(t);
    libvirt.stick();
    const world = startDiscovery(t);
    world.writeGuest('guest1', bindTo('/s/guest1'));
    writeCib(world.cibPath, [{ name: 'guest1', config: world.fileOf('guest1') }]);
    world.discovery.start();
    await world.finds({ guest1: '/s/guest1' });
  });

  test('whose XML could not be read are looked at again soon, not at the next sweep', async (t) => {
    const libvirt = scriptedLibvirt(t);
    libvirt.set('guest1', { id: 1, source: '<' });
    libvirt.set('guest2', { id: 2, source: bindTo('/s/2') });
    const world = startDiscovery(t);
    world.discovery.start();
    await world.finds({ guest2: '/s/2' });
    await eventually('it is said', () =>
      /the XML of guest1/.test(world.discovery.sources.libvirt.fault ?? ''),
    );
    libvirt.set('guest1', { id: 1, source: bindTo('/s/1') });
    await world.finds({ guest1: '/s/1', guest2: '/s/2' });
    assert.equal(world.discovery.sources.libvirt.fault, undefined);
  });

  test('are looked at when they have changed, not at every sweep', async (t) => {
    const libvirt = scriptedLibvirt(t);
    libvirt.set('guest1', { id: 1, source: bindTo('/s/1') });
    libvirt.set('guest2', { id: 2, source: bindTo('/s/2') });
    const world = startDiscovery(t, { sweepMs: 50 });
    world.discovery.start();
    await world.finds({ guest1: '/s/1', guest2: '/s/2' });
    const dumpsOf = (number: number) =>
      libvirt.calls().filter((call) => call.includes(`dumpxml ${UUID(number)}`)).length;
    await eventually('some sweeps', () => world.seen.filter((what) => what === 'sweep').length > 5);
    assert.deepEqual([dumpsOf(1), dumpsOf(2)], [1, 1]);
    libvirt.event('guest2', 'Resumed Migrated');
    await eventually('it is looked at', () => dumpsOf(2) === 2);
    assert.equal(dumpsOf(1), 1);
  });
});

test('what appears where a socket may be is told at once, also in a directory that was not there', async (t) => {
  const world = startDiscovery(t, { sweepMs: 100 });
  const sockets = join(world.directory, 'sockets');
  world.discovery.start();
  await sleep(50);
  mkdirSync(sockets);
  await eventually('the directory is watched', () => {
    const { watched, wanted } = world.discovery.watchCounts;
    return watched === wanted;
  });
  writeFileSync(join(sockets, 'guest1'), '');
  await eventually('it is seen', () => world.seen.includes(join(sockets, 'guest1')));
});

test('two ways to one socket are found out through the file system', async (t) => {
  const world = startDiscovery(t);
  mkdirSync(join(world.directory, 'run'));
  symlinkSync(join(world.directory, 'run'), join(world.directory, 'var-run'));
  world.writeGuest('guest1', bindTo(join(world.directory, 'run/s')));
  world.writeGuest('guest2', bindTo(join(world.directory, 'var-run/s')));
  writeCib(
    world.cibPath,
    ['guest1', 'guest2'].map((name) => ({ name, config: world.fileOf(name) })),
  );
  world.discovery.start();
  await eventually('both are refused', () => world.current()?.refused.size === 2);
  assert.deepEqual(world.paths(), {});
});

/** `virsh` is the scripted one from now on, to the end of the test. */
function scriptedLibvirt(t: TestContext) {
  const world = temporaryDirectory(t);
  const formerPath = process.env['PATH'] ?? '';
  for (const directory of ['domains', 'xml']) mkdirSync(join(world, directory));
  writeFileSync(join(world, 'events'), '');
  process.env['PATH'] = `${FIXTURES}:${formerPath}`;
  process.env['VIRSH_WORLD'] = world;
  t.after(() => {
    process.env['PATH'] = formerPath;
    delete process.env['VIRSH_WORLD'];
  });
  return {
    set(name: string, { id, source }: { id: number | undefined; source: string }) {
      const uuid = UUID(Number(name.at(-1)));
      const attributes = id === undefined ? '' : ` id='${id}'`;
      writeFileSync(join(world, 'xml', uuid), domainXml(name, source, attributes));
      writeFileSync(join(world, 'domains', name), `${uuid} ${id ?? '-'}\n`);
    },
    event: (name: string, words: string) =>
      appendFileSync(join(world, 'events'), `event 'lifecycle' for domain '${name}': ${words}\n`),
    calls: () => readFileSync(join(world, 'calls'), 'utf8').split('\n'),
    goDown: () => writeFileSync(join(world, 'down'), ''),
    comeBack: () => rmSync(join(world, 'down')),
    stick: () => writeFileSync(join(world, 'stuck'), ''),
    release: () => rmSync(join(world, 'stuck')),
  };
}
