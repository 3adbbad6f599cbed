/** What a domain that does not run has left on the host's disks. */
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { hasSavedMemory, wasSentAway } from '../../../host/stonith/libvirt/domain-traces.ts';
import { DOMAIN_LOGS, writeDomainLogs } from '../../support/domain-logs.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

for (const { about, logs, wasSentAway: expected } of DOMAIN_LOGS) {
  test(`whether it was sent away: ${about}`, (t) => {
    const folder = temporaryDirectory(t);
    const folders = { pids: folder, logs: folder, saves: folder };
    writeDomainLogs(logs, (suffix, text) => {
      const path = join(folder, `web${suffix}`);
      writeFileSync(path, text);
      return path;
    });
    assert.equal(wasSentAway(folders, 'web'), expected);
  });
}

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
