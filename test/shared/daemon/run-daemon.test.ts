import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { eventually } from '../../support/eventually.ts';
import { eventOf, type FixtureDaemon, startDaemon } from '../../support/start-daemon.ts';

const withoutHangups = (daemon: FixtureDaemon) => daemon.events().replaceAll('hangup\n', '');

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  test(`a daemon goes from starting to running, and at ${signal} by stopping to gone with status 0`, async (t) => {
    const daemon = startDaemon(t, ['pid-file']);
    await daemon.says(/starting => running pid=\d+/);
    assert.equal(readFileSync(daemon.pidFile, 'utf8'), `${daemon.process.pid}\n`);
    daemon.process.kill(signal);
    assert.deepEqual(await daemon.ended, { exitCode: 0, signal: null });
    assert.match(
      daemon.stderr(),
      new RegExp(`running => stopping cause=${signal}\n.*stopping => gone exit=0\n$`),
    );
    assert.equal(existsSync(daemon.pidFile), false);
    assert.equal(daemon.events(), 'start\nstop\nstopped\n');
  });
}

test('a start that fails says so once and ends with the status of its error', async (t) => {
  const daemon = startDaemon(t, ['pid-file', 'failing-start']);
  assert.deepEqual(await daemon.ended, { exitCode: 5, signal: null });
  const lines = daemon.stderr().trimEnd().split('\n');
  assert.equal(lines.length, 2);
  assert.match(lines[0] ?? '', /error: cannot do it: failing-start; ask otherwise$/);
  assert.match(lines[1] ?? '', /starting => gone exit=5$/);
  assert.equal(existsSync(daemon.pidFile), false);
});

test('a hangup reloads', async (t) => {
  const daemon = startDaemon(t, []);
  await daemon.says(/=> running/);
  daemon.process.kill('SIGHUP');
  await daemon.says(/configuration read again/);
});

