/** Laws of ocf:extra:VirtualDomain about machines on their way between hosts without the cluster. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { describe, it, type TestContext } from 'node:test';
import { type AgentCall, OCF } from '../../support/agent-call.ts';
import { DOMAIN_LOGS, writeDomainLogs } from '../../support/domain-logs.ts';
import { eventually } from '../../support/eventually.ts';
import { halfDead } from '../../support/half-dead.ts';
import { threadsOf } from '../../support/process-table.ts';
import { asked, job, libvirtFile, statusXml, UUID, virtualDomain } from './virtual-domain-call.ts';

const DOMAIN = `moving-${process.pid}`;
const PAUSED = "state='paused' reason='migration'";
const RUNNING = "state='running' reason='migration-canceled'";
const ABORT = `--quiet --connect=qemu:///system domjobabort -- ${UUID}`;

interface Moving {
  /** What libvirt does when it is told to abort; $X is its file of the domain. */
  readonly abort?: string;
  readonly state?: string;
  readonly doing?: string;
  /** What the agent has noted of where the cluster has it. */
  readonly place?: string;
  readonly isMarked?: boolean;
}

/** One that runs, as far as libvirt's file tells. */
async function moving(t: TestContext, { abort = '', state, doing = '', place, isMarked = true }: Moving) {
  const file = libvirtFile(t, `/run/libvirt/qemu/${DOMAIN}.xml`, statusXml(DOMAIN, state, doing));
  const pid = await halfDead(t, DOMAIN);
  const call = virtualDomain(t, {
    domain: DOMAIN,
    mark: isMarked ? 'true' : '',
    virsh: `X='${file}'\nP=${pid}\ncase $* in *domjobabort*) ${abort || ':'} ;; *) echo error: failed to get domain; exit 1 ;; esac`,
  });
  writeFileSync(call.path('staying'), statusXml(DOMAIN, RUNNING));
  if (place !== undefined) writeFileSync(call.path('run/VirtualDomain-tested.place'), place);
  return { call, pid };
}

const isFrozen = (pid: number) =>
  threadsOf(pid).some((tid) => / T /.test(readFileSync(`/proc/${pid}/task/${tid}/stat`, 'utf8')));

