/** Laws of ocf:extra:VirtualDomain about machines of which libvirt knows nothing any more. */
import assert from 'node:assert/strict';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { describe, it, type TestContext } from 'node:test';
import { OCF } from '../../support/agent-call.ts';
import { eventually } from '../../support/eventually.ts';
import { halfDead, unreaped } from '../../support/half-dead.ts';
import { isAlive, threadsOf } from '../../support/process-table.ts';
import { virtualDomain as agentFor } from './virtual-domain-call.ts';

const PROBE = { OCF_RESKEY_CRM_meta_interval: '0', OCF_RESKEY_CRM_meta_op_target_rc: '7' };
const DOMAIN = `half,dead-${process.pid}`;

/** libvirt knows no machine here. */
const virtualDomain = (t: TestContext, mark = '') => agentFor(t, { domain: DOMAIN, mark });

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

  it('a mark without an end is obeyed, and said to be there still; what is no mark, or one of before, is none', async (t) => {
    const ended = `r-1:${Math.floor(Date.now() / 1000) - 1}`;
    for (const mark of [
      'true',
      'TRUE',
      'yes',
      'r-1',
      'r-1:',
      'r-1:soon',
      ':9999999999',
      'r-1:9999999999999',
      ended,
    ]) {
      const { status, stderr } = await virtualDomain(t, mark).run('stop');
      assert.equal(status, OCF.success, `${mark}: ${stderr}`);
      const isObeyed = /leaving it to libvirt/.test(stderr);
      const isToldOf = /holds until somebody takes it away: attrd_updater -D -n force_stop-tested/.test(
        stderr,
      );
      assert.deepEqual([isObeyed, isToldOf], [mark === 'true', mark === 'true'], `${mark}: ${stderr}`);
    }
  });

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

  it('without its XML nothing is said not to run that may: what it started, or what nobody else did', async (t) => {
    const domain = `vm-${process.pid}`;
    const pidFile = `/run/libvirt/qemu/${domain}.pid`;
    mkdirSync('/run/libvirt/qemu', { recursive: true });
    t.after(() => rmSync(pidFile, { force: true }));
    const call = virtualDomain(t);
    rmSync(call.path('xml'));
    assert.equal((await call.run('monitor', PROBE)).status, OCF.notRunning);
    const pid = await halfDead(t, domain);
    writeFileSync(pidFile, String(pid));
    const both = async () => [(await call.run('monitor', PROBE)).status, (await call.run('stop')).status];
    assert.deepEqual(await both(), [OCF.generic, OCF.generic], 'nobody knows whose it is');
    assert.match((await call.run('stop')).stderr, new RegExp(`can't be read, and ${domain} runs here`));
    writeFileSync(call.path('run/VirtualDomain-other.domain'), `${domain}\n`);
    assert.deepEqual(await both(), [OCF.notRunning, OCF.success], 'it is that of another resource');
    writeFileSync(call.path('run/VirtualDomain-tested.domain'), `${domain}\n`);
    assert.deepEqual(await both(), [OCF.generic, OCF.generic], 'it has been started by this one');
    writeFileSync(call.path('run/VirtualDomain-tested.domain'), `${domain}x\n`);
    assert.deepEqual(await both(), [OCF.notRunning, OCF.success], 'another one has been started by this one');
    assert.ok(threadsOf(pid).length > 0);
  });

  it('a name that the installed agent would take for another is neither started nor said not to run', async (t) => {
    const domain = `vm-${process.pid}`;
    const pidFile = `/run/libvirt/qemu/${domain}.pid`;
    mkdirSync('/run/libvirt/qemu', { recursive: true });
    t.after(() => rmSync(pidFile, { force: true }));
    const call = virtualDomain(t);
    const pid = await halfDead(t, domain);
    for (const name of [
      '<name>a&amp;b</name>',
      '<name>a&#98;c</name>',
      '<name>\nb</name>',
      '<!--\n<name>old</name>\n-->\n<name>new</name>',
    ]) {
      writeFileSync(call.path('xml'), `<domain type='kvm'>\n${name}\n</domain>\n`);
      rmSync(pidFile, { force: true });
      const { status, stderr } = await call.run('start');
      assert.equal(status, OCF.configured, `${name}: ${stderr}`);
      assert.match(stderr, /names no machine in one line .*; write it so, or rename the machine/);
      assert.equal((await call.run('monitor', PROBE)).status, OCF.notRunning, name);
      writeFileSync(pidFile, String(pid));
      assert.equal((await call.run('monitor', PROBE)).status, OCF.generic, name);
      assert.equal((await call.run('stop')).status, OCF.generic, name);
    }
  });

  it('a dead one that nobody reaps keeps nobody waiting', async (t) => {
    const pid = await unreaped(t);
    assert.equal(isAlive(pid), false);
    const call = virtualDomain(t);
    assert.equal((await call.run('monitor')).status, OCF.notRunning);
    assert.equal((await call.run('stop')).status, OCF.success);
  });
});
