/** Laws of the packages on a real host whose guest runs: installed, upgraded, removed and purged beside it. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { PACKAGES, type PackageName, packageFor } from '../../.ci/package/contents.ts';
import { makeDeb } from '../../.ci/package/deb.ts';
import { makeDerivedFiles } from '../../.ci/package/stage.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { type Laboratory, laboratory } from './lab.ts';
import { guestSpec } from './layout.ts';
import { ownLabTest } from './shared-lab.ts';

/** What dpkg itself keeps of every package that it ever had, and what our test brings. */
const DPKG_OWN = /^\/(var\/(lib\/dpkg|log|cache|lib\/systemd\/deb-systemd)|tmp|etc\/systemd)\b/;

function debOf(name: PackageName, directory: string): string {
  const whole = PACKAGES.find((one) => one.name === name);
  assert.ok(whole !== undefined);
  const architecture = whole.architectures[0] ?? 'all';
  return makeDeb(packageFor(whole, architecture), architecture, directory, directory);
}

/** Where Node of this machine is no Debian package, one that stands for it lets dpkg check dependencies as it does. */
function nodeStandIn(directory: string): string {
  const root = join(directory, 'nodejs');
  mkdirSync(join(root, 'DEBIAN'), { recursive: true });
  const fields = ['Package: nodejs', `Version: ${process.versions.node}`, 'Architecture: all'];
  const about = [
    'Maintainer: nobody <nobody@example.org>',
    'Description: stands for the Node.js that is there',
  ];
  writeFileSync(join(root, 'DEBIAN/control'), `${[...fields, ...about].join('\n')}\n`);
  const file = join(directory, 'nodejs.deb');
  execFileSync('dpkg-deb', ['--build', '--root-owner-group', root, file], { stdio: 'ignore' });
  return file;
}

/** The same package as a later version. */
function newerThan(deb: string, directory: string): string {
  const root = join(directory, 'newer');
  execFileSync('dpkg-deb', ['-R', deb, root]);
  execFileSync('sed', ['-i', 's/^Version: .*/Version: 2.0.0/', join(root, 'DEBIAN/control')]);
  writeFileSync(join(root, 'etc/pm-kvm-tools/vm-stonithd.conf'), '[stonith]\n# of the newer package\n');
  const file = join(directory, 'newer.deb');
  execFileSync('dpkg-deb', ['--build', '--root-owner-group', root, file], { stdio: 'ignore' });
  return file;
}

/** All files of the host, as the machine sees them; too many for what a command in a host may print. */
function filesOf(lab: Laboratory): Set<string> {
  const root = lab.rootOf('hosta') ?? '/nonexistent';
  const folders = ['etc', 'usr', 'var'].map((folder) => `${root}/${folder}`);
  const found = execFileSync('find', [...folders, '-xdev', '!', '-type', 'd', '-printf', '/%P %H\\n'], {
    encoding: 'utf8',
    maxBuffer: 256 << 20,
  });
  const paths = found.split('\n').map((line) => {
    const [path = '', folder = ''] = line.split(` ${root}/`);
    return `/${folder}${path}`;
  });
  return new Set(paths.filter((path) => !DPKG_OWN.test(path)));
}

ownLabTest('packages come, are upgraded and go while a guest runs, and leave nothing', async (t) => {
  const directory = temporaryDirectory(t);
  makeDerivedFiles();
  const deb = debOf('pm-kvm-tools-host', directory);
  const guestDeb = debOf('pm-kvm-tools-guest', directory);
  const files = [nodeStandIn(directory), deb, newerThan(deb, directory), guestDeb];
  const lab = laboratory(`${laboratory().name}-packages`);
  const dpkg = (...words: string[]) =>
    lab.output('hosta', ['env', 'DEBIAN_FRONTEND=noninteractive', 'dpkg', '--force-confold', ...words]);
  try {
    await lab.up({ hosts: ['hosta'], guests: [guestSpec('guest1', 'hosta', { cluster: false })] });
    await lab.output('hosta', [
      '/bin/sh',
      '-c',
      'rm -rf /usr/sbin/vm-* /usr/sbin/fence_vm /usr/lib/pm-kvm-tools /usr/lib/ocf/resource.d/extra',
    ]);
    const [{ pid } = { pid: 0 }] = lab.whereabouts('guest1');
    const [node, host, newer, guest] = files.map((file) => `/tmp/${basename(file)}`);
    for (const file of files) copyFileSync(file, join(lab.rootOf('hosta') ?? '', 'tmp', basename(file)));
    const hasNode = await lab.on('hosta', ['dpkg-query', '--show', 'nodejs']);
    if (hasNode.kind !== 'exited' || hasNode.exitCode !== 0) await dpkg('-i', String(node));
    const before = filesOf(lab);

    await dpkg('-i', String(host));
    assert.match(await lab.output('hosta', ['vm-ctl', '--version']), /^vm-ctl \d/);
    assert.match(await lab.output('hosta', ['vm-stonithd', '--help']), /Usage: vm-stonithd/);
    assert.equal(
      (await lab.on('hosta', ['man', '-w', 'vm-ctl'])).stdout.trim(),
      '/usr/share/man/man8/vm-ctl.8.gz',
    );
    await lab.output('hosta', ['/bin/sh', '-n', '/usr/lib/ocf/resource.d/extra/VirtualDomain']);
    await assert.rejects(dpkg('-i', String(guest)), /conflicts with pm-kvm-tools-guest|conflicting packages/);

    const ours = '[stonith]\nlog-level = debug\n';
    const write = 'mkdir -p /var/lib/pm-kvm-tools; printf "$0" >/etc/pm-kvm-tools/vm-stonithd.conf';
    await lab.output('hosta', ['/bin/sh', '-c', write, ours.replaceAll('\n', '\\n')]);
    await dpkg('-i', String(newer));
    assert.equal(await lab.output('hosta', ['cat', '/etc/pm-kvm-tools/vm-stonithd.conf']), ours);

    await dpkg('-r', 'pm-kvm-tools-host');
    await assert.rejects(lab.output('hosta', ['vm-ctl', '--version']));
    assert.equal(await lab.output('hosta', ['cat', '/etc/pm-kvm-tools/vm-stonithd.conf']), ours);
    await dpkg('-P', 'pm-kvm-tools-host');
    const left = [...filesOf(lab)].filter((path) => !before.has(path));
    assert.deepEqual(left, []);
    assert.deepEqual(
      lab.whereabouts('guest1').map((one) => [one.pid, one.state]),
      [[pid, 'running']],
    );
  } finally {
    await lab.down();
  }
});
