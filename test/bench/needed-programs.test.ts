import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { PmError } from '../../shared/errors.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { needPrograms } from './needed-programs.ts';

test('programs that are there are needed without a word, by name and by path', (t) => {
  const folder = temporaryDirectory(t);
  mkdirSync(join(folder, 'plugins'));
  for (const program of ['pcs', 'plugins/libvirt']) {
    writeFileSync(join(folder, program), '', { mode: 0o755 });
  }
  const path = `/nonexistent:${folder}`;
  needPrograms([{ program: 'pcs', debianPackage: 'pcs' }], path);
  needPrograms([{ program: join(folder, 'plugins/libvirt'), debianPackage: 'cluster-glue' }], path);
});

test('every program that is missing is told at once, with its package, and each package is installed once', (t) => {
  const folder = temporaryDirectory(t);
  writeFileSync(join(folder, 'no-program'), '', { mode: 0o644 });
  const needed = [
    { program: 'no-program', debianPackage: 'one' },
    { program: 'fence_xvm', debianPackage: 'fence-virt' },
    { program: 'fence_virt', debianPackage: 'fence-virt' },
  ];
  assert.throws(
    () => needPrograms(needed, folder),
    (thrown) => {
      assert.ok(thrown instanceof PmError);
      assert.equal(thrown.code, 'environment');
      assert.equal(thrown.faults.length, 3);
      assert.match(thrown.message, /no fence_xvm, of the Debian package fence-virt \|.* no fence_virt,/);
      assert.match(thrown.remedy, /apt-get install .* one fence-virt$/);
      return true;
    },
  );
});
