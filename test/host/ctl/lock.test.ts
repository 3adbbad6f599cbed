/** One vm-ctl at a time. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { acquireLock } from '../../../host/ctl/change/lock.ts';

const SELF = { pid: process.pid, command: 'vm-ctl resource stop guest1', since: '2026-01-01T00:00:00.000Z' };

test('the second is told who holds it, and gets it when the first is done', async () => {
  const first = await acquireLock('test-second', SELF);
  assert.ok(first.ok);
  assert.deepEqual(await acquireLock('test-second', SELF), { ok: false, holder: SELF });
  const other = await acquireLock('test-other', SELF);
  assert.ok(other.ok, 'locks of other names are not concerned');
  other.release();
  first.release();
  const second = await acquireLock('test-second', SELF);
  assert.ok(second.ok);
  second.release();
});

test('of many at once, one gets it', async () => {
  const all = await Promise.all(Array.from({ length: 20 }, () => acquireLock('test-many', SELF)));
  const winners = all.flatMap((one) => (one.ok ? [one] : []));
  assert.equal(winners.length, 1);
  winners[0]?.release();
});

test('a holder that is stopped still holds it; one that is killed does not', async () => {
  const source = `
    import { acquireLock } from './host/ctl/change/lock.ts';
    await acquireLock('test-killed', { pid: process.pid, command: 'x', since: 'y' });
    setInterval(() => {}, 1000);
    console.log('held');`;
  const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', source], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(child.stdout, 'data');
  const held = await acquireLock('test-killed', SELF);
  assert.ok(!held.ok && held.holder?.pid === child.pid);
  child.kill('SIGSTOP');
  assert.deepEqual(await acquireLock('test-killed', SELF), { ok: false, holder: undefined });
  child.kill('SIGKILL');
  await once(child, 'exit');
  const taken = await acquireLock('test-killed', SELF);
  assert.ok(taken.ok);
  taken.release();
});
