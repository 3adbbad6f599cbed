/** Where a machine is sent is said before it goes, and nobody else starts it until that node has looked. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { OCF } from '../../support/agent-call.ts';
import { UNSET, virtualDomain } from './virtual-domain-call.ts';

const DOMAIN = 'pmk-arriving';
const HERE = { OCF_RESKEY_CRM_meta_on_node: 'hosta' };
const TO_HOSTB = { ...HERE, OCF_RESKEY_CRM_meta_migrate_target: 'hostb' };
const at = (host: string, value = host) => `echo 'name="arriving-tested" host="${host}" value="${value}"'`;
const SOON = Math.floor(Date.now() / 1_000) + 600;
/** What crm_mon tells: one node is there, one is lost, one was fenced. */
const NODES = `cat <<END
<nodes>
  <node name="hostb" id="2" online="true" standby="false" unclean="false" type="member"/>
  <node name="hostc" id="3" online="false" standby="false" unclean="true" type="member"/>
  <node name="hoste" id="4" online="false" standby="false" unclean="false" type="member"/>
</nodes>
END`;
/** libvirt knows the machine, runs it not, and can't start it. */
const OFF = 'case $* in *domstate*) echo "shut off" ;; *create* | *start*) exit 1 ;; esac';
const SENDS =
  'case $* in *domstate*) if grep -qs sent "$D/attributes"; then echo "shut off"; else echo running; fi ;; *migrate*) echo sent >>"$D/attributes" ;; esac';
const RUNS =
  'case $* in *domstate*) if [ -e "$D/off" ]; then echo "shut off"; else echo running; fi ;; *migrate*) touch "$D/migrated" ;; *shutdown*) touch "$D/off" ;; esac';
const told = 'echo "$*" >>"$D/attributes"';

