/** What libvirt's log of a domain tells of where it went; the lines are libvirt 9's. */
import assert from 'node:assert/strict';
import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { hasSavedMemory, sentAwayIn, wasSentAway } from '../../../host/stonith/libvirt/domain-traces.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

const AT = '2026-11-21 20:39:06.931+0000: ';
const START = `${AT}starting up libvirt version: 9.0.0, package: 9.0.0-4+deb12u2 (Debian), qemu version: 7.2.22, kernel: 6.1\n`;
const QEMU = 'LC_ALL=C \\\nPATH=/usr/bin \\\n-msg timestamp=on\n';
const end = (reason: string) => `${AT}shutting down, reason=${reason}\n`;
const SIGNAL =
  '2026-11-21T20:39:16.234871Z qemu-system-x86_64: terminating on signal 15 from pid 64 (libvirtd)\n';

const CASES: readonly (readonly [log: string, sent: boolean | undefined])[] = [
  ['', undefined],
  [QEMU + SIGNAL, undefined],
  [START + QEMU, false],
  [START + QEMU + end('destroyed'), false],
  [START + QEMU + end('migrated') + SIGNAL, true],
  [START + QEMU + end('migrated') + START, false],
  [START + QEMU + end('migrated') + START + QEMU + end('failed'), true],
  [START + end('shutdown') + START + end('failed'), false],
  [START + end('failed'), undefined],
  [`${START}qemu-system-x86_64: shutting down, reason=migrated\n`, false],
];

for (const [log, sent] of CASES) {
  test(`whether it was sent away, as ${JSON.stringify(log.replaceAll(AT, ''))} tells`, () => {
    assert.equal(sentAwayIn(log), sent);
  });
}

test('a log that was moved away tells what the new one does not', (t) => {
  const folder = temporaryDirectory(t);
  const folders = { pids: folder, logs: folder, saves: folder };
  const log = join(folder, 'web.log');
  assert.equal(wasSentAway(folders, 'web'), false);
  writeFileSync(log, `${START}${'x'.repeat(200_000)}\n${end('migrated')}`);
  assert.equal(wasSentAway(folders, 'web'), true);
  renameSync(log, `${log}.1`);
  writeFileSync(log, '');
  assert.equal(wasSentAway(folders, 'web'), true);
  writeFileSync(log, START);
  assert.equal(wasSentAway(folders, 'web'), false);
});

test('its memory is saved where its file is, and a name leads nowhere else', (t) => {
  const folder = temporaryDirectory(t);
  const saves = join(folder, 'save');
  const folders = { pids: folder, logs: folder, saves };
  mkdirSync(saves);
  writeFileSync(join(saves, 'web.save'), '');
  writeFileSync(join(folder, 'other.save'), '');
  assert.deepEqual(
    ['web', 'other', '../other'].map((name) => hasSavedMemory(folders, name)),
    [true, false, false],
  );
});
