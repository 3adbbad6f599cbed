/** Laws of ocf:extra:diskd, on files of a real file system. */
import assert from 'node:assert/strict';
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { uptime } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { runCommand } from '../../../shared/process/run-command.ts';
import { AgentCall, OCF, PROGRAMS_AWAY, schemaFault } from '../../support/agent-call.ts';
import { eventually } from '../../support/eventually.ts';
import { isAlive } from '../../support/process-table.ts';

const AGENT = 'host/agents/diskd';

/** Reads past the page cache: not every file system of /tmp lets them. */
function disk(t: TestContext): string {
  const directory = mkdtempSync(join('/var/tmp', 'pm-kvm-tools-disk-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  const path = join(directory, 'disk');
  writeFileSync(path, Buffer.alloc(1024 * 1024));
  return path;
}

function diskd(t: TestContext, device: string, more: Readonly<Record<string, string>> = {}): AgentCall {
  return new AgentCall(t, AGENT, { device, name: 'disk', interval: '1', timeout: '1', ...more });
}

const CHECKER = 'run/diskd-tested.checker';

const isTold = (call: AgentCall, value: string) =>
  call.attributes().at(-1)?.includes(`--update-both=${value} `);

const toldBy = (call: AgentCall, value: string) => eventually(value, () => isTold(call, value));

describe('diskd', () => {
  it('a disk that can be read is normal, and the attribute goes with the resource', async (t) => {
    const call = diskd(t, disk(t));
    assert.equal((await call.run('monitor')).status, OCF.notRunning);
    assert.equal((await call.run('start')).status, OCF.success);
    await toldBy(call, 'normal');
    assert.equal((await call.run('monitor')).status, OCF.success);
    assert.equal((await call.run('stop')).status, OCF.success);
    assert.match(call.attributes().at(-1) ?? '', /^--name=disk --delete$/);
    assert.equal((await call.run('monitor')).status, OCF.notRunning);
  });

  it('dampening is told in the form that the cluster heeds', async (t) => {
    const call = diskd(t, disk(t), { dampen: '7s' });
    await call.run('start');
    assert.equal(call.attributes()[0], '--name=disk --update-both=normal --delay=7');
  });

  it('a disk that is cut short is an ERROR, and normal again when it is mended', async (t) => {
    const device = disk(t);
    const call = diskd(t, device);
    await call.run('start');
    await toldBy(call, 'normal');
    truncateSync(device, 0);
    await toldBy(call, 'ERROR');
    truncateSync(device, 1024 * 1024);
    await toldBy(call, 'normal');
  });

  it('every read goes past the page cache', async (t) => {
    const call = diskd(t, disk(t));
    call.program('dd', 'echo "$*" >>"$D/dd"; exec /usr/bin/dd "$@"');
    await call.run('start');
    const reads = readFileSync(call.path('dd'), 'utf8').trim().split('\n');
    assert.ok(reads.length >= 3);
    assert.ok(reads.every((words) => words.includes('iflag=direct')));
    assert.ok(
      reads.some((words) => words.includes('skip=0')) && reads.some((words) => words.includes('skip=255')),
    );
  });

  it('a place that can not be read is read again until it can be', async (t) => {
    const call = diskd(t, disk(t));
    call.program(
      'dd',
      'case $* in *skip=0\\ * | *skip=255\\ *) exec /usr/bin/dd "$@" ;; esac; echo "$*" >>"$D/between"; [ ! -e "$D/bad" ] && exec /usr/bin/dd "$@"; echo "dd: bad sector" >&2; exit 1',
    );
    writeFileSync(call.path('bad'), '');
    await call.run('start');
    await toldBy(call, 'ERROR');
    const tried = () => readFileSync(call.path('between'), 'utf8').trim().split('\n');
    await eventually('it was tried again', () => tried().length >= 3);
    assert.equal(new Set(tried()).size, 1);
    rmSync(call.path('bad'));
    await toldBy(call, 'normal');
  });

  it('a reader that hangs is found within the timeout, and no other is started beside it, not by the next checker either', async (t) => {
    const call = diskd(t, disk(t));
    // Killing the reader's dd has no effect, as in the kernel: it is not found.
    call.program(
      'dd',
      'echo x >>"$D/started"; while [ -e "$D/hangs" ]; do sleep 0.1; done; exec /usr/bin/dd "$@"',
    );
    call.program('find', 'exit 0');
    writeFileSync(call.path('hangs'), '');
    assert.equal((await call.run('start')).status, OCF.success, 'an ERROR is a result');
    await toldBy(call, 'ERROR');
    const count = call.attributes().length;
    await eventually('checks went on', () => call.attributes().length > count + 2);
    await call.run('stop');
    await call.run('start');
    await toldBy(call, 'ERROR');
    const started = () => readFileSync(call.path('started'), 'utf8').trim().split('\n').length;
    assert.equal(started(), 1);
    rmSync(call.path('hangs'));
    await toldBy(call, 'normal');
  });

  it('a checker that was killed is started again by the monitor', async (t) => {
    const call = diskd(t, disk(t));
    await call.run('start');
    const pid = Number(readFileSync(call.path(CHECKER), 'utf8'));
    process.kill(-pid, 'SIGKILL');
    await eventually('it has gone', () => !existsSync(`/proc/${pid}/exe`));
    const before = call.attributes().length;
    assert.equal((await call.run('monitor')).status, OCF.success);
    const another = Number(readFileSync(call.path(CHECKER), 'utf8'));
    assert.ok(another !== pid && isAlive(another), 'it lives when the monitor returns');
    await eventually('it checks again', () => call.attributes().length > before + 1);
  });

  it('a checker that can not be started is an error of start and monitor', async (t) => {
    const call = diskd(t, disk(t));
    call.program('setsid', 'exit 1');
    const { status, stderr } = await call.run('start', { OCF_RESKEY_CRM_meta_timeout: '4000' });
    assert.equal(status, OCF.generic);
    assert.match(stderr, /the checker of \S+ could not be started/);
    const monitor = await call.run('monitor', { OCF_RESKEY_CRM_meta_timeout: '4000' });
    assert.equal(monitor.status, OCF.generic);
  });

  it('a checker that dies again before any result is an error of the monitor', async (t) => {
    const call = diskd(t, disk(t));
    const kill = async () => {
      const pid = Number(readFileSync(call.path(CHECKER), 'utf8'));
      process.kill(-pid, 'SIGKILL');
      await eventually('it has gone', () => !isAlive(pid));
    };
    await call.run('start');
    for (let round = 0; round < 2; round++) {
      await kill();
      const before = call.attributes().length;
      assert.equal((await call.run('monitor')).status, OCF.success);
      await eventually('it has come to a result', () => call.attributes().length > before + 1);
    }
    call.program('flock', 'case $* in "-w 1 9") exec sleep 100 ;; esac; exec /usr/bin/flock "$@"');
    await kill();
    assert.equal((await call.run('monitor')).status, OCF.success);
    await kill();
    const { status, stderr } = await call.run('monitor');
    assert.equal(status, OCF.generic);
    assert.match(stderr, /has died twice, the last time before any result; see the log/);
  });

  it('a checker that lives, but comes to no result, is an error of the monitor', async (t) => {
    const call = diskd(t, disk(t), { interval: '2', timeout: '3' });
    await call.run('start');
    const group = Number(readFileSync(call.path(CHECKER), 'utf8'));
    process.kill(-group, 'SIGSTOP');
    assert.equal((await call.run('monitor')).status, OCF.success);
    const agoS = (seconds: number) =>
      writeFileSync(call.path('run/diskd-tested.seen'), `${Math.floor(uptime()) - seconds}\n`);
    agoS(13);
    assert.equal((await call.run('monitor')).status, OCF.success, 'interval, timeout and 10 s');
    agoS(17);
    const { status, stderr } = await call.run('monitor');
    assert.equal(status, OCF.generic);
    assert.match(stderr, /has come to no result for \d+ s/);
    assert.equal((await call.run('stop')).status, OCF.success);
    assert.equal(isAlive(group), false);
  });

  it('a cluster that is slow to take the attribute away gets the time of the stop', async (t) => {
    const call = diskd(t, disk(t));
    assert.equal((await call.run('start')).status, OCF.success);
    call.program('attrd_updater', 'case "$*" in *--delete*) sleep 7 ;; esac; echo "$*" >>"$D/attributes"');
    assert.equal((await call.run('stop')).status, OCF.success);
    assert.match(call.attributes().at(-1) ?? '', /--delete/);
  });

  it('an order to the cluster that is under way does not outlive stop', async (t) => {
    const call = diskd(t, disk(t));
    call.program(
      'attrd_updater',
      'case $* in *update*) echo x >>"$D/under-way"; sleep 2 ;; esac; echo "$*" >>"$D/attributes"',
    );
    const started = call.run('start');
    await eventually('an order is under way', () => existsSync(call.path('under-way')));
    assert.equal((await call.run('stop')).status, OCF.success);
    assert.deepEqual(call.attributes(), ['--name=disk --delete']);
    await sleep(3_000);
    assert.deepEqual(call.attributes(), ['--name=disk --delete']);
    await started;
  });

  it('a log that hangs keeps no result from the cluster', async (t) => {
    const device = disk(t);
    const call = diskd(t, device);
    await runCommand(['mkfifo', call.path('log')], { deadlineMs: 5_000 });
    const { status } = await call.run('start', { HA_LOGFILE: call.path('log') });
    assert.equal(status, OCF.success);
    await toldBy(call, 'normal');
    truncateSync(device, 0);
    await toldBy(call, 'ERROR');
  });

  it('a start whose time is shorter than its disk takes says so within it', async (t) => {
    const call = diskd(t, disk(t), { timeout: '100' });
    call.program('dd', 'exec sleep 50');
    const { status, stderr, ms } = await call.run('start', { OCF_RESKEY_CRM_meta_timeout: '5000' });
    assert.equal(status, OCF.generic);
    assert.match(stderr, /no result within the time of this start \(5000 ms\)/);
    assert.ok(ms < 5_000, String(ms));
  });

  it('a program that is away just now, as during an upgrade, is no fault of what runs', async (t) => {
    const call = diskd(t, disk(t));
    await call.run('start');
    assert.equal((await call.run('monitor', PROGRAMS_AWAY)).status, OCF.success);
    const probe = await call.run('monitor', { ...PROGRAMS_AWAY, OCF_RESKEY_CRM_meta_interval: '0' });
    assert.equal(probe.status, OCF.installed);
  });

  it('a disk that is not there is an ERROR from the start on, and normal when it comes', async (t) => {
    const device = disk(t);
    const call = diskd(t, device);
    renameSync(device, `${device}.away`);
    const { status, stderr } = await call.run('start', { HA_LOGFILE: call.path('log') });
    assert.equal(status, OCF.success, stderr);
    await toldBy(call, 'ERROR');
    assert.equal((await call.run('monitor')).status, OCF.success);
    assert.match(
      readFileSync(call.path('log'), 'utf8'),
      /ERROR: \S+: not checked => ERROR \(\S+ does not exist\)/,
    );
    renameSync(`${device}.away`, device);
    await toldBy(call, 'normal');
  });

  it('whoever configures it is told of a device that is not there, and of what is no disk', async (t) => {
    const missing = await diskd(t, '/no/such/device').run('validate-all');
    assert.equal(missing.status, OCF.args);
    assert.match(missing.stderr, /\/no\/such\/device does not exist; mend the parameter device/);
    for (const action of ['validate-all', 'start']) {
      const { status, stderr } = await diskd(t, '/dev/null').run(action);
      assert.equal(status, OCF.args, action);
      assert.match(stderr, /\/dev\/null is neither a block device nor a file; mend the parameter device/);
    }
    assert.equal((await diskd(t, disk(t)).run('validate-all')).status, OCF.success);
  });

  it('a file that somebody wrote to the name of a disk is no disk', async (t) => {
    const path = `/dev/pm-kvm-tools-${process.pid}`;
    writeFileSync(path, Buffer.alloc(1024 * 1024));
    t.after(() => rmSync(path, { force: true }));
    const call = diskd(t, path);
    assert.equal((await call.run('start')).status, OCF.success);
    await toldBy(call, 'ERROR');
  });

  it('never has two readers, whoever is killed while one hangs', async (t) => {
    const call = diskd(t, disk(t));
    call.program(
      'dd',
      'echo "$$ $PPID" >>"$D/readers"; while [ -e "$D/hangs" ]; do sleep 0.1; done; exec /usr/bin/dd "$@"',
    );
    call.program('find', 'exit 0');
    writeFileSync(call.path('hangs'), '');
    const readers = () => readFileSync(call.path('readers'), 'utf8').trim().split('\n');
    const checker = () => Number(readFileSync(call.path(CHECKER), 'utf8'));
    t.after(() => rmSync(call.path('hangs'), { force: true }));
    await call.run('start');
    await toldBy(call, 'ERROR');
    const [first = ''] = readers();
    const shell = () => Number(first.split(' ')[1]);
    for (const victim of [checker, shell, checker]) {
      const pid = victim();
      process.kill(pid, 'SIGKILL');
      await eventually('it has gone', () => !isAlive(pid));
      assert.equal((await call.run('monitor')).status, OCF.success);
      const count = call.attributes().length;
      await eventually('it checks on', () => call.attributes().length > count + 2);
      assert.ok(isTold(call, 'ERROR'));
    }
    await call.run('stop');
    const { status } = await call.run('start');
    assert.equal(status, OCF.success);
    assert.ok(isTold(call, 'ERROR'), call.attributes().at(-1));
    assert.deepEqual(readers(), [first]);
    rmSync(call.path('hangs'));
    await toldBy(call, 'normal');
    await call.run('stop');
    assert.deepEqual(readdirSync(call.path('run')), []);
  });

  it('a reader that hangs at another device holds up nothing', async (t) => {
    const call = diskd(t, disk(t));
    const other = disk(t);
    call.program(
      'dd',
      `case $* in *${other}*) ;; *) while [ -e "$D/hangs" ]; do sleep 0.1; done ;; esac; exec /usr/bin/dd "$@"`,
    );
    call.program('find', 'exit 0');
    writeFileSync(call.path('hangs'), '');
    t.after(() => rmSync(call.path('hangs'), { force: true }));
    await call.run('start');
    await toldBy(call, 'ERROR');
    await call.run('stop');
    call.parameters = { ...call.parameters, device: other };
    await call.run('start');
    await toldBy(call, 'normal');
  });

  it('a reader that can be killed is', async (t) => {
    const call = diskd(t, disk(t));
    call.program('dd', 'echo $$ >>"$D/readers"; exec sleep 1000');
    await call.run('start');
    await toldBy(call, 'ERROR');
    const [dd = 0] = readFileSync(call.path('readers'), 'utf8').trim().split('\n').map(Number);
    await eventually('it has gone', () => !isAlive(dd));
  });

  it('wrong parameters are named', async (t) => {
    const expected: readonly (readonly [Record<string, string>, RegExp])[] = [
      [{ device: '' }, /device is empty/],
      [{ device: 'sda' }, /absolute path/],
      [{ name: 'a b' }, /name is 'a b'/],
      [{ interval: '0' }, /interval is '0'/],
      [{ timeout: 'x' }, /timeout is 'x'/],
      [{ dampen: 'x' }, /dampen is 'x'/],
      [{ interval: '99999999999999999999' }, /interval is '9+'; give whole seconds, 1 to 86400/],
      [{ timeout: '86401' }, /timeout is '86401'; give whole seconds, 1 to 86400/],
      [{ dampen: '99999999999999999999s' }, /dampen is '9+'; give whole seconds, 0 to 86400/],
      // Octal to a shell, and no number at that.
      [{ interval: '08' }, /interval is '08'/],
      [{ timeout: '09' }, /timeout is '09'/],
      [{ dampen: '08s' }, /dampen is '08'/],
    ];
    for (const [parameters, words] of expected) {
      const { status, stderr } = await diskd(t, '/dev/null', parameters).run('validate-all');
      assert.equal(status, OCF.configured);
      assert.match(stderr, words);
    }
  });

  it('its metadata is what the schema says', async (t) => {
    assert.equal(await schemaFault((await diskd(t, '/dev/null').run('meta-data')).stdout), undefined);
  });
});