describe('VirtualDomain and machines on their way', () => {
  it('one that leaves by hand is held back first, and ended when it has stayed', async (t) => {
    const { call, pid } = await moving(t, { doing: job('migration out'), abort: 'cp "$D/staying" "$X"' });
    const { status, stderr } = await call.run('stop');
    assert.equal(status, OCF.success, stderr);
    assert.deepEqual(threadsOf(pid), []);
    assert.deepEqual(asked(call), [ABORT]);
  });

  it('one that can no longer be held back is not called ended', async (t) => {
    const { call, pid } = await moving(t, {
      state: PAUSED,
      doing: job('migration out'),
      abort: 'rm "$X"; kill -9 $P; exit 1',
    });
    const { status, stderr } = await call.run('stop');
    assert.equal(status, OCF.generic);
    assert.match(
      stderr,
      /ocf-exit-reason:.* was migrated from here without the cluster; end it where it runs/,
    );
    assert.deepEqual(threadsOf(pid), []);
  });

  it('what is left here of one that runs elsewhere is neither ended nor kept frozen', async (t) => {
    const { call, pid } = await moving(t, { state: PAUSED });
    const { status, stderr } = await call.run('stop');
    assert.equal(status, OCF.generic);
    assert.match(stderr, /ocf-exit-reason:.* is being migrated without the cluster/);
    assert.ok(threadsOf(pid).length > 0);
    assert.equal(isFrozen(pid), false);
  });

  it('one that the cluster has stopped here has not left, whatever an older log says', async (t) => {
    const { call, pid } = await moving(t, {});
    libvirtFile(
      t,
      `/var/log/libvirt/qemu/${DOMAIN}.log`,
      '2026-01-01 00:00:00.000+0000: starting up x\n2026-01-01 00:00:01.000+0000: shutting down, reason=migrated\n',
    );
    libvirtFile(t, `/run/libvirt/qemu/${DOMAIN}.xml`, statusXml(DOMAIN));
    assert.equal((await call.run('stop')).status, OCF.success, 'its file is there, and it is here');
    assert.deepEqual(threadsOf(pid), []);
    assert.equal((await call.run('stop')).status, OCF.success, 'it was stopped here');
  });

  it('one that was only found not to run has left when the log says so', async (t) => {
    const { call, pid } = await moving(t, { place: 'absent' });
    process.kill(pid, 'SIGKILL');
    libvirtFile(
      t,
      `/var/log/libvirt/qemu/${DOMAIN}.log`,
      '2026-01-01 00:00:01.000+0000: shutting down, reason=migrated\n',
    );
    assert.equal((await call.run('stop')).status, OCF.generic);
  });

  for (const { about, logs, wasSentAway } of DOMAIN_LOGS) {
    it(`one that libvirt has nothing of has left by its log: ${about}`, async (t) => {
      const { call, pid } = await moving(t, {});
      process.kill(pid, 'SIGKILL');
      writeDomainLogs(logs, (suffix, text) =>
        libvirtFile(t, `/var/log/libvirt/qemu/${DOMAIN}${suffix}`, text),
      );
      assert.equal((await call.run('stop')).status, wasSentAway ? OCF.generic : OCF.success);
    });
  }

  for (const [file, isOurs] of [
    ['/home/me/.config/libvirt/qemu/lib/domain-1-web/master-key.aes', false],
    ['/var/lib/libvirt/qemu/domain-1-web/master-key.aes', true],
  ] as const) {
    for (const key of [
      `{"qom-type":"secret","id":"masterKey0","format":"raw","file":"${file}"}`,
      `secret,id=masterKey0,format=raw,file=${file}`,
    ]) {
      it(`one of its name with ${key} is ${isOurs ? 'ended' : "a user's, and goes on"}`, async (t) => {
        const call = virtualDomain(t, { domain: DOMAIN, mark: 'true' });
        const words = ['-c', 'import time; time.sleep(1000)', '-name', `guest=${DOMAIN}`, '-object', key];
        const qemu = spawn('python3', words);
        t.after(() => qemu.kill('SIGKILL'));
        await eventually('it runs', () => threadsOf(qemu.pid ?? 0).length > 0);
        assert.equal((await call.run('stop')).status, OCF.success);
        assert.equal(threadsOf(qemu.pid ?? 0).length > 0, !isOurs);
      });
    }
  }

  it('what is left of one that has left is no proof with a mark, and cleared away without one', async (t) => {
    for (const isMarked of [true, false]) {
      const { call, pid } = await moving(t, { isMarked });
      libvirtFile(
        t,
        `/var/log/libvirt/qemu/${DOMAIN}.log`,
        '2026-01-01 00:00:01.000+0000: shutting down, reason=migrated\n',
      );
      rmSync(`/run/libvirt/qemu/${DOMAIN}.xml`);
      assert.equal((await call.run('stop')).status, isMarked ? OCF.generic : OCF.success);
      assert.equal(threadsOf(pid).length > 0, isMarked);
      if (isMarked) process.kill(pid, 'SIGKILL');
      rmSync(`/var/log/libvirt/qemu/${DOMAIN}.log`);
    }
  });

  it('what the cluster sends away, or has come, is ended at once', async (t) => {
    for (const [doing, place] of [
      ['migration out', 'sent'],
      ['migration in', 'coming'],
      ['migration in', 'stopped'],
      ['migration in', 'absent'],
      ['migration in', undefined],
    ] as const) {
      const { call, pid } = await moving(t, {
        state: PAUSED,
        doing: job(doing),
        ...(place === undefined ? {} : { place }),
      });
      const { status, stderr } = await call.run('stop');
      assert.equal(status, OCF.success, `${doing} ${place}: ${stderr}`);
      assert.deepEqual(threadsOf(pid), []);
      assert.deepEqual(asked(call), []);
    }
  });

  it('one that has left by hand and comes back was not ended where it has not arrived', async (t) => {
    const { call, pid } = await moving(t, { state: PAUSED, doing: job('migration in'), place: 'here' });
    await assertNotEnded(call, pid);
  });

  it('nor where it was only seen before it left', async (t) => {
    const { call, pid } = await moving(t, { state: PAUSED, doing: job('migration in') });
    call.program('virsh', 'case $* in *domstate*) echo running ;; esac');
    assert.equal((await call.run('monitor')).status, OCF.success);
    call.program('virsh', 'echo "error: failed to get domain" >&2; exit 1');
    await assertNotEnded(call, pid);
  });

  async function assertNotEnded(call: AgentCall, pid: number): Promise<void> {
    const { status, stderr } = await call.run('stop');
    assert.equal(status, OCF.generic);
    assert.match(stderr, /is being migrated without the cluster/);
    assert.ok(threadsOf(pid).length > 0);
  }
});
