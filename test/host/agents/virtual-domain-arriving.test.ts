/** Where a machine is sent is said before it goes, and nobody else starts it until that node has looked. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { OCF } from '../../support/agent-call.ts';
import { virtualDomain } from './virtual-domain-call.ts';

const DOMAIN = 'pmk-arriving';
const HERE = { OCF_RESKEY_CRM_meta_on_node: 'hosta' };
const TO_HOSTB = { ...HERE, OCF_RESKEY_CRM_meta_migrate_target: 'hostb' };
const at = (host: string, value = host) => `echo 'name="arriving-tested" host="${host}" value="${value}"'`;
/** libvirt knows the machine, runs it not, and can't start it. */
const OFF = 'case $* in *domstate*) echo "shut off" ;; *create* | *start*) exit 1 ;; esac';
const SENDS =
  'case $* in *domstate*) if grep -qs sent "$D/attributes"; then echo "shut off"; else echo running; fi ;; *migrate*) echo sent >>"$D/attributes" ;; esac';
const told = 'echo "$*" >>"$D/attributes"';

describe('a machine that is sent', () => {
  it('is announced where it goes, quietly, before it goes', async (t) => {
    const call = virtualDomain(t, { domain: DOMAIN, virsh: SENDS, told });
    await call.run('migrate_to', TO_HOSTB);
    const [first, ...later] = call.attributes();
    assert.equal(first, '--name=arriving-tested --node=hostb --update-both=hostb --delay=60s');
    assert.ok(later.includes('sent'), 'and then it is sent');
  });

  for (const shell of [['dash'], ['bash', '--posix']]) {
    it(`has gone when the installed agent says so, whichever shell runs this one (${shell.join(' ')})`, async (t) => {
      const call = virtualDomain(t, { domain: DOMAIN, virsh: SENDS, shell });
      const { status, stderr } = await call.run('migrate_to', TO_HOSTB);
      assert.equal(status, OCF.success, stderr);
      assert.equal((await call.run('stop')).status, OCF.success);
    });
  }

  it('is not started here while another node has not looked', async (t) => {
    const call = virtualDomain(t, { domain: DOMAIN, virsh: OFF, arrived: at('hostb') });
    const { status, stderr } = await call.run('start', HERE);
    assert.equal(status, OCF.generic);
    assert.match(
      stderr,
      /ocf-exit-reason:pmk-arriving was sent to hostb, which has not looked since; make it look: crm_resource --refresh -r tested/,
    );
  });

  it('is not started while nobody tells whether it was sent', async (t) => {
    const call = virtualDomain(t, {
      domain: DOMAIN,
      virsh: OFF,
      arrived: 'echo "attrd is away" >&2; exit 102',
    });
    const { status, stderr } = await call.run('start', HERE);
    assert.equal(status, OCF.generic);
    assert.match(stderr, /ocf-exit-reason:pacemaker-attrd does not tell .*attrd is away/);
  });

  it('may start where it was sent, and where the attribute is empty', async (t) => {
    for (const arrived of [at('hosta'), at('hostb', ''), `${at('hosta')}; ${at('hostb', '')}`]) {
      const call = virtualDomain(t, { domain: DOMAIN, virsh: OFF, arrived });
      const { stderr } = await call.run('start', HERE);
      assert.doesNotMatch(stderr, /was sent to|does not tell/);
    }
  });

  it('is looked for by a probe, and ended by a stop: then it is announced no longer', async (t) => {
    const call = virtualDomain(t, { domain: DOMAIN, told });
    const deleted = () =>
      call.attributes().filter((words) => words === '--name=arriving-tested --delete').length;
    assert.equal((await call.run('monitor', { OCF_RESKEY_CRM_meta_interval: '0' })).status, OCF.notRunning);
    assert.equal(deleted(), 1);
    assert.equal((await call.run('monitor')).status, OCF.notRunning);
    assert.equal((await call.run('stop')).status, OCF.success);
    assert.equal(deleted(), 2);
  });
});