describe('a machine that is sent', () => {
  it('is announced where it goes, quietly, before it goes', async (t) => {
    const call = virtualDomain(t, { domain: DOMAIN, virsh: SENDS, told });
    await call.run('migrate_to', TO_HOSTB);
    const words = (value: string) => `--name=arriving-tested --node=hostb --update-both=${value} --delay=60s`;
    const [first = '', ...later] = call.attributes();
    const until = Number(/^--name=.*=sending:hosta:(\d+) --delay=60s$/.exec(first)?.[1]);
    assert.equal(first, words(`sending:hosta:${until}`));
    assert.ok(until > Date.now() / 1_000 + 60, 'it holds for longer than the migration may take');
    assert.deepEqual(later, ['sent', words('sent')], 'then it is sent, and at last nothing more will come');
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
      arrived: `case $* in *--all*) echo "attrd is away" >&2; exit 102 ;; *) ${UNSET} ;; esac`,
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

  it('is not sent when nobody can be told', async (t) => {
    const call = virtualDomain(t, { domain: DOMAIN, virsh: RUNS, told: 'exit 102' });
    const { status, stderr } = await call.run('migrate_to', TO_HOSTB);
    assert.equal(status, OCF.success, 'a failure might cost the node its power');
    assert.match(stderr, /it is not sent/);
    assert.ok(!existsSync(call.path('migrated')));
  });

  it('is not sent when it can not be noted that it was', async (t) => {
    const call = virtualDomain(t, { domain: DOMAIN, virsh: RUNS, told });
    rmSync(call.path('run'), { recursive: true });
    const { status, stderr } = await call.run('migrate_to', TO_HOSTB);
    assert.equal(status, OCF.success, 'a failure might cost the node its power');
    assert.match(stderr, /can't be written; .* is not sent/);
    assert.match(call.attributes().at(-1) ?? '', /--node=hostb --update-both=sent/);
    assert.ok(!existsSync(call.path('migrated')));
  });

  it('is not started where it may still come, whatever else was begun there', async (t) => {
    const virsh =
      'case $* in *domstate*) if [ -e "$D/on" ]; then echo running; else echo "shut off"; fi ;; *create*) touch "$D/on" ;; *shutdown*) rm -f "$D/on" ;; *capabilities*) exit 1 ;; esac';
    const soon = { OCF_RESKEY_CRM_meta_on_node: 'hosta', OCF_RESKEY_CRM_meta_timeout: '4000' };
    for (const [arrival, isStarted] of [
      [at('hosta', `sending:hostb:${SOON}`), false],
      ['exit 102', false],
      [at('hosta', 'sending:hostb:1000'), true],
    ] as const) {
      const call = virtualDomain(t, { domain: DOMAIN, virsh, told, arrived: arrival });
      call.program('crm_mon', NODES);
      writeFileSync(call.path('run/VirtualDomain-tested.place.new'), '999999999\n');
      const { status, stderr } = await call.run('start', soon);
      assert.equal(status, isStarted ? OCF.success : OCF.generic, stderr);
      assert.equal(existsSync(call.path('on')), isStarted);
      if (isStarted) continue;
      assert.match(stderr, /ocf-exit-reason:.* is not started while it may come from another node/);
      const probe = { OCF_RESKEY_CRM_meta_interval: '0', OCF_RESKEY_CRM_meta_op_target_rc: '7' };
      await call.run('monitor', probe);
      await call.run('stop', soon);
      assert.ok(!call.attributes().includes('--name=arriving-tested --delete'));
      if (arrival !== 'exit 102') assert.deepEqual(call.attributes(), [], 'what was announced stays');
    }
  });

  for (const [about, arrival, nodes, isOver] of [
    ['has been sent', 'sent', NODES, true],
    ['is announced by a version before', 'hosta', NODES, true],
    ['may be on its way', `sending:hostb:${SOON}`, NODES, false],
    ['may be on its way from a node that is unclean', `sending:hostc:${SOON}`, NODES, false],
    ['may be on its way from a node that nobody knows', `sending:hostd:${SOON}`, NODES, false],
    ['was on its way from a node that was fenced', `sending:hoste:${SOON}`, NODES, true],
    ['was on its way when the time was over', 'sending:hostb:1000', NODES, true],
    ['may be on its way, and Pacemaker does not answer', `sending:hoste:${SOON}`, 'exit 102', false],
  ] as const) {
    it(`that ${about} is announced ${isOver ? 'no longer' : 'still'} when nothing is found of it`, async (t) => {
      const call = virtualDomain(t, { domain: DOMAIN, told, arrived: at('hosta', arrival) });
      call.program('crm_mon', nodes);
      const deleted = () =>
        call.attributes().filter((words) => words === '--name=arriving-tested --delete').length;
      const probe = { OCF_RESKEY_CRM_meta_interval: '0', OCF_RESKEY_CRM_meta_op_target_rc: '7' };
      assert.equal((await call.run('monitor', probe)).status, OCF.notRunning);
      assert.equal(deleted(), isOver ? 1 : 0);
      const inASecond = { OCF_RESKEY_CRM_meta_timeout: '11000' };
      assert.equal((await call.run('stop', inASecond)).status, OCF.success);
      assert.equal(deleted(), isOver ? 2 : 0);
    });
  }

  it('is announced still when it was somebody who looked, and not Pacemaker', async (t) => {
    const call = virtualDomain(t, { domain: DOMAIN, told, arrived: at('hosta', 'sent') });
    const byHand = { OCF_RESKEY_CRM_meta_interval: '0' };
    assert.equal((await call.run('monitor', byHand)).status, OCF.notRunning);
    assert.deepEqual(call.attributes(), []);
  });

  it('and comes while its sender is asked for has not been missed', async (t) => {
    const comes = `python3 -c 'import time; time.sleep(1000)' -name 'guest=${DOMAIN}' >/dev/null 2>&1 & echo $! >"$D/pid"; sleep 1`;
    const arrived = `if [ ! -e "$D/pid" ]; then ${comes}; fi; ${at('hosta', 'sent')}`;
    const call = virtualDomain(t, { domain: DOMAIN, told, arrived });
    const probe = { OCF_RESKEY_CRM_meta_interval: '0', OCF_RESKEY_CRM_meta_op_target_rc: '7' };
    const { status, stderr } = await call.run('monitor', probe);
    process.kill(Number(readFileSync(call.path('pid'), 'utf8')), 'SIGKILL');
    assert.equal(status, OCF.generic, stderr);
    assert.deepEqual(call.attributes(), []);
  });

  it('keeps no stop waiting for long where nobody can be asked', async (t) => {
    const call = virtualDomain(t, { domain: DOMAIN, told, arrived: 'echo "attrd is away" >&2; exit 102' });
    const { status, stderr } = await call.run('stop', { OCF_RESKEY_CRM_meta_timeout: '90000' }, 30_000);
    assert.equal(status, OCF.success);
    assert.match(stderr, /pacemaker-attrd does not tell/);
    assert.deepEqual(call.attributes(), []);
  });

  it('and comes while it is stopped here is ended here', async (t) => {
    const call = virtualDomain(t, { domain: DOMAIN, told, arrived: at('hosta', `sending:hostb:${SOON}`) });
    call.program('crm_mon', NODES);
    const stopped = call.run('stop', { OCF_RESKEY_CRM_meta_timeout: '60000' });
    await sleep(1_000);
    const come = spawn('python3', [
      '-c',
      'import time; time.sleep(1000)',
      '-name',
      `guest=${DOMAIN},debug-threads=on`,
    ]);
    const ended = once(come, 'exit');
    t.after(() => come.kill('SIGKILL'));
    const { status, stderr } = await stopped;
    assert.equal(status, OCF.success, stderr);
    assert.match(stderr, /has come while it was stopped here/);
    assert.deepEqual(await ended, [null, 'SIGKILL']);
    assert.ok(call.attributes().includes('--name=arriving-tested --delete'));
  });

  it('needs nothing to be told where nothing was announced', async (t) => {
    const call = virtualDomain(t, { domain: DOMAIN, told });
    assert.equal((await call.run('stop')).status, OCF.success);
    assert.deepEqual(call.attributes(), []);
  });
});
