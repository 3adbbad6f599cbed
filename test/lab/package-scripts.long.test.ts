/**
 * Laws of what the packages' scripts do to files, by the real dpkg, rpm and tar, where neither systemd nor Pacemaker runs:
 * what our own program writes is no matter of dpkg's, a package that goes takes nothing of the other's, and an archive
 * leaves the folders of the system as they are.
 */
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { PACKAGES } from '../../.ci/package/contents.ts';
import { makeRpm } from '../../.ci/package/rpm.ts';
import { makeDerivedFiles } from '../../.ci/package/stage.ts';
import { makeTarball } from '../../.ci/package/tarball.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { buildDeb } from './installed-packages.ts';
import { bring, inSandbox } from './package-sandbox.ts';

const SETTINGS = '/etc/vm-ctl.conf';
const HOST = 'pm-kvm-tools-host';
const GUEST = 'pm-kvm-tools-guest';

test('an upgrade asks nothing of the file that vm-ctl writes, and keeps it', (t) => {
  makeDerivedFiles();
  const [directory, given] = [temporaryDirectory(t), temporaryDirectory(t)];
  const otherSample = join(directory, 'vm-ctl.conf');
  writeFileSync(otherSample, '# of the newer package\n');
  bring(buildDeb(HOST, directory, '2.0.0~dev1'), given, 'former.deb');
  const newer = buildDeb(HOST, directory, '2.0.0~dev2', (what) => ({
    ...what,
    files: what.files.map((file) => (`/${file.to}` === SETTINGS ? { ...file, from: otherSample } : file)),
  }));
  bring(newer, given, 'newer.deb');
  const told = inSandbox(
    given,
    `
dpkg -i /given/former.deb >&2
cmp ${SETTINGS} /usr/share/pm-kvm-tools/vm-ctl.conf
stat -c '%a %U' ${SETTINGS}
echo 'vm_stonith=on' >>${SETTINGS}
cp ${SETTINGS} /written
dpkg -i /given/newer.deb >&2
cmp ${SETTINGS} /written
dpkg-query -W -f '\${db:Status-Abbrev}\\n' ${HOST}
dpkg -r ${HOST} >&2
cmp ${SETTINGS} /written
dpkg -i /given/newer.deb >&2
cmp ${SETTINGS} /written
rm ${SETTINGS}
ln -s /elsewhere ${SETTINGS}
dpkg -i /given/newer.deb >&2
readlink ${SETTINGS}
dpkg -P ${HOST} >&2
ls -d /etc/vm-* /etc/pm-kvm-tools /usr/share/pm-kvm-tools 2>/dev/null || echo gone`,
  );
  assert.equal(told, '644 root\nii \n/elsewhere\ngone\n');
});

test('a purge takes what is its own, and the last one all', (t) => {
  makeDerivedFiles();
  const [directory, given] = [temporaryDirectory(t), temporaryDirectory(t)];
  bring(buildDeb(HOST, directory, '2.0.0~dev1'), given, `${HOST}.deb`);
  bring(buildDeb(GUEST, directory, '2.0.0~dev1'), given, `${GUEST}.deb`);
  const wanted = '/etc/systemd/system/multi-user.target.wants';
  const show = `(cd / && find etc/pm-kvm-tools etc/vm-*.conf var/log/pm-kvm-tools .${wanted}/vm-* ! -type d 2>/dev/null | sort) || :`;
  /** The one is removed, the other is in its place, and then the one is purged. */
  const purged = (former: string, present: string) =>
    inSandbox(
      given,
      `
dpkg -i /given/${former}.deb >&2
dpkg -r ${former} >&2
dpkg -i /given/${present}.deb >&2
systemctl enable vm-connectd >&2
mkdir -p /var/log/pm-kvm-tools
touch /etc/pm-kvm-tools/keys /etc/pm-kvm-tools/tokens /var/log/pm-kvm-tools/audit.log
dpkg -P ${former} >&2
${show}
dpkg --verify ${present}
echo ==
dpkg -P ${present} >&2
${show}
ls -d /etc/pm-kvm-tools /var/lib/systemd/deb-systemd-helper-*/vm-* 2>/dev/null || :`,
    );
  const link = `.${wanted}/vm-connectd.service`;
  assert.deepEqual(purged(HOST, GUEST).split('\n'), [
    link,
    'etc/pm-kvm-tools/tokens',
    'etc/pm-kvm-tools/vm-connectd.conf',
    '==',
    '',
  ]);
  assert.deepEqual(purged(GUEST, HOST).split('\n'), [
    link,
    'etc/pm-kvm-tools/keys',
    'etc/pm-kvm-tools/vm-connectd.conf',
    'etc/pm-kvm-tools/vm-stonithd.conf',
    'etc/vm-ctl.conf',
    'etc/vm-manager.conf',
    'var/log/pm-kvm-tools/audit.log',
    '==',
    '',
  ]);
});

test('an rpm that is erased leaves no unit enabled, where systemd does not run either', (t) => {
  makeDerivedFiles();
  const [directory, given] = [temporaryDirectory(t), temporaryDirectory(t)];
  const [host] = PACKAGES;
  assert.ok(host !== undefined);
  bring(makeRpm(host, 'all', directory, directory), given, 'host.rpm');
  const told = inSandbox(
    given,
    `
rpm --nodeps --install /given/host.rpm >&2
systemctl enable vm-connectd vm-stonithd vm-managerd >&2
ls /etc/systemd/system/multi-user.target.wants | grep ^vm-
rpm --nodeps --erase ${HOST} >&2
ls /etc/systemd/system/multi-user.target.wants | grep ^vm- || echo none`,
  );
  assert.equal(told, 'vm-connectd.service\nvm-managerd.service\nvm-stonithd.service\nnone\n');
});

test('an archive that is unpacked over the system leaves its links, and tells how to go on', (t) => {
  makeDerivedFiles();
  const [directory, given] = [temporaryDirectory(t), temporaryDirectory(t)];
  for (const [index, what] of PACKAGES.entries()) {
    mkdirSync(join(directory, `${index}`));
    bring(makeTarball(what, join(directory, `${index}`), directory), given, `${what.name}.tar.xz`);
  }
  const told = inSandbox(
    given,
    `
for name in ${HOST} ${GUEST}; do
  tar -xJf /given/$name.tar.xz -C / --strip-components=1 --keep-directory-symlink
  test -s /usr/share/doc/$name/INSTALL
done
readlink /lib
test -f /lib/systemd/system/vm-connectd.service && vm-ctl --version | cut -d' ' -f1`,
  );
  assert.equal(told, 'usr/lib\nvm-ctl\n');
});
