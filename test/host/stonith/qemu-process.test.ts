/** Laws of what counts as the end of a QEMU. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { hasEnded } from '../../../host/stonith/libvirt/processes.ts';
import { endUnless, qemuProcessOf } from '../../../host/stonith/libvirt/qemu-process.ts';
import { whereaboutsOf } from '../../../host/stonith/libvirt/status-file.ts';
import { eventually } from '../../support/eventually.ts';
import { halfDead, unreaped } from '../../support/half-dead.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

const DOMAIN = `half-dead-${process.pid}`;

const stateOf = (pid: number) => readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/.*\) /, '').slice(0, 1);
const startTicksOf = (pid: number) =>
  readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/.*\) /, '').split(' ')[19] ?? '';

function sleeping(t: TestContext) {
  const child = spawn('sleep', ['1000'], { stdio: 'ignore' });
  t.after(() => child.kill('SIGKILL'));
  return child;
}

test('one whose first thread is dead lives while another one does, and is found with and without its pid file', async (t) => {
  const directory = temporaryDirectory(t);
  const pid = await halfDead(t, DOMAIN);
  assert.equal(readFileSync(`/proc/${pid}/cmdline`, 'utf8'), '');
  const found = qemuProcessOf(directory, DOMAIN);
  assert.equal(found?.pid, pid);
  writeFileSync(join(directory, `${DOMAIN}.pid`), String(pid));
  assert.deepEqual(qemuProcessOf(directory, DOMAIN), found);
  assert.equal(qemuProcessOf(directory, `${DOMAIN}-other`), undefined);
  assert.equal(hasEnded(found), false);

  assert.equal(
    endUnless(found, () => undefined),
    undefined,
  );
  await eventually('it has ended', () => hasEnded(found));
  assert.equal(qemuProcessOf(directory, DOMAIN), undefined);
});

test('a dead one that nobody has reaped has ended', async (t) => {
  const directory = temporaryDirectory(t);
  const pid = await unreaped(t);
  writeFileSync(join(directory, `${DOMAIN}.pid`), String(pid));
  assert.equal(qemuProcessOf(directory, DOMAIN), undefined);
  assert.equal(hasEnded({ pid, startTicks: startTicksOf(pid) }), true);
});

test('a pid that was given to another process is not taken for it', (t) => {
  const directory = temporaryDirectory(t);
  writeFileSync(join(directory, `${DOMAIN}.pid`), String(process.pid));
  assert.equal(qemuProcessOf(directory, DOMAIN), undefined);
  assert.equal(hasEnded({ pid: process.pid, startTicks: '1' }), true);
});

test('one is frozen while it is looked at, and goes on when it is not ended, whatever the look finds', async (t) => {
  const { pid = 0, exitCode } = sleeping(t);
  const qemu = { pid, startTicks: startTicksOf(pid) };
  const frozen = () => {
    while (stateOf(pid) !== 'T');
    return undefined;
  };
  const kept = endUnless(qemu, () => {
    frozen();
    return 'it is on its way';
  });
  assert.equal(kept, 'it is on its way');
  await eventually('it goes on', () => stateOf(pid) !== 'T');
  assert.throws(
    () =>
      endUnless(qemu, () => {
        frozen();
        throw new Error('unreadable');
      }),
    /unreadable/,
  );
  await eventually('it goes on', () => stateOf(pid) !== 'T');
  assert.equal(exitCode, null);
  assert.equal(endUnless(qemu, frozen), undefined);
  await eventually('it has ended', () => hasEnded(qemu));
  assert.equal(endUnless(qemu, assert.fail), undefined);
});

test('a process that has the pid of one that has ended is not touched', async (t) => {
  const { pid = 0 } = sleeping(t);
  assert.equal(endUnless({ pid, startTicks: '1' }, assert.fail), undefined);
  assert.equal(hasEnded({ pid, startTicks: startTicksOf(pid) }), false);
});

const REASONS = ['migration', 'post-copy', 'post-copy failed'];
const LIBRARIES = '/usr/lib';

test('what it looks for is what the installed libvirt writes', (t) => {
  const found = readdirSync(LIBRARIES)
    .map((name) => join(LIBRARIES, name, 'libvirt.so.0'))
    .find(existsSync);
  if (found === undefined) return t.skip(`no libvirt.so.0 is installed below ${LIBRARIES}`);
  const library = readFileSync(found, 'latin1');
  for (const reason of REASONS) assert.ok(library.includes(`${reason}\0`), reason);
});

test('where one is libvirt has noted', (t) => {
  const directory = temporaryDirectory(t);
  const noted = (text: string) => {
    writeFileSync(join(directory, 'web.xml'), text);
    return whereaboutsOf(directory, 'web').kind;
  };
  assert.equal(whereaboutsOf(directory, 'web').kind, 'unknown');
  const running = "<domstatus state='running' reason='booted' pid='7'>\n";
  assert.equal(noted(`${running}<job type='none' async='none'/>`), 'here');
  assert.equal(noted(`${running}<job type='none' async='migration out' phase='perform3'>`), 'doubtful');
  assert.equal(noted(`${running}<job type='none' async='migration in' phase='prepare'>`), 'doubtful');
  assert.equal(noted("<domstatus state='paused' reason='user' pid='7'>"), 'here');
  for (const reason of REASONS)
    assert.equal(noted(`<domstatus state='paused' reason='${reason}' pid='7'>`), 'doubtful');
  const leaves = (job: string) => {
    noted(`${running}<job type='none' async='${job}'/>`);
    const whereabouts = whereaboutsOf(directory, 'web');
    return whereabouts.kind === 'doubtful' && whereabouts.isLeaving;
  };
  assert.deepEqual(['none', 'migration in', 'migration out'].map(leaves), [false, false, true]);
  mkdirSync(join(directory, 'other.xml'));
  assert.equal(whereaboutsOf(directory, 'other').kind, 'doubtful');
});
