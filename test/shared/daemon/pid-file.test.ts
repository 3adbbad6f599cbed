import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { claimPidFile } from '../../../shared/daemon/pid-file.ts';
import { PmError } from '../../../shared/errors.ts';
import { eventually } from '../../support/eventually.ts';
import { startFixture } from '../../support/run-fixture.ts';
import { startDaemon } from '../../support/start-daemon.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

test('a pid file holds our pid, can be read by all, and goes with us', (t) => {
  const directory = temporaryDirectory(t);
  const path = join(directory, 'pid');
  const file = claimPidFile(path, 'vm-x');
  assert.equal(existsSync(path), false, 'not before it is ready');
  file.publish();
  assert.equal(readFileSync(path, 'utf8'), `${process.pid}\n`);
  assert.equal(statSync(path).mode & 0o777, 0o644);
  assert.deepEqual(readdirSync(directory), ['pid'], 'no draft is left');
  file.remove();
  file.remove();
  assert.equal(existsSync(path), false);
});

test('the file of a daemon that lives is refused and left as it is', async (t) => {
  const directory = temporaryDirectory(t);
  const path = join(directory, 'pid');
  const holder = startFixture(['sleep', '600']);
  t.after(() => holder.process.kill());
  const { pid } = holder.process;
  for (const named of [path, `${path}.starting`]) {
    writeFileSync(named, `${pid}\n`);
    assert.throws(
      () => claimPidFile(path, 'sleep'),
      (thrown) => thrown instanceof PmError && thrown.message.includes(`${named} names process ${pid}`),
    );
    assert.equal(readFileSync(named, 'utf8'), `${pid}\n`);
    rmSync(named);
  }
  assert.deepEqual(readdirSync(directory), []);
});

test('the file of one that is gone, of another program, or of nobody is replaced', async (t) => {
  const path = join(temporaryDirectory(t), 'pid');
  const gone = startFixture(['true']);
  await gone.ended;
  const other = startFixture(['sleep', '600']);
  t.after(() => other.process.kill());
  for (const former of [gone.process.pid, other.process.pid, process.pid, '', 'rubbish', '-1', '0', 1e300]) {
    for (const file of [path, `${path}.starting`]) writeFileSync(file, `${former}\n`);
    claimPidFile(path, 'vm-x').publish();
    assert.equal(readFileSync(path, 'utf8'), `${process.pid}\n`);
  }
});

test('a file that is somebody else’s by now is not removed', (t) => {
  const path = join(temporaryDirectory(t), 'pid');
  const file = claimPidFile(path, 'vm-x');
  file.publish();
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
      () => claimPidFile(path, 'vm-x').publish(),
      (thrown) =>
        thrown instanceof PmError &&
        /cannot write the pid file .*; name a writable place with -p/.test(thrown.message),
    );
  }
  assert.deepEqual(readdirSync(directory), ['folder']);
});

test('of daemons that are started at once, one begins, and the others are refused', async (t) => {
  for (const former of [undefined, '999999999\n']) {
    const directory = temporaryDirectory(t);
    if (former !== undefined) {
      for (const name of ['pid', 'pid.starting']) writeFileSync(join(directory, name), former);
    }
    const daemons = Array.from({ length: 4 }, () =>
      startDaemon(t, ['pid-file', 'gated-start'], { directory }),
    );
    const refused = (one: (typeof daemons)[number]) => one.stderr().includes('cannot start daemon.mjs');
    await eventually('all but one are refused', () => daemons.filter(refused).length === 3);
    const [first, ...more] = daemons.filter((one) => !refused(one));
    assert.deepEqual(more, []);
    assert.ok(first !== undefined);
    first.open('gated-start');
    await first.says(/=> running/);
    assert.equal(first.events(), 'start\n');
    assert.equal(first.pid(), first.process.pid);
    assert.equal(existsSync(join(directory, 'pid.starting')), false);
  }
});
