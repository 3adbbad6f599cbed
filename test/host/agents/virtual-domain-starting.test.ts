/** A start that is under way is announced until Pacemaker knows of it: the node may tell of the stop before it meanwhile. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { describe, it, type TestContext } from 'node:test';
import { OCF } from '../../support/agent-call.ts';
import { eventually } from '../../support/eventually.ts';
import { isAlive } from '../../support/process-table.ts';
import { UNSET, virtualDomain } from './virtual-domain-call.ts';

const DOMAIN = 'pmk-starting';
const CAN_START =
  'case $* in *domstate*) if [ -e "$D/on" ]; then echo running; else echo "shut off"; fi ;; *create*) cp "$D/attributes" "$D/on" ;; *destroy* | *shutdown*) rm -f "$D/on" ;; esac';
const CANNOT_START = 'case $* in *domstate*) echo "shut off" ;; *create*) exit 1 ;; esac';
const told = 'echo "$*" >>"$D/attributes"';
const HERE = { OCF_RESKEY_CRM_meta_on_node: 'hosta' };
const ANNOUNCED = /^--name=arriving-tested --update-both=starting --delay=60s$/;
const DELETED = '--name=arriving-tested --delete';
const PROBE = { ...HERE, OCF_RESKEY_CRM_meta_interval: '0', OCF_RESKEY_CRM_meta_op_target_rc: '7' };
/** Alone with its own processes: other laboratories of this machine have a libvirtd, too. Whatever is left ends with it. */
const AMONG_ITS_OWN = ['unshare', '--pid', '--fork', '--mount-proc'];
/** Runs the rest beside a process of the name that is given first. */
const BESIDE =
  'cp /bin/sleep "$(dirname "$HA_RSCTMP")/$1"; "$(dirname "$HA_RSCTMP")/$1" 1000 >&- 2>&- & shift; "$@"';
/** Whoever begins the rest, and ends when the rest has ended OTHER, for which it waits. */
const ENDS_EARLY =
  '[ -n "$OTHER" ] || exec "$@"; "$@" & while kill -0 "$OTHER" 2>/dev/null; do sleep 0.05; done';
const notConnected = (why: string) =>
  `error: failed to connect to the hypervisor\nerror: Failed to connect socket to '/var/run/libvirt/libvirt-sock': ${why}`;
const STARTING = `echo 'name="arriving-tested" host="hosta" value="starting"'`;

