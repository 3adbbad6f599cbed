/**
 * Laws of the packages in RPM's form: they hold what Debian's do, their scripts do what they should under systemd, and who
 * judges packages finds no fault in any. The host is Debian all the same: what packages need there is not looked at.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { copyFileSync, lstatSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { test } from 'node:test';
import { PACKAGES, packageFor } from '../../.ci/package/contents.ts';
import { makeDeb } from '../../.ci/package/deb.ts';
import { lint } from '../../.ci/package/lint.ts';
import { makeRpm } from '../../.ci/package/rpm.ts';
import { makeDerivedFiles } from '../../.ci/package/stage.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { makeKey } from './fencing-tokens.ts';
import { filesOf } from './installed-files.ts';
import { mainPid } from './installed-units.ts';
import { type Laboratory, laboratory } from './lab.ts';
import { ownLabTest } from './shared-lab.ts';

const HOST = 'hosta';
const UNITS = ['vm-connectd', 'vm-stonithd', 'vm-managerd'] as const;
const CONF = '/etc/pm-kvm-tools/vm-stonithd.conf';
const OURS = '[stonith]\nlog-level = debug\n';

/** Every file with its mode and what is in it, under the name that Debian has for it, but for what is Debian's own. */
function contentOf(root: string): Map<string, string> {
  const found = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter(
    (name) =>
      lstatSync(join(root, name)).isFile() &&
      !/^(DEBIAN|usr\/share\/doc\/[^/]*\/(copyright|changelog\.gz)$|usr\/share\/licenses\/)/.test(name),
  );
  return new Map(
    found.map((name) => {
      const text = readFileSync(join(root, name), 'latin1').replace(/^#!.*node\n/, '#!node\n');
      const place = name
        .replace(/^usr\/lib\/systemd\//, 'lib/systemd/')
        .replace('zsh/site-functions/', 'zsh/vendor-completions/')
        .replace(/^etc\/(?=vm-ctl[.]conf$)/, 'usr/share/pm-kvm-tools/');
      return [place, `${(lstatSync(join(root, name)).mode & 0o7777).toString(8)} ${text}`];
    }),
  );
}

const toldOf = (rpm: string, ...question: readonly string[]): string[] =>
  execFileSync('rpm', ['--query', '--package', ...question, rpm], { encoding: 'utf8' })
    .trim()
    .split('\n');

/** So that they go with it. */
function assertOwnsFolders(rpm: string): void {
  const owned = toldOf(rpm, '--queryformat', '[%{FILEMODES:perms} %{FILENAMES}\n]').flatMap((line) =>
    line.startsWith('d') ? [line.replace(/^\S+ /, '')] : [],
  );
  const places = toldOf(rpm, '--list').map((file) => dirname(file));
  for (const place of places.filter((one) => /pm-kvm-tools|\/extra$/.test(one)))
    assert.ok(owned.includes(place), `${place} is the package's`);
}

test('the packages in both forms hold the same, and their judges find no fault', (t) => {
  const directory = temporaryDirectory(t);
  makeDerivedFiles();
  const made = PACKAGES.flatMap((whole) => {
    const architecture = whole.architectures[0] ?? 'all';
    const what = packageFor(whole, architecture);
    const deb = makeDeb(what, architecture, directory, directory);
    const rpm = makeRpm(what, architecture, directory, directory);
    const [fromDeb, fromRpm] = [join(directory, `${what.name}.1`), join(directory, `${what.name}.2`)];
    execFileSync('dpkg-deb', ['--extract', deb, fromDeb]);
    mkdirSync(fromRpm);
    execFileSync('/bin/sh', ['-c', 'rpm2cpio "$0" | cpio -idm --quiet -D "$1"', rpm, fromRpm]);
    const [one, other] = [contentOf(fromDeb), contentOf(fromRpm)];
    assert.deepEqual([...other.keys()].sort(), [...one.keys()].sort());
    for (const [place, content] of one) assert.equal(other.get(place), content, place);
    const licences = ['LICENSE', 'copyright'].map((file) => `/usr/share/licenses/${what.name}/${file}`);
    assert.deepEqual(toldOf(rpm, '--licensefiles').sort(), licences);
    assertOwnsFolders(rpm);
    return [deb, rpm];
  });
  lint(made);
});

ownLabTest('an rpm is installed, upgraded and erased beside the units that it brings', async (t) => {
  const directory = temporaryDirectory(t);
  makeDerivedFiles();
  const [whole] = PACKAGES;
  assert.equal(whole?.name, 'pm-kvm-tools-host');
  const [former, newer] = ['2.0.0~dev1', '2.0.0~dev2'].map((version) =>
    makeRpm(whole, 'all', directory, directory, version),
  );
  assert.ok(former !== undefined && newer !== undefined);
  const lab = laboratory(`${laboratory().name}-rpm`);
  const rpm = (...words: readonly string[]) => lab.output(HOST, ['rpm', '--nodeps', ...words]);
  try {
    await lab.up({ hosts: [HOST], guests: [], init: 'systemd' });
    for (const file of [former, newer])
      copyFileSync(file, join(lab.rootOf(HOST) ?? '', 'tmp', basename(file)));
    const before = filesOf(lab, HOST);
    await rpm('--install', `/tmp/${basename(former)}`);
    await makeKey(lab, HOST);
    await lab.output(HOST, ['systemctl', 'enable', '--now', ...UNITS]);
    await lab.output(HOST, ['/bin/sh', '-c', `cat >${CONF}`], { input: OURS });
    const pids = await Promise.all(UNITS.map((unit) => mainPid(lab, HOST, unit)));

    await rpm('--upgrade', `/tmp/${basename(newer)}`);
    for (const [index, unit] of UNITS.entries()) {
      const pid = await mainPid(lab, HOST, unit);
      assert.ok(pid !== 0 && pid !== pids[index], `${unit} is the new one`);
    }
    assert.equal(await lab.output(HOST, ['cat', CONF]), OURS);

    await refusedInUse(lab);
    await lab.output(HOST, ['rpm', '--nodeps', '--erase', 'pm-kvm-tools-host']);
    const state = await lab.on(HOST, ['systemctl', 'is-active', ...UNITS]);
    assert.equal(state.stdout, 'inactive\n'.repeat(UNITS.length));
    const left = [...filesOf(lab, HOST)].filter((path) => !before.has(path)).sort();
    assert.deepEqual(left, ['/etc/pm-kvm-tools/keys', `${CONF}.rpmsave`], 'keys, and what was changed');
  } finally {
    await lab.down();
  }
});

/** As a resource Pacemaker watches the unit, and would fence the host that can't stop it. */
async function refusedInUse(lab: Laboratory): Promise<void> {
  const resource = [
    '--scope=resources',
    `--xml-text=<primitive id="bridge" class="systemd" type="vm-connectd"/>`,
  ];
  await lab.output(HOST, ['cibadmin', '--create', ...resource]);
  await lab.waitForIdle('hosts');
  const pids = await Promise.all(UNITS.map((unit) => mainPid(lab, HOST, unit)));
  const refused = await lab.on(HOST, ['rpm', '--nodeps', '--erase', 'pm-kvm-tools-host']);
  assert.notEqual(refused.kind === 'exited' && refused.exitCode, 0);
  assert.match(
    refused.stderr,
    /pm-kvm-tools-host is not removed: Pacemaker runs with it on hosta\n +bridge\n/,
  );
  assert.deepEqual(await Promise.all(UNITS.map((unit) => mainPid(lab, HOST, unit))), pids);
  await lab.output(HOST, ['test', '-x', '/usr/sbin/vm-connectd']);
  await lab.output(HOST, ['cibadmin', '--delete', ...resource]);
  await lab.waitForIdle('hosts');
}