test('a reload that fails leaves the former configuration in force and the daemon running', async (t) => {
  const daemon = startDaemon(t, ['failing-reload']);
  await daemon.says(/=> running/);
  daemon.process.kill('SIGHUP');
  await daemon.says(/error: the former configuration stays in force reason=".*failing-reload/);
  daemon.process.kill('SIGTERM');
  assert.deepEqual(await daemon.ended, { exitCode: 0, signal: null });
});

test('a hangup while the daemon starts is answered when it runs', async (t) => {
  const daemon = startDaemon(t, ['gated-start']);
  await eventOf(daemon, 'start');
  daemon.process.kill('SIGHUP');
  daemon.open('gated-start');
  await daemon.says(/configuration read again/);
});

test('reloads never overlap, and any number of hangups during one make one more', async (t) => {
  const daemon = startDaemon(t, ['gated-reload', 'counting-hangups']);
  const count = (words: string) => daemon.events().split(words).length - 1;
  await daemon.says(/=> running/);
  for (let hangups = 1; hangups <= 4; hangups++) {
    daemon.process.kill('SIGHUP');
    await eventually('the hangup has come', () => count('hangup') === hangups);
  }
  assert.deepEqual([count('reload begins'), count('reload ends')], [1, 0]);
  daemon.open('gated-reload');
  await eventually('two reloads', () => count('reload ends') === 2);
  daemon.process.kill('SIGTERM');
  await daemon.ended;
  assert.match(withoutHangups(daemon), /reload begins\nreload ends\nreload begins\nreload ends\nstop\n/);
});

test('a reload that is under way ends before the daemon stops, and none begins any more', async (t) => {
  const daemon = startDaemon(t, ['gated-reload', 'counting-hangups']);
  await daemon.says(/=> running/);
  daemon.process.kill('SIGHUP');
  await eventOf(daemon, 'reload begins');
  daemon.process.kill('SIGTERM');
  await daemon.says(/=> stopping/);
  daemon.process.kill('SIGHUP');
  await eventually('the hangup has come', () => daemon.events().split('hangup').length === 3);
  daemon.open('gated-reload');
  assert.deepEqual(await daemon.ended, { exitCode: 0, signal: null });
  assert.match(withoutHangups(daemon), /reload begins\nreload ends\nstop\nstopped\n$/);
});

test('a hangup while the daemon stops changes nothing', async (t) => {
  const daemon = startDaemon(t, ['gated-stop']);
  await daemon.says(/=> running/);
  daemon.process.kill('SIGTERM');
  await eventOf(daemon, 'stop');
  daemon.process.kill('SIGHUP');
  daemon.open('gated-stop');
  assert.deepEqual(await daemon.ended, { exitCode: 0, signal: null });
  assert.equal(daemon.events(), 'start\nstop\nstopped\n');
});

test('stopping is idempotent: more signals neither repeat nor break it', async (t) => {
  const daemon = startDaemon(t, ['pid-file', 'gated-stop']);
  await daemon.says(/=> running/);
  daemon.process.kill('SIGTERM');
  await eventOf(daemon, 'stop');
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGTERM'] as const) daemon.process.kill(signal);
  daemon.open('gated-stop');
  assert.deepEqual(await daemon.ended, { exitCode: 0, signal: null });
  assert.equal(daemon.events(), 'start\nstop\nstopped\n');
});

test('a daemon asked to stop while it starts stops when it has started', async (t) => {
  const daemon = startDaemon(t, ['gated-start']);
  await eventOf(daemon, 'start');
  daemon.process.kill('SIGTERM');
  daemon.open('gated-start');
  assert.deepEqual(await daemon.ended, { exitCode: 0, signal: null });
  assert.equal(daemon.events(), 'start\nstop\nstopped\n');
});

for (const word of ['gated-start', 'endless-stop', 'gated-stop', 'lingering', 'gated-reload']) {
  test(`whatever does not end is left at the stop limit with status 1: ${word}`, async (t) => {
    const daemon = startDaemon(t, ['pid-file', 'limit=300', word]);
    if (word === 'gated-start') await eventOf(daemon, 'start');
    else await daemon.says(/=> running/);
    if (word === 'gated-reload') {
      daemon.process.kill('SIGHUP');
      await eventOf(daemon, 'reload begins');
    }
    daemon.process.kill('SIGTERM');
    assert.deepEqual(await daemon.ended, { exitCode: 1, signal: null });
    assert.match(daemon.stderr(), /error: daemon.mjs: did not stop within 300 ms; leaving\n$/);
    assert.equal(existsSync(daemon.pidFile), false);
  });
}

test('a daemon that cannot go on stops, and ends with the status of the cause', async (t) => {
  const daemon = startDaemon(t, ['pid-file', 'own-end']);
  await daemon.says(/=> running/);
  daemon.open('own-end');
  assert.deepEqual(await daemon.ended, { exitCode: 2, signal: null });
  assert.match(daemon.stderr(), /=> stopping cause=.*\n.*error: cannot go on: it ended; see why\n/);
  assert.equal(daemon.events(), 'start\nstop\nstopped\n');
  assert.equal(existsSync(daemon.pidFile), false);
});

test('a stop that goes wrong is said, and the status is not 0', async (t) => {
  const daemon = startDaemon(t, ['pid-file', 'failing-stop']);
  await daemon.says(/=> running/);
  daemon.process.kill('SIGTERM');
  assert.deepEqual(await daemon.ended, { exitCode: 1, signal: null });
  assert.match(daemon.stderr(), /error: daemon.mjs: stopping went wrong reason=.*failing-stop/);
  assert.equal(existsSync(daemon.pidFile), false);
});

test('a second daemon begins nothing while the first one runs, and takes over what a dead one left', async (t) => {
  const first = startDaemon(t, ['pid-file']);
  await first.says(/=> running/);
  const { directory } = first;
  const second = startDaemon(t, ['pid-file'], { directory });
  assert.deepEqual(await second.ended, { exitCode: 1, signal: null });
  const pid = first.process.pid;
  assert.match(second.stderr(), new RegExp(`names process ${pid}, a daemon.mjs that runs; stop it first`));
  assert.equal(first.events(), 'start\n', 'the second one began nothing');
  assert.equal(first.pid(), pid);
  first.process.kill('SIGKILL');
  await first.ended;
  assert.equal(first.pid(), pid);
  const third = startDaemon(t, ['pid-file'], { directory });
  await third.says(/=> running/);
  await eventually('the pid file is the third one’s', () => third.pid() === third.process.pid);
});
