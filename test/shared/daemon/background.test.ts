import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { eventually } from '../../support/eventually.ts';
import { isAlive } from '../../support/process-table.ts';
import { eventOf, startDaemon } from '../../support/start-daemon.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

const ALWAYS = ['background', 'pid-file'];

/** A logger(1) that writes into a file: a machine under test need not have syslog. */
function settingWithLogger(t: TestContext) {
  const directory = temporaryDirectory(t);
  const syslog = join(directory, 'syslog');
  const script = `#!/bin/sh\necho "$@" >'${syslog}'\nexec cat >>'${syslog}'\n`;
  writeFileSync(join(directory, 'logger'), script, { mode: 0o755 });
  const setting = { directory, env: { PATH: `${directory}:${process.env['PATH']}` } };
  return { setting, syslog: () => (existsSync(syslog) ? readFileSync(syslog, 'utf8') : '') };
}

test('the foreground ends with status 0 only when the daemon is ready, and the daemon lives on', async (t) => {
  const { setting } = settingWithLogger(t);
  const daemon = startDaemon(t, [...ALWAYS, 'gated-start'], setting);
  await eventOf(daemon, 'start');
  assert.equal(daemon.process.exitCode, null);
  assert.equal(daemon.pid(), undefined);
  daemon.open('gated-start');
  assert.deepEqual(await daemon.ended, { exitCode: 0, signal: null });
  const pid = daemon.pid() ?? 0;
  assert.notEqual(pid, daemon.process.pid);
  assert.ok(isAlive(pid));
  process.kill(pid, 'SIGTERM');
  await eventOf(daemon, 'stopped');
  await eventually('the daemon is gone', () => !isAlive(pid));
  assert.equal(daemon.pid(), undefined);
});

test('whoever waits for the end of our output is not kept by the daemon or its children', async (t) => {
  const { setting } = settingWithLogger(t);
  const daemon = startDaemon(t, [...ALWAYS, 'with-child'], setting);
  assert.deepEqual(await daemon.ended, { exitCode: 0, signal: null }); // that is when the last writer has closed it
  assert.deepEqual([daemon.stdout(), daemon.stderr()], ['', '']);
  assert.ok(isAlive(daemon.pid() ?? 0));
});

test('the log of the daemon goes to syslog, with its priorities', async (t) => {
  const { setting, syslog } = settingWithLogger(t);
  const daemon = startDaemon(t, ALWAYS, setting);
  await daemon.ended;
  process.kill(daemon.pid() ?? 0, 'SIGTERM');
  const text = await eventually('the last line', () => /=> gone/.test(syslog()) && syslog());
  assert.match(text, /^--tag daemon.mjs --prio-prefix .*\n<6>daemon.mjs: starting => running pid=\d+\n/);
});

test('a start that fails is said where it was asked for, with the status of its error', async (t) => {
  const { setting, syslog } = settingWithLogger(t);
  const daemon = startDaemon(t, [...ALWAYS, 'failing-start'], setting);
  assert.deepEqual(await daemon.ended, { exitCode: 5, signal: null });
  assert.equal(daemon.stderr(), 'daemon.mjs: cannot do it: failing-start; ask otherwise\n');
  assert.match(await eventually('the log', () => /=> gone/.test(syslog()) && syslog()), /<3>cannot do it/);
});

test('a daemon that dies before it is ready is no success', async (t) => {
  const { setting } = settingWithLogger(t);
  const daemon = startDaemon(t, [...ALWAYS, 'early-crash'], setting);
  assert.deepEqual(await daemon.ended, { exitCode: 1, signal: null });
  assert.equal(daemon.stderr(), 'daemon.mjs: it ended before it was ready; see the system log\n');
});

test('a daemon that does not become ready in time is ended, and is no success', async (t) => {
  const { setting } = settingWithLogger(t);
  const daemon = startDaemon(t, [...ALWAYS, 'gated-start', 'limit=300', 'ready-limit=2000'], setting);
  assert.deepEqual(await daemon.ended, { exitCode: 1, signal: null });
  assert.equal(
    daemon.stderr(),
    'daemon.mjs: it was not ready within 2 s and was ended; see the system log\n',
  );
  assert.equal(daemon.events(), 'start\n');
  assert.equal(daemon.pid(), undefined);
});

test('a daemon that was asked to stop before it is ready is no success', async (t) => {
  const { setting } = settingWithLogger(t);
  const first = startDaemon(t, ['pid-file'], setting);
  await first.says(/=> running/);
  const second = startDaemon(t, ALWAYS, setting);
  assert.deepEqual(await second.ended, { exitCode: 1, signal: null });
  assert.match(second.stderr(), /^daemon.mjs: cannot start daemon.mjs: .* stop it first \(kill \d+\)\n$/);
  first.process.kill('SIGKILL');
});

test('without a logger the daemon runs all the same', async (t) => {
  const directory = temporaryDirectory(t);
  const daemon = startDaemon(t, ALWAYS, { directory, env: { PATH: directory } });
  assert.deepEqual(await daemon.ended, { exitCode: 0, signal: null });
  assert.ok(isAlive(daemon.pid() ?? 0));
});

test('the daemon lives on when the one who asked for it is gone before it is ready', async (t) => {
  const { setting } = settingWithLogger(t);
  const daemon = startDaemon(t, [...ALWAYS, 'gated-start'], setting);
  await eventOf(daemon, 'start');
  daemon.process.kill('SIGKILL');
  await daemon.ended;
  daemon.open('gated-start');
  const pid = await eventually('the pid file', () => daemon.pid());
  process.kill(pid, 'SIGTERM');
  await eventOf(daemon, 'stopped');
});
