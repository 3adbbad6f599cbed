/** Laws of ocf:extra:VirtualDomain about machines of which libvirt knows nothing any more. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { describe, it, type TestContext } from 'node:test';
import { AgentCall, OCF } from '../../support/agent-call.ts';
import { eventually } from '../../support/eventually.ts';
import { halfDead, unreaped } from '../../support/half-dead.ts';
import { isAlive, threadsOf } from '../../support/process-table.ts';

const AGENT = 'host/agents/VirtualDomain';
const DOMAIN = `half,dead-${process.pid}`;

/** libvirt knows no machine here; `mark` is what pacemaker-attrd has. */
function virtualDomain(t: TestContext, mark = ''): AgentCall {
  const call = new AgentCall(t, AGENT, {});
  call.program(
    'virsh',
    'case $* in *uri*) echo qemu:///system ;; *) echo "error: failed to get domain" >&2; exit 1 ;; esac',
  );
  call.program(
    'attrd_updater',
    mark === '' ? 'exit 6' : `echo 'name="force_stop-tested" host="h" value="${mark}"'`,
  );
  writeFileSync(call.path('xml'), `<domain type='kvm'>\n  <name>${DOMAIN}</name>\n</domain>\n`);
  call.parameters = {
    config: call.path('xml'),
    hypervisor: 'qemu:///system',
    autoset_utilization_cpu: 'false',
    autoset_utilization_hv_memory: 'false',
  };
  return call;
}

describe('VirtualDomain', () => {
  for (const mark of ['', 'true']) {
    it(`a stop ${mark === '' ? 'without' : 'with'} a mark is done when no thread of it is left`, async (t) => {
      const pid = await halfDead(t, DOMAIN.replaceAll(',', ',,'));
      const { status, stderr } = await virtualDomain(t, mark).run('stop');
      assert.equal(status, OCF.success, stderr);
      assert.match(stderr, new RegExp(`QEMU \\(pid ${pid}\\) has not ended|ending .* \\(pid ${pid}\\)`));
      assert.deepEqual(threadsOf(pid), []);
    });
  }

  it('one that libvirt calls ended is not called so while a thread of it lives', async (t) => {
    const call = virtualDomain(t);
    assert.equal((await call.run('monitor')).status, OCF.notRunning);
    const pid = await halfDead(t, DOMAIN.replaceAll(',', ',,'));
    const { status, stderr } = await call.run('monitor');
    assert.equal(status, OCF.generic, stderr);
    assert.match(stderr, /libvirt calls .* ended, but its QEMU has not ended/);
    assert.equal((await call.run('start')).status, OCF.generic);
    process.kill(pid, 'SIGKILL');
    await eventually('it has ended', () => threadsOf(pid).length === 0);
    assert.equal((await call.run('monitor')).status, OCF.notRunning);
  });

  it('a dead one that nobody reaps keeps nobody waiting', async (t) => {
    const pid = await unreaped(t);
    assert.equal(isAlive(pid), false);
    const call = virtualDomain(t);
    assert.equal((await call.run('monitor')).status, OCF.notRunning);
    assert.equal((await call.run('stop')).status, OCF.success);
  });
});
