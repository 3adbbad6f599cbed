import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { assertNoOther, writePidFile } from '../../../shared/daemon/pid-file.ts';
import { PmError } from '../../../shared/errors.ts';
import { startFixture } from '../../support/run-fixture.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

test('a pid file holds our pid, can be read by all, and goes with us', (t) => {
  const directory = temporaryDirectory(t);
  const path = join(directory, 'pid');
  const file = writePidFile(path, 'vm-x');
  assert.equal(readFileSync(path, 'utf8'), `${process.pid}\n`);
  assert.equal(statSync(path).mode & 0o777, 0o644);
  assert.deepEqual(readdirSync(directory), ['pid'], 'no draft is left');
  file.remove();
  file.remove();
  assert.equal(existsSync(path), false);
});

test('the file of a daemon that lives is refused and left as it is', async (t) => {
  const path = join(temporaryDirectory(t), 'pid');
  const holder = startFixture(['sleep', '600']);
  t.after(() => holder.process.kill());
  const { pid } = holder.process;
  writeFileSync(path, `${pid}\n`);
  for (const claim of [assertNoOther, writePidFile]) {
    assert.throws(
      () => claim(path, 'sleep'),
      (thrown) => thrown instanceof PmError && thrown.message.includes(`${path} names process ${pid}`),
    );
  }
  assert.equal(readFileSync(path, 'utf8'), `${pid}\n`);
});

test('the file of one that is gone, of another program, or of nobody is replaced', async (t) => {
  const path = join(temporaryDirectory(t), 'pid');
  const gone = startFixture(['true']);
  await gone.ended;
  const other = startFixture(['sleep', '600']);
  t.after(() => other.process.kill());
  for (const former of [gone.process.pid, other.process.pid, process.pid, '', 'rubbish', '-1', '0', 1e300]) {
    writeFileSync(path, `${former}\n`);
    writePidFile(path, 'vm-x');
    assert.equal(readFileSync(path, 'utf8'), `${process.pid}\n`);
  }
});

test('a file that is somebody else’s by now is not removed', (t) => {
  const path = join(temporaryDirectory(t), 'pid');
  const file = writePidFile(path, 'vm-x');
  writeFileSync(path, '1\n');
  file.remove();
  assert.equal(readFileSync(path, 'utf8'), '1\n');
});

test('a place that cannot be written is named, with the remedy', (t) => {
  const directory = temporaryDirectory(t);
  const folder = join(directory, 'folder');
  mkdirSync(folder);
  for (const path of [join(directory, 'missing', 'pid'), folder]) {
    assert.throws(
      () => writePidFile(path, 'vm-x'),
      (thrown) =>
        thrown instanceof PmError &&
        /cannot write the pid file .*; name a writable place with -p/.test(thrown.message),
    );
  }
  assert.deepEqual(readdirSync(directory), ['folder']);
});