describe('a start', () => {
  it('is announced before it begins, and still when it has succeeded, until a monitor of Pacemaker finds the machine', async (t) => {
    const call = virtualDomain(t, { domain: DOMAIN, virsh: CAN_START, told });
    const { status, stderr } = await call.run('start', HERE);
    assert.equal(status, OCF.success, stderr);
    const [first = '', ...later] = call.attributes();
    assert.match(first, ANNOUNCED);
    assert.deepEqual(later, []);
    const byHand = { OCF_RESKEY_CRM_meta_interval: '' };
    assert.equal((await call.run('monitor', byHand)).status, OCF.success);
    assert.deepEqual(call.attributes().slice(1), [], 'somebody who looks is not Pacemaker');
    for (let look = 0; look < 2; look++) assert.equal((await call.run('monitor', HERE)).status, OCF.success);
    assert.deepEqual(call.attributes().slice(1), [DELETED], 'once');
  });

  it('that fails and leaves nothing is announced no longer', async (t) => {
    const call = virtualDomain(t, { domain: DOMAIN, virsh: CANNOT_START, told });
    assert.notEqual((await call.run('start', HERE)).status, OCF.success);
    assert.equal(call.attributes().at(-1), DELETED);
  });

  it('that can not be announced is none', async (t) => {
    const call = virtualDomain(t, { domain: DOMAIN, virsh: CAN_START, told: 'exit 102' });
    const { status, stderr } = await call.run('start', HERE);
    assert.equal(status, OCF.generic);
    assert.match(
      stderr,
      /ocf-exit-reason:pacemaker-attrd does not take it that pmk-starting is started here/,
    );
    assert.equal((await call.run('monitor', HERE)).status, OCF.notRunning);
  });

  it('whose announcement can not be taken back yet is looked at again by the next monitor', async (t) => {
    const call = virtualDomain(t, {
      domain: DOMAIN,
      virsh: CAN_START,
      told: `${told}; case $* in *--delete) [ -e "$D/answers" ] ;; esac`,
    });
    assert.equal((await call.run('start', HERE)).status, OCF.success);
    await call.run('monitor', HERE);
    writeFileSync(call.path('answers'), '');
    for (let look = 0; look < 2; look++) await call.run('monitor', HERE);
    assert.deepEqual(call.attributes().slice(1), [DELETED, DELETED]);
  });

  it('that was killed is under way for as long as libvirt has not answered, and what comes then is ended by a stop', async (t) => {
    const slow =
      'case $* in *domstate*) echo "shut off" ;; *create*) echo $$ >"$D/asks"; while [ ! -e "$D/go" ]; do sleep 0.1; done; setsid python3 -c "import time; time.sleep(1000)" -name guest=pmk-starting >/dev/null 2>&1 & echo $! >"$D/qemu"; exit ;; esac';
    const call = virtualDomain(t, { domain: DOMAIN, virsh: slow, told, arrived: STARTING });
    const start = call.run('start', { ...HERE, OCF_RESKEY_CRM_meta_timeout: '3000' }, 3_000);
    await assert.rejects(start, /did not end within/);
    assert.ok(existsSync(call.path('asks')));
    assert.equal((await call.run('monitor', PROBE)).status, OCF.notRunning);
    assert.ok(!call.attributes().includes(DELETED), 'nothing found is nothing known');
    const starter = Number(
      readFileSync(call.path('run/VirtualDomain-tested.place.new'), 'utf8').split('\n')[1],
    );
    assert.ok(isAlive(starter));
    const stop = call.run('stop', { ...HERE, OCF_RESKEY_CRM_meta_timeout: '40000' });
    writeFileSync(call.path('go'), '');
    const { status, stderr } = await stop;
    assert.equal(status, OCF.success, stderr);
    assert.match(
      stderr,
      /has come while it was stopped here; ending it|its QEMU \(pid \d+\) has not ended yet/,
    );
    assert.ok(!isAlive(Number(readFileSync(call.path('qemu'), 'utf8'))));
    assert.ok(call.attributes().includes(DELETED));
    await eventually('nobody waits for it any more', () => !isAlive(starter));
  });

  it('whose virsh had no answer is under way until libvirt answers others, and does not have it among its running ones', async (t) => {
    const deaf =
      'case $* in *domstate*) echo "shut off" ;; *create*) exit 1 ;; *capabilities*) [ -e "$D/answers" ] ;; *list*) [ ! -e "$D/has" ] || echo pmk-starting ;; esac';
    const call = virtualDomain(t, { domain: DOMAIN, virsh: deaf, told, arrived: STARTING });
    const isDeleted = () => call.attributes().includes(DELETED);
    assert.notEqual((await call.run('start', HERE)).status, OCF.success);
    writeFileSync(call.path('has'), '');
    assert.equal((await call.run('monitor', PROBE)).status, OCF.notRunning);
    writeFileSync(call.path('answers'), '');
    assert.equal((await call.run('monitor', PROBE)).status, OCF.notRunning);
    const soon = { ...HERE, OCF_RESKEY_CRM_meta_timeout: '13000' };
    assert.match((await call.run('stop', soon)).stderr, /may still be on its way here \(starting\)/);
    assert.ok(!isDeleted());
    rmSync(call.path('has'));
    assert.equal((await call.run('stop', HERE)).status, OCF.success);
    assert.ok(isDeleted());
  });

  describe('whose libvirtd takes no connection', () => {
    const away =
      'case $* in *domstate*) echo "shut off" ;; *create*) exit 1 ;; *) echo "$ABSENT" >&2; exit 1 ;; esac';
    const stopped = async (t: TestContext, absent: string, ...shell: readonly string[]) => {
      const play = { domain: DOMAIN, virsh: away.replace('$ABSENT', absent), told, arrived: STARTING };
      const call = virtualDomain(t, { ...play, shell: [...AMONG_ITS_OWN, ...shell] });
      const { status, stderr } = await call.run('stop', { ...HERE, OCF_RESKEY_CRM_meta_timeout: '4000' });
      assert.equal(status, OCF.success, stderr);
      return call.attributes().includes(DELETED);
    };

    for (const why of ['Connection refused', 'No such file or directory'])
      it(`is over: ${why}`, async (t) => {
        assert.ok(await stopped(t, notConnected(why)));
      });

    it('is off without a QEMU: a stop with a mark succeeds', async (t) => {
      const said = notConnected('No such file or directory');
      const call = virtualDomain(t, {
        domain: DOMAIN,
        mark: 'r1:99999999999',
        told,
        shell: AMONG_ITS_OWN,
      });
      for (const [why, status] of [
        [said, OCF.success],
        ['error: Cannot recv data: Connection reset by peer', OCF.generic],
      ] as const) {
        call.program('virsh', `echo "${why}" >&2; exit 1`);
        assert.equal((await call.run('stop', HERE)).status, status, why);
      }
    });

    it('is not over while one lives that has closed its socket, as it does first when it is told to end', async (t) => {
      for (const name of ['libvirtd', 'virtqemud']) {
        const draining = ['/bin/sh', '-c', BESIDE, 'sh', name];
        assert.equal(await stopped(t, notConnected('No such file or directory'), ...draining), false);
      }
    });

    it('is not over for another file that is not there', async (t) => {
      for (const said of ['error: cannot open /sys/devices/system: No such file or directory', ''])
        assert.equal(await stopped(t, said), false);
    });
  });

  it('that was killed is under way while who asked libvirt lives, also when pacemaker-attrd has forgotten it', async (t) => {
    const mute =
      'case $* in *domstate*) echo "shut off" ;; *create*) while [ -e "$D" ]; do sleep 0.1; done ;; esac';
    const call = virtualDomain(t, { domain: DOMAIN, virsh: mute, told: `${told}; [ ! -e "$D/deaf" ]` });
    await assert.rejects(call.run('start', HERE, 3_000), /did not end within/);
    const announced = () => call.attributes().filter((words) => ANNOUNCED.test(words)).length;
    assert.equal(announced(), 1);
    const soon = { ...HERE, OCF_RESKEY_CRM_meta_timeout: '6000' };
    const { status, stderr } = await call.run('stop', soon);
    assert.equal(status, OCF.success, stderr);
    assert.match(stderr, /may still be on its way here \(starting\)/);
    assert.equal(announced(), 2, 'and is told it again');
    assert.equal((await call.run('monitor', PROBE)).status, OCF.notRunning);
    assert.equal(announced(), 3);
    writeFileSync(call.path('deaf'), '');
    assert.equal((await call.run('stop', soon)).status, OCF.generic, 'what nobody is told is no success');
    assert.equal((await call.run('monitor', PROBE)).status, OCF.generic);
    assert.ok(!call.attributes().includes(DELETED));
  });

  it('that waits for another is none when its pacemaker-execd has ended meanwhile', async (t) => {
    const call = virtualDomain(t, {
      domain: DOMAIN,
      virsh: CAN_START,
      told,
      shell: ['/bin/sh', '-c', ENDS_EARLY, 'sh', '/bin/sh'],
    });
    writeFileSync(call.path('VirtualDomain'), 'sleep 1000\n');
    const other = spawn('sh', [call.path('VirtualDomain'), 'start'], { detached: true, stdio: 'ignore' });
    t.after(() => other.kill('SIGKILL'));
    writeFileSync(call.path('run/VirtualDomain-tested.place.new'), `${other.pid}\n`);
    await call.run('start', { ...HERE, OTHER: String(other.pid) });
    assert.deepEqual(call.attributes(), []);
    assert.ok(!existsSync(call.path('on')));
  });

  it('that libvirt was never asked for leaves no doubt', async (t) => {
    const deaf = 'case $* in *domstate*) echo "shut off" ;; *) exit 1 ;; esac';
    const elsewhere = `echo 'name="arriving-tested" host="hostb" value="sent"'`;
    const call = virtualDomain(t, { domain: DOMAIN, virsh: deaf, told, arrived: elsewhere });
    assert.equal((await call.run('start')).status, OCF.generic);
    assert.equal(call.attributes().at(-1), DELETED);
  });

  it('for which libvirt was asked twice is ended twice', async (t) => {
    const come =
      'setsid python3 -c "import time; time.sleep(1000)" -name guest=pmk-starting >/dev/null 2>&1 & echo $! >>"$D/qemus"; sleep 1';
    const twice = `case $* in *domstate*) echo "shut off" ;; *list*) if [ "$(grep -c . "$D/qemus" 2>/dev/null)" != 2 ]; then ${come}; echo pmk-starting; fi ;; esac`;
    const call = virtualDomain(t, { domain: DOMAIN, virsh: twice, told, arrived: STARTING });
    writeFileSync(call.path('run/VirtualDomain-tested.place.new'), '999999999\n');
    const { status, stderr } = await call.run('stop', { ...HERE, OCF_RESKEY_CRM_meta_timeout: '60000' });
    assert.equal(status, OCF.success, stderr);
    const came = readFileSync(call.path('qemus'), 'utf8').trim().split('\n').map(Number);
    assert.deepEqual(came.map(isAlive), [false, false]);
    assert.equal(call.attributes().at(-1), DELETED);
  });

  it('takes no doubt away that another start has left', async (t) => {
    const deaf = 'case $* in *domstate*) echo "shut off" ;; *) exit 1 ;; esac';
    const elsewhere = `[ -e "$D/first" ] && echo 'name="arriving-tested" host="hostb" value="sent"'`;
    const call = virtualDomain(t, {
      domain: DOMAIN,
      virsh: deaf,
      told,
      arrived: `${elsewhere} || { ${UNSET}; }`,
    });
    for (const _start of [1, 2]) {
      assert.notEqual((await call.run('start')).status, OCF.success);
      assert.ok(!call.attributes().includes(DELETED));
      writeFileSync(call.path('first'), '');
    }
  });

  it('that was killed keeps no stop waiting when libvirt has answered and the machine has gone by itself', async (t) => {
    const gone = 'case $* in *domstate*) echo "shut off" ;; esac';
    const call = virtualDomain(t, { domain: DOMAIN, virsh: gone, told, arrived: STARTING });
    await assert.rejects(call.run('start', HERE, 3_000), /did not end within/);
    const starter = Number(
      readFileSync(call.path('run/VirtualDomain-tested.place.new'), 'utf8').split('\n')[1],
    );
    assert.ok(isAlive(starter));
    const { status, stderr } = await call.run('stop', { ...HERE, OCF_RESKEY_CRM_meta_timeout: '60000' });
    assert.equal(status, OCF.success, stderr);
    assert.doesNotMatch(stderr, /may still be on its way/);
    assert.ok(!isAlive(starter));
    assert.ok(call.attributes().includes(DELETED));
  });

  it('whose agent lives on without Pacemaker says that nothing found is nothing known', async (t) => {
    const call = virtualDomain(t, { domain: DOMAIN, virsh: CANNOT_START, told });
    writeFileSync(call.path('VirtualDomain'), 'sleep 1000\n');
    const agent = spawn('sh', [call.path('VirtualDomain'), 'start'], { detached: true, stdio: 'ignore' });
    const ended = once(agent, 'exit');
    const end = () => process.kill(-(agent.pid ?? 0), 'SIGKILL');
    try {
      const looks = virtualDomain(t, {
        domain: DOMAIN,
        virsh: CANNOT_START,
        told,
        arrived: STARTING,
      });
      mkdirSync(looks.path('run'), { recursive: true });
      writeFileSync(looks.path('run/VirtualDomain-tested.place.new'), `${agent.pid}\n`);
      assert.equal((await looks.run('monitor', PROBE)).status, OCF.notRunning);
      assert.ok(!looks.attributes().includes(DELETED));
      end();
      await ended;
      assert.equal((await looks.run('monitor', PROBE)).status, OCF.notRunning);
      assert.equal(looks.attributes().at(-1), DELETED);
    } finally {
      if (agent.exitCode === null && agent.signalCode === null) end();
    }
  });
});
