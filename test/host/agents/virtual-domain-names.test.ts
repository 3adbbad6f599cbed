/** Laws of ocf:extra:VirtualDomain about names that virsh takes for another machine, or for none. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { OCF } from '../../support/agent-call.ts';
import { halfDead } from '../../support/half-dead.ts';
import { MISREAD_NAMES, PLAIN_NAMES } from '../../support/misread-names.ts';
import { threadsOf } from '../../support/process-table.ts';
import { asked, libvirtFile, statusXml, UUID, virtualDomain } from './virtual-domain-call.ts';

// Of this process alone: what is ended is looked for on the whole machine.
const NUMBER = String(process.pid);
/** A libvirt that has every machine running: it is another one that it speaks of. */
const ANOTHER_RUNS = 'case $* in *list*) echo another ;; *) echo running ;; esac';
const TO_OTHER = { OCF_RESKEY_CRM_meta_migrate_target: 'other' };

const twelve = { domain: NUMBER, virsh: ANOTHER_RUNS };

describe('VirtualDomain and names that virsh misreads', () => {
  it('such a machine is not started, whatever virsh says, and virsh is never asked of it', async (t) => {
    const call = virtualDomain(t, { ...twelve, mark: 'true' });
    for (const [name, what] of MISREAD_NAMES) {
      writeFileSync(call.path('xml'), `<domain>\n<name>${name}</name>\n</domain>\n`);
      const { status, stderr } = await call.run('start');
      assert.equal(status, OCF.configured, `${name}: ${stderr}`);
      const reason = stderr.split('\n').find((line) => line.startsWith('ocf-exit-reason:')) ?? '';
      assert.ok(reason.includes(`name "${name}"`), reason);
      assert.match(reason, new RegExp(`is ${what} to virsh.*; rename it \\(virsh domrename`));
      assert.equal((await call.run('validate-all')).status, OCF.configured, name);
      assert.equal((await call.run('monitor')).status, OCF.notRunning, name);
      assert.equal((await call.run('stop')).status, OCF.success, name);
    }
    assert.deepEqual(asked(call), []);
  });

  it('a name that means itself is refused nothing', async (t) => {
    const call = virtualDomain(t, { domain: NUMBER });
    for (const name of PLAIN_NAMES) {
      writeFileSync(call.path('xml'), `<domain>\n<name>${name}</name>\n</domain>\n`);
      const { status, stderr } = await call.run('validate-all');
      assert.equal(status, OCF.success, `${name}: ${stderr}`);
    }
  });

  it('one that runs is known by its QEMU, and a stop with a mark ends that one by itself', async (t) => {
    for (const name of [NUMBER, `web ${NUMBER}`]) {
      const call = virtualDomain(t, { domain: name, virsh: ANOTHER_RUNS, mark: 'true' });
      const pid = await halfDead(t, name);
      assert.equal((await call.run('monitor')).status, OCF.success);
      const { status, stderr } = await call.run('stop');
      assert.equal(status, OCF.success, stderr);
      assert.deepEqual(threadsOf(pid), []);
      assert.deepEqual(asked(call), []);
      assert.equal((await call.run('monitor')).status, OCF.notRunning);
    }
  });

  it('a stop without a mark asks it to shut down, by its UUID, before it ends it', async (t) => {
    const call = virtualDomain(t, twelve);
    libvirtFile(t, `/run/libvirt/qemu/${NUMBER}.xml`, statusXml(NUMBER));
    const pid = await halfDead(t, NUMBER);
    const { status, stderr } = await call.run('stop', { OCF_RESKEY_CRM_meta_timeout: '6000' });
    assert.equal(status, OCF.success, stderr);
    assert.deepEqual(threadsOf(pid), []);
    assert.deepEqual(asked(call), [`--quiet --connect=qemu:///system shutdown -- ${UUID}`]);
  });

  it('it is not migrated, and that it was not costs the node nothing', async (t) => {
    const call = virtualDomain(t, twelve);
    const pid = await halfDead(t, NUMBER);
    assert.equal((await call.run('migrate_to', TO_OTHER)).status, OCF.success);
    const source = { OCF_RESKEY_CRM_meta_migrate_source: 'other' };
    assert.equal((await call.run('migrate_from', source)).status, OCF.configured);
    assert.ok(threadsOf(pid).length > 0);
    assert.deepEqual(asked(call), []);
  });

  it('under another hypervisor it is told by its name among those that run, and ended by nobody', async (t) => {
    const call = virtualDomain(t, {
      domain: NUMBER,
      virsh: `case $* in *list*) cat "$D/names" ;; *) echo running ;; esac`,
      mark: 'true',
    });
    call.parameters = { ...call.parameters, hypervisor: 'lxc:///' };
    const both = async () => [(await call.run('monitor')).status, (await call.run('stop')).status];
    writeFileSync(call.path('names'), `1${NUMBER}\n`);
    assert.deepEqual(await both(), [OCF.notRunning, OCF.success]);
    writeFileSync(call.path('names'), `${NUMBER}\n`);
    assert.deepEqual(await both(), [OCF.success, OCF.generic]);
    writeFileSync(call.path('names'), '');
    assert.ok(asked(call).every((words) => words.endsWith('list --name')));
  });
});
