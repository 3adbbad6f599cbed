/** Laws of ocf:extra:vm-anything. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { describe, it, type TestContext } from 'node:test';
import { runCommand } from '../../../shared/process/run-command.ts';
import { AgentCall, OCF, PROGRAMS_AWAY, schemaFault } from '../../support/agent-call.ts';
import { eventually } from '../../support/eventually.ts';
import { isAlive } from '../../support/process-table.ts';

const AGENT = 'host/agents/vm-anything';

/** Its program writes its parameters, each in brackets, and stays. */
function anything(t: TestContext, options: string, more: Readonly<Record<string, string>> = {}): AgentCall {
  const call = new AgentCall(t, AGENT, {});
  call.program('shown', 'for word in "$@"; do printf "[%s]\\n" "$word"; done; echo end; exec sleep 1000');
  call.parameters = {
    binfile: call.path('bin/shown'),
    cmdline_options: options,
    login_shell: 'false',
    logfile: call.path('out'),
    ...more,
  };
  return call;
}

async function wordsOf(t: TestContext, options: string, login: Login): Promise<readonly string[]> {
  const call = anything(t, options, { login_shell: login });
  const { status, stderr } = await call.run('start');
  assert.equal(status, OCF.success, stderr);
  const out = await eventually('the program has written', () => {
    const text = readFileSync(call.path('out'), 'utf8');
    return text.endsWith('end\n') && text;
  });
  return out.split('\n').slice(0, -2);
}

const LOGINS = ['true', 'false'] as const;
type Login = (typeof LOGINS)[number];

const PID_FILE = 'run/vm-anything-tested.pid';
const pidIn = (call: AgentCall, name: string) =>
  eventually(`${name} has a pid`, () => {
    const path = call.path(name);
    return (existsSync(path) && Number(readFileSync(path, 'utf8'))) || undefined;
  });

