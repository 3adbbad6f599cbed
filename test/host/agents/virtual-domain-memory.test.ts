/** Laws of ocf:extra:VirtualDomain about the saved memory of machines, from which they would go on after a fencing. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { describe, it, type TestContext } from 'node:test';
import { OCF } from '../../support/agent-call.ts';
import { halfDead } from '../../support/half-dead.ts';
import { threadsOf } from '../../support/process-table.ts';
import { asked, libvirtFile, virtualDomain } from './virtual-domain-call.ts';

const DOMAIN = `saved-${process.pid}`;

function saved(t: TestContext, mark: string) {
  const call = virtualDomain(t, { domain: DOMAIN, mark });
  call.parameters = { ...call.parameters, snapshot: call.directory };
  const own = call.path(`${DOMAIN}.state`);
  writeFileSync(own, 'memory');
  const managed = libvirtFile(t, `/var/lib/libvirt/qemu/save/${DOMAIN}.save`, 'memory');
  return { call, files: [own, managed] };
}

describe('VirtualDomain and saved memory', () => {
  for (const isRunning of [true, false]) {
    it(`a stop with a mark leaves no memory of one that ${isRunning ? 'runs' : 'has ended'}`, async (t) => {
      const { call, files } = saved(t, 'true');
      const pid = isRunning ? await halfDead(t, DOMAIN) : undefined;
      const { status, stderr } = await call.run('stop');
      assert.equal(status, OCF.success, stderr);
      assert.deepEqual(files.map(existsSync), [false, false]);
      assert.deepEqual(pid === undefined ? [] : threadsOf(pid), []);
      assert.ok(!asked(call).some((words) => / (managed)?save /.test(words)));
    });
  }

  it('a stop without a mark leaves it where it is', async (t) => {
    const { call, files } = saved(t, '');
    assert.equal((await call.run('stop')).status, OCF.success);
    assert.deepEqual(files.map(existsSync), [true, true]);
  });

  it('a mark that comes when it has been saved counts', async (t) => {
    const { call, files } = saved(t, '');
    // Not there when the stop begins, and there when the installed agent has ended.
    call.program(
      'attrd_updater',
      'case $* in *--query*) ;; *) exit ;; esac; echo >>"$D/looks"; [ "$(wc -l <"$D/looks")" -gt 1 ] || exit 6\necho \'name="force_stop-tested" host="h" value="true"\'',
    );
    assert.equal((await call.run('stop')).status, OCF.success);
    assert.deepEqual(files.map(existsSync), [false, false]);
  });

  it('what cannot be removed is no success', async (t) => {
    const call = virtualDomain(t, { domain: DOMAIN, mark: 'true' });
    call.parameters = { ...call.parameters, snapshot: call.directory };
    mkdirSync(call.path(`${DOMAIN}.state`));
    const { status, stderr } = await call.run('stop');
    assert.equal(status, OCF.generic);
    assert.match(stderr, /ocf-exit-reason:.* would go on from .*\.state, which can't be removed; remove it/);
  });
});
