/** Laws of what counts as the end of a QEMU. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { endProcess, hasEnded, qemuProcessOf } from '../../../host/stonith/libvirt/qemu-process.ts';
import { eventually } from '../../support/eventually.ts';
import { halfDead, unreaped } from '../../support/half-dead.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

const DOMAIN = `half-dead-${process.pid}`;

const startTicksOf = (pid: number) =>
  readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/.*\) /, '').split(' ')[19] ?? '';

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

  assert.equal(endProcess(found), true);
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
