import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fixturePath, type RunningFixture, startFixture } from '../../support/run-fixture.ts';
import { eventOf, startDaemon } from '../../support/start-daemon.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

/** Stands in for systemd. */
async function serviceManager(t: TestContext, path: string): Promise<RunningFixture> {
  const manager = startFixture([fixturePath('receive-datagrams'), path]);
  t.after(() => manager.process.kill());
  await manager.says(/listening/);
  return manager;
}

test('systemd is told when the daemon is ready, and not before', async (t) => {
  const directory = temporaryDirectory(t);
  const path = join(directory, 'notify');
  const manager = await serviceManager(t, path);
  const daemon = startDaemon(t, ['gated-start'], { directory, env: { NOTIFY_SOCKET: path } });
  await eventOf(daemon, 'start');
  assert.equal(manager.stdout(), 'listening\n');
  daemon.open('gated-start');
  await manager.says(new RegExp(`^MAINPID=${daemon.process.pid} READY=1$`, 'm'));
  await daemon.says(/=> running/);
  assert.doesNotMatch(daemon.stderr(), /warning/);
});

test('a daemon that cannot tell systemd says so and runs all the same', async (t) => {
  const directory = temporaryDirectory(t);
  const env = { NOTIFY_SOCKET: join(directory, 'nobody') };
  const daemon = startDaemon(t, [], { directory, env });
  await daemon.says(/=> running/);
  assert.match(daemon.stderr(), /warning: systemd could not be told state="READY=1" reason=/);
});

test('without systemd there is nobody to tell', async (t) => {
  const directory = temporaryDirectory(t);
  const daemon = startDaemon(t, [], { directory, env: { NOTIFY_SOCKET: '', PATH: directory } });
  await daemon.says(/=> running/);
  assert.doesNotMatch(daemon.stderr(), /warning/);
});