describe('vm-anything', () => {
  it('takes no process of another user for its program, whatever the login says of itself', async (t) => {
    const other = spawn('sleep', ['1000'], { detached: true, stdio: 'ignore' });
    t.after(() => other.kill('SIGKILL'));
    const call = anything(t, '1000', { binfile: '/bin/sleep', user: 'nobody', login_shell: 'true' });
    const skip = 'while [ "$1" != -- ]; do shift; done; shift';
    call.program('runuser', `echo ${other.pid} >&7; ${skip}; exec /usr/sbin/runuser -u nobody -- "$@"`);
    const { status, stderr } = await call.run('start');
    assert.equal(status, OCF.success, stderr);
    const own = await pidIn(call, PID_FILE);
    assert.notEqual(own, other.pid);
    assert.equal((await call.run('monitor')).status, OCF.success);
    assert.equal((await call.run('stop')).status, OCF.success);
    assert.deepEqual([isAlive(own), isAlive(other.pid ?? 0)], [false, true]);
  });

  it('a start that was killed leaves nothing that stop does not find', async (t) => {
    const call = anything(t, '1000', { binfile: '/bin/sleep', login_shell: 'true' });
    const skip = 'while [ "$1" != -- ]; do shift; done; shift';
    call.program('slow-login', `echo $$ >"$D/login"; sleep 5; ${skip}; exec "$@"`);
    call.program('runuser', 'exec setsid "$D/bin/slow-login" "$@"');
    await assert.rejects(call.run('start', {}, 1_500));
    const login = await pidIn(call, 'login');
    assert.ok(isAlive(login), 'it is on its way still');
    assert.equal((await call.run('stop')).status, OCF.success);
    assert.equal(isAlive(login), false);
  });

  for (const login of LOGINS) {
    it(`the options of the published text are the words that they look like (login_shell=${login})`, async (t) => {
      assert.deepEqual(await wordsOf(t, "-c 'openssl des-ede3 -d -base64 -k vmstonith' -i", login), [
        '[-c]',
        '[openssl des-ede3 -d -base64 -k vmstonith]',
        '[-i]',
      ]);
    });

    it(`nothing in the options is ever run or expanded (login_shell=${login})`, async (t) => {
      const canary = new AgentCall(t, AGENT, {}).path('canary');
      const hostile = `$(touch ${canary}) \`touch ${canary}\` ; touch ${canary} | sh & > ${canary} "$(touch ${canary})" * ~ $HOME 'it'\\''s'`;
      const words = await wordsOf(t, hostile, login);
      assert.equal(existsSync(canary), false);
      assert.deepEqual(words.slice(0, 2), ['[$(touch]', `[${canary})]`]);
      assert.deepEqual(words.slice(-4), ['[*]', '[~]', '[$HOME]', "[it's]"]);
    });

    it(`nothing in any other parameter is ever run either (login_shell=${login})`, async (t) => {
      const canary = new AgentCall(t, AGENT, {}).path('canary');
      const names = ['binfile', 'user', 'pidfile', 'logfile', 'errlogfile', 'workdir', 'stop_timeout'];
      for (const name of [...names, 'login_shell']) {
        const hostile = `/x$(touch ${canary});\`touch ${canary}\`'"|touch ${canary}`;
        const call = anything(t, '', { login_shell: login, [name]: hostile });
        await call.run('start');
        await call.run('stop');
        assert.equal(existsSync(canary), false, name);
      }
    });

    it(`a monitor_hook that fails makes the monitor fail, and is no shell (login_shell=${login})`, async (t) => {
      const call = anything(t, '', { login_shell: login });
      call.program('hook', 'echo "said: $1" >&2; exit "$2"');
      await call.run('start');
      const hooked = (hook: string) =>
        call.run('monitor', { OCF_RESKEY_monitor_hook: `${call.path('bin/hook')} ${hook}` });
      assert.equal((await hooked("'a b' 0")).status, OCF.success);
      const failed = await hooked(`';touch ${call.path('canary')};' 1`);
      assert.equal(failed.status, OCF.generic);
      assert.match(failed.stderr, /monitor_hook failed: said: ;touch/);
      assert.equal(existsSync(call.path('canary')), false);
    });

    it(`what it leaves behind ends with it (login_shell=${login})`, async (t) => {
      const call = anything(t, '', { login_shell: login });
      call.program(
        'shown',
        `trap '' TERM; sleep 1000 & echo $! >"$D/stubborn"
trap - TERM; sleep 1000 & echo $! >"$D/child"; wait`,
      );
      await call.run('start');
      const left = [await pidIn(call, 'child'), await pidIn(call, 'stubborn')];
      assert.equal((await call.run('stop')).status, OCF.success);
      assert.deepEqual(left.filter(isAlive), []);
    });
  }

  it('what it leaves behind when it crashes does not meet the next one', async (t) => {
    const call = anything(t, '');
    call.program('shown', 'sleep 1000 & echo $! >"$D/child"; wait');
    await call.run('start');
    const child = await pidIn(call, 'child');
    process.kill(await pidIn(call, PID_FILE), 'SIGKILL');
    const { status, stderr } = await call.run('monitor');
    assert.equal(status, OCF.generic, 'it is stopped before it is started elsewhere');
    assert.match(stderr, /has ended and left processes behind; stop will end them/);
    assert.equal(isAlive(child), true);
    assert.equal((await call.run('start')).status, OCF.success);
    assert.equal(isAlive(child), false);
    assert.equal((await call.run('monitor')).status, OCF.success);
  });

  for (const login of LOGINS) {
    for (const [when, waits] of [
      ['at once', ''],
      ['in its own time', 'sleep 2'],
    ] as const) {
      it(`a program that puts itself into the background ${when} is told what to do instead, and ended (login_shell=${login})`, async (t) => {
        const call = anything(t, '', { login_shell: login });
        const self = call.path('bin/shown');
        call.program(
          'shown',
          `case $1 in behind) echo $$ >>"$D/behind"; exec sleep 1000 ;; daemon) echo $$ >>"$D/daemon"; sleep 1000; exit ;; esac
/usr/bin/setsid "$0" daemon & ${waits}
/usr/bin/setsid "$0" behind &`,
        );
        const isLate = waits !== '';
        const began = await call.run('start');
        const daemon = await pidIn(call, 'daemon');
        const behind = await pidIn(call, 'behind');
        const told = await eventually('it is told', async () => {
          const asked = isLate ? await call.run('monitor') : began;
          return asked.status !== OCF.success && asked;
        });
        assert.equal(began.status, isLate ? OCF.success : OCF.generic);
        assert.equal(told.status, OCF.generic);
        assert.match(
          told.stderr,
          new RegExp(`${self} has put itself into the background \\(pid .*give it the option`),
        );
        assert.equal((await call.run('stop')).status, OCF.success);
        assert.equal(isAlive(daemon), false);
        assert.equal((await call.run('monitor')).status, OCF.notRunning);
        // What the program only started, as a libvirtd its machines, is not the program.
        assert.equal(isAlive(behind), true);
        process.kill(behind, 'SIGKILL');
      });
    }
  }

  it('a program whose pid file somebody has removed is found, and ended by stop', async (t) => {
    const call = anything(t, '');
    call.program('shown', 'echo $$ >"$D/own"; while :; do sleep 1; done');
    await call.run('start');
    const own = await pidIn(call, 'own');
    rmSync(call.path(PID_FILE));
    const { status, stderr } = await call.run('monitor');
    assert.equal(status, OCF.generic);
    assert.match(stderr, /runs \(pid \d+\), but \S+ has gone/);
    assert.equal((await call.run('stop')).status, OCF.success);
    assert.equal(isAlive(own), false);
  });

  it('a pid file that is none is neither overwritten nor removed', async (t) => {
    for (const suffix of ['', '.start']) {
      const call = anything(t, '', {});
      call.parameters = { ...call.parameters, pidfile: call.path('foreign') };
      const file = call.path(`foreign${suffix}`);
      writeFileSync(file, 'root:x:0:0\n');
      const { status, stderr } = await call.run('start');
      assert.equal(status, OCF.args);
      assert.match(stderr, /foreign\S* is there, and is no pid file; name another pidfile/);
      assert.equal((await call.run('monitor')).status, OCF.notRunning);
      assert.equal((await call.run('stop')).status, OCF.success);
      assert.equal(readFileSync(file, 'utf8'), 'root:x:0:0\n');
    }
  });

  it('what is in the way of a start is said, with the remedy', async (t) => {
    const call = anything(t, '');
    const given = call.parameters;
    const path = (name: string) => call.path(name);
    mkdirSync(path('closed'), { mode: 0o700 });
    writeFileSync(path('text'), '');
    copyFileSync('/bin/sleep', path('closed/sleep'));
    await runCommand(['mkfifo', path('fifo')], { deadlineMs: 5_000 });
    const nobody = { user: 'nobody', binfile: '/bin/sleep', cmdline_options: '1000' };
    const expected: readonly (readonly [Record<string, string>, number, RegExp])[] = [
      [
        { workdir: path('none') },
        OCF.installed,
        /workdir \S+none is no directory on this node; make it or mend/,
      ],
      [
        { ...nobody, workdir: path('closed') },
        OCF.permission,
        /user nobody may not enter workdir \S+closed; see namei/,
      ],
      [
        { ...nobody, binfile: path('closed/sleep') },
        OCF.permission,
        /user nobody may not execute \S+sleep; see/,
      ],
      [{ binfile: path('text') }, OCF.installed, /text may be executed by nobody; see chmod \+x/],
      [{ binfile: path('closed') }, OCF.installed, /closed is no program on this node/],
      [{ user: '65534' }, OCF.configured, /user is '65534'; give the name of the user/],
      [
        { logfile: path('none/log') },
        OCF.installed,
        /logfile is \S+, and there is no directory \S+none\/ on/,
      ],
      [{ errlogfile: path('none/log') }, OCF.installed, /errlogfile is \S+, and there is no directory/],
      [{ logfile: path('fifo') }, OCF.args, /logfile \S+fifo is no file; name another/],
      [{ logfile: path('closed') }, OCF.args, /logfile \S+closed is no file/],
      [{ login_shell: 'maybe' }, OCF.configured, /login_shell is 'maybe'; choose true or false/],
      [
        { stop_timeout: '99999999999999999999' },
        OCF.configured,
        /stop_timeout is '9+'; give whole seconds, 0 to 86400/,
      ],
      [{ binfile: '/bin/false' }, OCF.generic, /has ended at once, with status 1; see \S+out$/m],
      [
        { binfile: '/bin/true' },
        OCF.generic,
        /has ended at once, with status 0; if it puts itself into the background, give/,
      ],
    ];
    for (const [parameters, status, words] of expected) {
      call.parameters = { ...given, ...parameters };
      for (const action of status === OCF.generic ? ['start'] : ['validate-all', 'start']) {
        const got = await call.run(action);
        assert.match(got.stderr, words);
        assert.equal(got.status, status, got.stderr);
      }
    }
  });

  it('a blank monitor_hook is none', async (t) => {
    const call = anything(t, '1000', { monitor_hook: ' \t', binfile: '/bin/sleep', user: 'nobody' });
    assert.equal((await call.run('start')).status, OCF.success);
    const { status, stderr } = await call.run('monitor');
    assert.equal(status, OCF.success, stderr);
  });

  it('a pid that is told while nobody looks is taken down all the same', async (t) => {
    const call = anything(t, '1000', { binfile: '/bin/sleep', user: 'nobody' });
    call.program('runuser', '(sleep 0.3; exec /usr/sbin/runuser "$@") & exit 0');
    call.program('find', 'sleep 1; exec /usr/bin/find "$@"');
    const { status, stderr } = await call.run('start');
    assert.equal(status, OCF.success, stderr);
  });

  it('a login that is slow is waited for', async (t) => {
    const call = anything(t, '');
    call.program('setsid', 'sleep 7; exec /usr/bin/setsid "$@"');
    assert.equal((await call.run('start')).status, OCF.success);
    assert.equal((await call.run('monitor')).status, OCF.success);
  });

  it('what has no pid within the time of the start is called off: no second one comes beside it', async (t) => {
    const call = anything(t, '');
    call.program('setsid', 'echo $$ >"$D/login"; sleep 1000; exec /usr/bin/setsid "$@"');
    const { status, stderr, ms } = await call.run('start', { OCF_RESKEY_CRM_meta_timeout: '9000' });
    assert.equal(status, OCF.generic);
    assert.match(stderr, /gave no pid within the time of this start \(9000 ms\)/);
    assert.ok(ms < 9_000, String(ms));
    assert.equal(isAlive(await pidIn(call, 'login')), false);
    assert.equal(existsSync(call.path(PID_FILE)), false);
  });

  it('a start and a stop of few seconds are enough for a program that needs no more', async (t) => {
    const call = anything(t, '');
    call.program('setsid', 'sleep 1; exec /usr/bin/setsid "$@"');
    for (const action of ['start', 'stop']) {
      const { status, stderr } = await call.run(action, { OCF_RESKEY_CRM_meta_timeout: '6000' });
      assert.equal(status, OCF.success, stderr);
    }
  });

  it('stop keeps to its own time whatever stop_timeout says', async (t) => {
    const call = anything(t, '', { stop_timeout: '100' });
    call.program('shown', "trap '' TERM; while :; do sleep 1; done");
    await call.run('start');
    const { status, ms } = await call.run('stop', { OCF_RESKEY_CRM_meta_timeout: '9000' });
    assert.equal(status, OCF.success);
    assert.ok(ms > 3_000 && ms < 9_000, String(ms));
  });

  it('a program that is away just now, as during an upgrade, is no fault of what runs', async (t) => {
    const call = anything(t, '');
    await call.run('start');
    rmSync(call.path('bin/shown'));
    assert.equal((await call.run('monitor', PROGRAMS_AWAY)).status, OCF.success);
    process.kill(await pidIn(call, PID_FILE), 'SIGKILL');
    assert.equal((await call.run('monitor')).status, OCF.notRunning);
    const probe = await call.run('monitor', { OCF_RESKEY_CRM_meta_interval: '0' });
    assert.equal(probe.status, OCF.installed);
  });

  it('runs, is found, and is ended', async (t) => {
    const call = anything(t, '');
    assert.equal((await call.run('monitor')).status, OCF.notRunning);
    assert.equal((await call.run('start')).status, OCF.success);
    assert.equal((await call.run('start')).status, OCF.success, 'starting twice is starting once');
    assert.equal((await call.run('monitor')).status, OCF.success);
    assert.equal((await call.run('stop')).status, OCF.success);
    assert.equal((await call.run('monitor')).status, OCF.notRunning);
    assert.equal((await call.run('stop')).status, OCF.success);
  });

  it('a process that has its number by chance is neither taken for it nor ended', async (t) => {
    const call = anything(t, '', {});
    const pidFile = call.path(PID_FILE);
    writeFileSync(pidFile, `${process.pid}\n`);
    writeFileSync(`${pidFile}.start`, '1\n');
    assert.equal((await call.run('monitor')).status, OCF.notRunning);
    assert.equal((await call.run('stop')).status, OCF.success);
  });

  it('what does not end at SIGTERM is killed after stop_timeout', async (t) => {
    const call = anything(t, '', { stop_timeout: '1' });
    call.program('shown', "trap '' TERM; while :; do sleep 1; done");
    await call.run('start');
    const { status, ms } = await call.run('stop');
    assert.equal(status, OCF.success);
    assert.ok(ms >= 1_000, String(ms));
    assert.equal((await call.run('monitor')).status, OCF.notRunning);
  });

  it('another user runs it, with and without the environment of a login', async (t) => {
    for (const login of LOGINS) {
      const call = anything(t, '', {
        user: 'nobody',
        login_shell: login,
        binfile: '/usr/bin/sleep',
        cmdline_options: '1000',
      });
      const { status, stderr } = await call.run('start');
      assert.equal(status, OCF.success, stderr);
      const pid = readFileSync(call.path(PID_FILE), 'utf8').trim();
      assert.match(readFileSync(`/proc/${pid}/status`, 'utf8'), /^Uid:\t65534/m);
      assert.equal((await call.run('stop')).status, OCF.success);
    }
  });

  it('a program that ends at once has not started, and wrong parameters are named', async (t) => {
    const call = anything(t, '');
    const fault = async (parameters: Readonly<Record<string, string>>) => {
      call.parameters = { binfile: '/bin/sleep', login_shell: 'false', ...parameters };
      const { status, stderr } = await call.run('start');
      return [status, stderr];
    };
    const expected: readonly (readonly [Record<string, string>, number, RegExp])[] = [
      [{ binfile: '/bin/false' }, OCF.generic, /has ended at once/],
      [{ binfile: '' }, OCF.configured, /binfile is empty/],
      [{ binfile: 'sleep' }, OCF.configured, /absolute path/],
      [{ binfile: '/no/such' }, OCF.installed, /no program on this node/],
      [{ user: 'no such user' }, OCF.installed, /no user no such user/],
      [{ cmdline_options: "'open" }, OCF.configured, /a quote that is not closed/],
      [{ stop_timeout: 'soon' }, OCF.configured, /stop_timeout is 'soon'/],
      [{ stop_timeout: '08' }, OCF.configured, /stop_timeout is '08'/],
    ];
    for (const [parameters, status, words] of expected) {
      const [got, stderr] = await fault(parameters);
      assert.equal(got, status, String(stderr));
      assert.match(String(stderr), words);
    }
  });

  it('its metadata is what the schema says', async (t) => {
    const { stdout } = await anything(t, '').run('meta-data');
    assert.equal(await schemaFault(stdout), undefined);
  });
});
