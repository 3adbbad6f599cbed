/** Laws of ocf:extra:vm-client, with a script in vm-connect's place that answers as the host's vm-managerd does. */
import assert from 'node:assert/strict';
import { existsSync, lstatSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { describe, it, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { runCommand } from '../../../shared/process/run-command.ts';
import { AgentCall, OCF, PROGRAMS_AWAY, schemaFault } from '../../support/agent-call.ts';
import { eventually } from '../../support/eventually.ts';
import { isAlive } from '../../support/process-table.ts';

const AGENT = 'guest/agents/vm-client';
const GREEN = 'ping=green,disk=green';
const RED = 'ping=red,disk=green';

/** What it says is in the file `host`; without that file no host answers. Whoever watches waits for another answer. */
const VM_CONNECT = `echo "$*" >>"$D/asked"
known= has_known=
while [ $# -gt 0 ]; do
  case $1 in --known) known=$2 has_known=yes ;; --timeout) for_s=\${2%%.*} ;; esac
  shift
done
tries=$((for_s * 20 + 1))
while [ "$tries" -gt 0 ]; do
  if [ -e "$D/host" ] && { [ -z "$has_known" ] || [ "$(cat "$D/host")" != "$known" ]; }; then exec cat "$D/host"; fi
  sleep 0.05
  tries=$((tries - 1))
done
exit 2`;

function vmClient(t: TestContext, more: Readonly<Record<string, string>> = {}): AgentCall {
  const call = new AgentCall(t, AGENT, { attribute_list: 'ping disk', timeout: '1', ...more });
  call.program('vm-connect', VM_CONNECT);
  return call;
}

const hostSays = (call: AgentCall, text: string) => writeFileSync(call.path('host'), text);
const hostIsAway = (call: AgentCall) => rmSync(call.path('host'));

/** The attributes as the writes so far leave them. */
function attributes(call: AgentCall): Readonly<Record<string, string>> {
  const now = new Map<string, string>();
  for (const words of call.attributes()) {
    const [, name = '', value] = /^--name=(\S+) --(?:update=(.*)|delete)$/.exec(words) ?? [];
    if (value === undefined) now.delete(name);
    else now.set(name, value);
  }
  return Object.fromEntries(now);
}

const become = (call: AgentCall, ping: string | undefined) =>
  eventually(`ping is ${ping}`, () => attributes(call)['ping'] === ping);

const stateFile = 'run/vm-client-tested.state';
const watcherOf = (call: AgentCall) => Number(readFileSync(call.path(`${stateFile}.watcher`), 'utf8'));

async function watching(call: AgentCall): Promise<number> {
  return eventually('somebody watches', () =>
    existsSync(call.path('asked')) && readFileSync(call.path('asked'), 'utf8').includes('--known')
      ? watcherOf(call)
      : undefined,
  );
}

describe('vm-client', () => {
  it('writes what the host says at its start, and takes it away with the resource', async (t) => {
    const call = vmClient(t);
    hostSays(call, GREEN);
    assert.equal((await call.run('monitor')).status, OCF.notRunning);
    assert.equal((await call.run('start')).status, OCF.success);
    assert.deepEqual(attributes(call), { ping: 'green', disk: 'green' });
    assert.equal((await call.run('monitor')).status, OCF.success);
    assert.equal((await call.run('stop')).status, OCF.success);
    assert.deepEqual(attributes(call), {});
    assert.equal((await call.run('stop')).status, OCF.success, 'stopping twice is fine');
    assert.equal((await call.run('monitor')).status, OCF.notRunning);
  });

  it('a change is written when the host tells it, without a monitor', async (t) => {
    const call = vmClient(t);
    hostSays(call, GREEN);
    await call.run('start');
    await watching(call);
    hostSays(call, RED);
    await become(call, 'red');
    hostSays(call, GREEN);
    await become(call, 'green');
  });

  it('a monitor that still waits for its answer does not keep a change from being written', async (t) => {
    const call = vmClient(t, { timeout: '10' });
    hostSays(call, GREEN);
    await call.run('start');
    await watching(call);
    call.program(
      'vm-connect',
      `case $* in *--known*) ;; *) sleep 6; echo ${GREEN}; exit ;; esac\n${VM_CONNECT}`,
    );
    let isOver = false;
    const monitor = call.run('monitor').then(() => {
      isOver = true;
    });
    await sleep(500);
    hostSays(call, RED);
    await become(call, 'red');
    assert.ok(!isOver, 'the monitor waits yet');
    await monitor;
    assert.equal(attributes(call)['ping'], 'red', 'its older answer is not written over the newer one');
  });

  it('a host that answers at once whatever is known is not asked all the time', async (t) => {
    const call = vmClient(t);
    call.program('vm-connect', 'echo x >>"$D/asked"; echo ping=green,disk=green');
    await call.run('start');
    await eventually('it is asked again', () => readFileSync(call.path('asked'), 'utf8').length > 2);
    await sleep(3_000);
    const times = readFileSync(call.path('asked'), 'utf8').trim().split('\n').length;
    assert.ok(times <= 5, `${times} times`);
  });

  it('every monitor writes anew what the cluster may have lost', async (t) => {
    const call = vmClient(t);
    hostSays(call, GREEN);
    await call.run('start');
    rmSync(call.path('attributes'));
    await call.run('monitor');
    assert.deepEqual(attributes(call), { ping: 'green', disk: 'green' });
  });

  it('an attribute that the host does not have is removed, and none is written that was not asked for', async (t) => {
    const call = vmClient(t);
    hostSays(call, GREEN);
    await call.run('start');
    hostSays(call, 'ping=,disk=green,standby=on');
    await call.run('monitor');
    assert.deepEqual(attributes(call), { disk: 'green' });
  });

  it('names may begin differently here', async (t) => {
    const call = vmClient(t, { attribute_prefix: 'host_' });
    hostSays(call, GREEN);
    await call.run('start');
    assert.deepEqual(attributes(call), { host_ping: 'green', host_disk: 'green' });
  });

  it('without an answer attributes stay, unless they are to be removed; both are said once', async (t) => {
    for (const [noAnswer, left] of [
      ['keep', { ping: 'green', disk: 'green' }],
      ['remove', {}],
    ] as const) {
      const call = vmClient(t, { no_answer: noAnswer });
      hostSays(call, GREEN);
      await call.run('start');
      hostIsAway(call);
      let said = '';
      for (let round = 0; round < 2; round++) {
        const { status, ms, stderr } = await call.run('monitor');
        said += stderr;
        assert.equal(status, OCF.success, 'silence is no failure of the agent');
        assert.ok(ms >= 1_000, 'it has waited');
        assert.deepEqual(attributes(call), left);
      }
      assert.equal(said.match(/gives no answer \(no_answer=/g)?.length, 1, said);
      hostSays(call, GREEN);
      await call.run('monitor');
      assert.deepEqual(attributes(call), { ping: 'green', disk: 'green' });
    }
  });

  it('it starts without a host, and writes when one is there', async (t) => {
    const call = vmClient(t);
    assert.equal((await call.run('start')).status, OCF.success);
    assert.deepEqual(attributes(call), {});
    hostSays(call, RED);
    await become(call, 'red');
  });

  it('its parameter timeout is cut to what its own timeout allows', async (t) => {
    const call = vmClient(t, { timeout: '100' });
    const { ms } = await call.run('start', { OCF_RESKEY_CRM_meta_timeout: '10000' });
    assert.ok(ms < 8_000, `${ms} ms`);
  });

  it('whatever hangs, no operation misses its own timeout', async (t) => {
    const HANGS = 'trap "" TERM; exec sleep 100';
    const kinds: readonly (readonly string[])[] = [
      ['vm-connect'],
      ['attrd_updater'],
      ['vm-connect', 'attrd_updater'],
    ];
    const TIMES_MS = [5_000, 12_000];
    const operate = async (programs: readonly string[], noAnswer: string, limitMs: number) => {
      const call = vmClient(t, { timeout: '100', no_answer: noAnswer });
      hostSays(call, GREEN);
      for (const program of programs) call.program(program, HANGS);
      for (const action of ['validate-all', 'start', 'monitor', 'stop']) {
        const { status, ms } = await call.run(action, { OCF_RESKEY_CRM_meta_timeout: String(limitMs) });
        const what = `${action} of ${limitMs} ms without ${programs}, ${noAnswer}`;
        assert.equal(status, OCF.success, what);
        assert.ok(ms < limitMs, `${what}: ${ms} ms`);
      }
      call.program('attrd_updater', 'exit 0');
    };
    const cases = kinds.flatMap((programs) =>
      TIMES_MS.flatMap((ms) => ['keep', 'remove'].map((noAnswer) => operate(programs, noAnswer, ms))),
    );
    await Promise.all(cases);
  });

  it('a file that it has not made is neither taken for its own nor touched', async (t) => {
    const FOREIGN = 'root:x:0:0:root:/root:/bin/bash\n';
    for (const suffix of ['', '.new', '.lock', '.watcher']) {
      const call = vmClient(t);
      call.parameters = { ...call.parameters, state: call.path('foreign') };
      const file = call.path(`foreign${suffix}`);
      writeFileSync(file, FOREIGN);
      hostSays(call, GREEN);
      for (const action of ['validate-all', 'start']) {
        const { status, stderr } = await call.run(action);
        assert.equal(status, OCF.args, action);
        assert.match(
          stderr,
          /foreign\S* is there, and this resource has not made it; name another file as state/,
        );
      }
      assert.equal((await call.run('monitor')).status, OCF.notRunning);
      assert.equal((await call.run('stop')).status, OCF.success);
      assert.equal(readFileSync(file, 'utf8'), FOREIGN);
      assert.deepEqual(call.attributes(), []);
    }
  });

  it('a directory, an empty file or a link is no state file', async (t) => {
    const call = vmClient(t);
    mkdirSync(call.path('directory'));
    writeFileSync(call.path('empty'), '');
    writeFileSync(call.path('own'), 'heard nothing\nknown \n');
    symlinkSync(call.path('own'), call.path('link'));
    symlinkSync(call.path('nowhere'), call.path('dangling'));
    for (const name of ['fifo', 'watched.watcher'])
      await runCommand(['mkfifo', call.path(name)], { deadlineMs: 5_000 });
    for (const name of ['directory', 'empty', 'link', 'dangling', 'bin/..', 'fifo', 'watched']) {
      call.parameters = { ...call.parameters, state: call.path(name) };
      assert.equal((await call.run('validate-all')).status, OCF.args, name);
      assert.equal((await call.run('start')).status, OCF.args, name);
      assert.equal((await call.run('stop')).status, OCF.success, name);
    }
    for (const name of ['directory', 'empty', 'link', 'dangling', 'fifo', 'watched.watcher'])
      assert.ok(lstatSync(call.path(name)), name);
    assert.equal(existsSync(call.path('nowhere')), false);
  });

  it('attributes go with the resource also when somebody has removed its state file', async (t) => {
    const call = vmClient(t);
    hostSays(call, GREEN);
    await call.run('start');
    rmSync(call.path(stateFile));
    await call.run('stop');
    assert.deepEqual(attributes(call), {});
  });

  it('as many names as the host answers for, and no more', async (t) => {
    const names = (count: number) => Array.from({ length: count }, (_, n) => `name${n}`).join(' ');
    const { status, stderr } = await vmClient(t, { attribute_list: names(257) }).run('validate-all');
    assert.equal(status, OCF.configured);
    assert.match(stderr, /attribute_list has 257 names, and the host answers for 256 at most/);
    assert.equal((await vmClient(t, { attribute_list: names(256) }).run('validate-all')).status, OCF.success);
  });

  it('what could not be written is written as soon as it can be', async (t) => {
    const call = vmClient(t);
    hostSays(call, GREEN);
    await call.run('start');
    await watching(call);
    call.program('attrd_updater', 'echo x >>"$D/tried"; exit 1');
    hostSays(call, RED);
    await eventually('it has tried twice', () => {
      const tried = call.path('tried');
      return existsSync(tried) && readFileSync(tried, 'utf8').length > 4;
    });
    call.program('attrd_updater', 'echo "$*" >>"$D/attributes"');
    await become(call, 'red');
  });

  it('while the cluster takes nothing it is tried ever less often, and said once', async (t) => {
    const call = vmClient(t);
    hostSays(call, GREEN);
    await call.run('start', { HA_LOGFILE: call.path('log') });
    await watching(call);
    call.program('attrd_updater', 'echo x >>"$D/tried"; exit 1');
    hostSays(call, RED);
    const tries = () =>
      existsSync(call.path('tried')) ? readFileSync(call.path('tried'), 'utf8').length / 4 : 0;
    await eventually('it has tried', () => tries() >= 1);
    await sleep(7_000);
    assert.ok(tries() >= 2 && tries() <= 4, `${tries()} times, of two attributes each`);
    const said = (words: string) => readFileSync(call.path('log'), 'utf8').split(words).length - 1;
    assert.deepEqual([said(`the host says: ${RED}`), said('not written: ping disk')], [1, 1]);
    call.program('attrd_updater', 'echo "$*" >>"$D/attributes"');
    await become(call, 'red');
    await eventually('it says so', () => said('attributes can be written again') === 1);
    assert.equal(said(`the host says: ${RED}`), 1);
  });

  it('an order to the cluster that is under way does not outlive stop', async (t) => {
    const call = vmClient(t);
    hostSays(call, GREEN);
    await call.run('start');
    await watching(call);
    call.program(
      'attrd_updater',
      'case $* in *update*) echo x >>"$D/under-way"; sleep 2 ;; esac; echo "$*" >>"$D/attributes"',
    );
    hostSays(call, RED);
    await eventually('an order is under way', () => existsSync(call.path('under-way')));
    await call.run('stop');
    await sleep(3_000);
    assert.deepEqual(attributes(call), {});
  });

  it('a watcher that was killed alone, while it asks, is seen to be dead at once', async (t) => {
    const call = vmClient(t);
    hostSays(call, GREEN);
    await call.run('start');
    const pid = await watching(call);
    process.kill(pid, 'SIGKILL');
    await eventually('it has gone', () => !isAlive(pid));
    await call.run('monitor');
    assert.notEqual(watcherOf(call), pid);
    // What it has asked is not answered before its time.
    process.kill(-pid, 'SIGKILL');
  });

  it('a program that is away just now, as during an upgrade, is no fault of what runs', async (t) => {
    const call = vmClient(t);
    hostSays(call, GREEN);
    await call.run('start');
    assert.equal((await call.run('monitor', PROGRAMS_AWAY)).status, OCF.success);
    const probe = await call.run('monitor', { ...PROGRAMS_AWAY, OCF_RESKEY_CRM_meta_interval: '0' });
    assert.equal(probe.status, OCF.installed);
  });

  it('a watcher that was killed is started again by the monitor, and never two', async (t) => {
    const call = vmClient(t);
    hostSays(call, GREEN);
    await call.run('start');
    const pid = await watching(call);
    await call.run('monitor');
    await call.run('start');
    assert.equal(watcherOf(call), pid);
    process.kill(-pid, 'SIGKILL');
    await eventually('it has gone', () => !existsSync(`/proc/${pid}/exe`));
    await call.run('monitor');
    await eventually('another watches', () => watcherOf(call) !== pid);
    hostSays(call, RED);
    await become(call, 'red');
  });

  it('nothing of it lives on when it is stopped', async (t) => {
    const call = vmClient(t);
    hostSays(call, GREEN);
    await call.run('start');
    const pid = await watching(call);
    await call.run('stop');
    await eventually('the group of the watcher is empty', () => {
      try {
        return !process.kill(-pid, 0);
      } catch {
        return true;
      }
    });
    assert.ok(!existsSync(call.path(stateFile)));
  });

  it('a probe asks nobody and changes nothing', async (t) => {
    const call = vmClient(t);
    hostSays(call, GREEN);
    await call.run('start');
    await call.run('stop');
    const before = readFileSync(call.path('asked'), 'utf8');
    const { status } = await call.run('monitor', { OCF_RESKEY_CRM_meta_interval: '0' });
    assert.equal(status, OCF.notRunning);
    assert.equal(readFileSync(call.path('asked'), 'utf8'), before);
  });

  it('wrong parameters are named', async (t) => {
    const expected: readonly (readonly [Record<string, string>, number, RegExp])[] = [
      [{ attribute_list: ' ' }, OCF.configured, /attribute_list is empty/],
      [{ attribute_list: 'a,b' }, OCF.configured, /attribute_list has a character/],
      [{ attribute_list: '$(reboot)' }, OCF.configured, /attribute_list has a character/],
      [{ attribute_prefix: 'a b' }, OCF.configured, /attribute_prefix has a character/],
      [{ no_answer: 'panic' }, OCF.configured, /no_answer is 'panic'; choose keep or remove/],
      [{ timeout: '0' }, OCF.configured, /timeout is '0'/],
      [{ timeout: '08' }, OCF.configured, /timeout is '08'/],
      [{ timeout: '99999999999999999999' }, OCF.configured, /timeout is '9+'; give whole seconds, 1 to 3600/],
      [{ debug: 'maybe' }, OCF.configured, /debug is 'maybe'; choose true or false/],
      [{ debug: 'tRuE' }, OCF.configured, /debug is 'tRuE'/],
      [{ state: 'here' }, OCF.configured, /state is 'here'; give an absolute path/],
    ];
    for (const [parameters, wanted, words] of expected) {
      const { status, stderr } = await vmClient(t, parameters).run('validate-all');
      assert.equal(status, wanted);
      assert.match(stderr, words);
    }
    const { status, stderr } = await vmClient(t, { state: '/no/such/folder/state' }).run('start');
    assert.equal(status, OCF.args);
    assert.match(stderr, /cannot write \/no\/such\/folder\/state; name another/);
  });

  it('its metadata is what the schema says', async (t) => {
    assert.equal(await schemaFault((await vmClient(t).run('meta-data')).stdout), undefined);
  });
});
