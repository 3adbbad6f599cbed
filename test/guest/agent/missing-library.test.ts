/** Law: the guest's side of vm-connectd ends, and names its package, where its part of serialport is not installed. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

test('without its library vm-connectd -t guest says what to install, and ends with a failure', (t) => {
  const folder = temporaryDirectory(t);
  // As on a host that has the package of hosts alone.
  cpSync('dist/sbin/vm-connectd', join(folder, 'sbin/vm-connectd'));
  const filter = (path: string) => !path.endsWith('.node');
  cpSync('dist/lib/pm-kvm-tools', join(folder, 'lib/pm-kvm-tools'), { recursive: true, filter });
  const words = ['-t', 'guest', '--port', join(folder, 'port'), '--socket', join(folder, 'socket')];
  const env = { ...process.env, PM_KVM_TOOLS_LOG: 'plain' };
  const { status, stderr } = spawnSync(join(folder, 'sbin/vm-connectd'), words, {
    encoding: 'utf8',
    env,
    timeout: 60_000,
  });
  assert.equal(status, 1, stderr);
  assert.match(stderr, /error: cannot open any port .*serialport-.*needs the package pm-kvm-tools-guest/);
  assert.doesNotMatch(stderr, /Require stack|=> running/);
});
