import assert from 'node:assert/strict';
import { chmodSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { eventually } from '../../support/eventually.ts';
import { listed, type Scripted, type ScriptedAgent, scriptedAgent } from '../../support/scripted-agent.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';
import { callFenceVm, inputOf, run, runFenceVm } from './call-fence-vm.ts';

const CONFIRMED: Scripted = { reply: { text: 'OK', detail: { result: 'confirmed', elapsedMs: 1 } } };

const confirming = (t: TestContext) => scriptedAgent(t, () => CONFIRMED);
const textsOf = (agent: ScriptedAgent) => agent.asked.map(({ text }) => text);

const asListed = (state: unknown) => (typeof state === 'string' ? listed(state) : state);
const listing = (t: TestContext, states: readonly unknown[]) =>
  scriptedAgent(t, () => ({ reply: { text: 'OK', detail: { states: states.map(asListed) } } }));

test('each action asks the host in its words, with the token of the node and an id of its own', async (t) => {
  const agent = await confirming(t);
  const tokens = 'guest1:T1 guest2:T2';
  for (const action of ['off', 'on', 'reboot', 'OFF', 'status']) {
    await callFenceVm({ input: inputOf({ action, plug: 'guest2', tokens, socket: agent.path }) });
  }
  assert.deepEqual(textsOf(agent), ['off T2', 'on T2', 'reset T2', 'off T2', 'status T2']);
  assert.equal(new Set(agent.asked.map(({ id }) => id)).size, 5);
  for (const { service, detail, impatient } of agent.asked) {
    assert.equal(service, 'stonith');
    assert.deepEqual(detail, { node: 'guest2' });
    assert.notEqual(impatient, true);
  }
});

test('standard input: comments, blanks, quotes, unknown names, older names; the last value wins', async (t) => {
  const agent = await confirming(t);
  const socket = `socket=${agent.path}`;
  const inputs: Readonly<Record<string, string>> = {
    'off T': `# a comment\n\n action = off \nplug="guest2"\ntoken=T\nnonsense\nwhat=ever\n${socket}\n`,
    'on T2': `action=off\naction=on\nport=guest2\ntokens=guest1:T1,guest2:T2\n${socket}\n`,
    'reset T3': `${socket}\nnodename=guest3\ntokens=guest3:T3;guest1:T1`,
    'off T1': `${socket}\naction=off\nnodename=guest3\nport=guest1\ntokens=guest3:T3;guest1:T1\nshell-timeout=5`,
    'off a=b#c': `${socket}\naction=off\nplug=x\ntoken=a=b#c\r\n`,
  };
  for (const [expected, input] of Object.entries(inputs)) {
    const called = await callFenceVm({ input });
    assert.equal(called.exitCode, 0, called.stderr);
    assert.equal(textsOf(agent).at(-1), expected);
  }
});

test('standard input without end: it is said what is too large and what is wanted, and nothing is asked', async (t) => {
  const agent = await confirming(t);
  const good = inputOf({ action: 'off', plug: 'guest2', token: 'T', socket: agent.path });
  const atLimit = await runFenceVm(`${good}#${'x'.repeat(1024 * 1024 - good.length - 1)}`);
  assert.equal(atLimit.exitCode, 0, atLimit.stderr);
  const { exitCode, stdout, stderr } = await runFenceVm(`${good}#${'x'.repeat(1024 * 1024 - good.length)}`);
  assert.deepEqual([exitCode, stdout, agent.asked.length], [1, '', 1]);
  assert.equal(
    stderr,
    'fence_vm: cannot read the parameters: standard input has more than 1 MiB; give name=value lines, such as action=off; fence_vm -o metadata lists the names\n',
  );
});

test('the command line: long and short, with the value beside or behind', async (t) => {
  const agent = await confirming(t);
  const socket = `--socket=${agent.path}`;
  const lines = [
    ['--action=off', '--plug=guest2', '--token=T', socket],
    ['--action', 'off', '--plug', 'guest2', '--token', 'T', '-s', agent.path],
    ['-o', 'off', '-n', 'guest2', '-t', 'T', socket],
    ['-ooff', '-nguest2', '-tT', socket, '-qv'],
    ['-o', 'off', '--port', 'guest2', '--tokens', 'guest2:T', '--power_timeout=9', socket],
  ];
  for (const parameters of lines) {
    assert.equal((await callFenceVm({ parameters })).exitCode, 0);
  }
  assert.deepEqual(textsOf(agent), Array(5).fill('off T'));
  for (const parameters of [
    ['--nonsense'],
    ['off'],
    ['-o'],
    ['--plug'],
    ['-x'],
    ['--help=1'],
    ['-'],
    ['--'],
  ]) {
    const called = await callFenceVm({ parameters });
    assert.equal(called.exitCode, 1);
    assert.match(called.stderr, /^fence_vm: [^\n]+(is no option|needs a value|takes no value)\n$/);
  }
});

test('a token where a name, a path, an option or an action was expected is not shown', async () => {
  const sealed = 'A'.repeat(120);
  const token = `pkt2.3f9a1c07.${sealed}`;
  for (const parameters of [
    [token],
    [`--bogus=${token}`],
    ['-o', token],
    ['-o', 'off', '-n', token, '--tokens=guest2:T'],
    ['-o', 'off', '-n', 'guest2', `--token-file=/nowhere/${token}`],
    ['-o', 'off', '-n', 'guest2', '--tokens=guest2:T', `--socket=/nowhere/${token}`],
  ]) {
    const { exitCode, stderr } = await callFenceVm({ parameters });
    assert.equal(exitCode, 1);
    assert.match(stderr, /^fence_vm: /);
    assert.doesNotMatch(stderr, /A{20}/, parameters.join(' '));
  }
});

test('without a word on what to do it reboots, and an unknown action is refused as Pacemaker knows it', async (t) => {
  const agent = await confirming(t);
  await callFenceVm({ input: inputOf({ plug: 'guest2', token: 'T', socket: agent.path }) });
  assert.deepEqual(textsOf(agent), ['reset T']);
  const called = await callFenceVm({ input: inputOf({ action: 'explode', plug: 'guest2', token: 'T' }) });
  assert.equal(called.exitCode, 1);
  assert.match(called.stderr, /Unrecognised action "explode": use one of on off reboot /);
});

test('a node is fenced with its own token or not at all', async (t) => {
  const agent = await confirming(t);
  const known = { tokens: 'guest1:T1 guest2:T2', socket: agent.path };
  for (const plug of ['guest3', 'GUEST2', 'guest', 'guest2,guest1', 'toString', '__proto__']) {
    for (const action of ['off', 'reboot', 'on', 'status']) {
      const called = await callFenceVm({ input: inputOf({ ...known, action, plug }) });
      assert.equal(called.exitCode, 1);
      assert.match(
        called.stderr,
        /there is no token for \S+ in the parameter tokens, which knows guest1 guest2; add/,
      );
    }
  }
  for (const action of ['off', 'reboot', 'on', 'status']) {
    const called = await callFenceVm({ input: inputOf({ ...known, action }) });
    assert.match(called.stderr, new RegExp(`${action} needs a node: set plug`));
    assert.equal(called.exitCode, 1);
  }
  assert.deepEqual(agent.asked, []);
});

test('tokens can stand in a file that only root can read, and in no other', async (t) => {
  const agent = await confirming(t);
  const file = join(temporaryDirectory(t), 'tokens');
  const input = inputOf({ action: 'off', plug: 'guest2', token_file: file, socket: agent.path });
  const missing = await callFenceVm({ input });
  assert.match(
    missing.stderr,
    /no token is known: .*; set tokens, or write lines of "NAME TOKEN" into .* 0600/,
  );
  writeFileSync(file, '# tokens\n\nguest1   T1\n\tguest2\tT2  \n', { mode: 0o600 });
  assert.equal((await callFenceVm({ input })).exitCode, 0);
  assert.deepEqual(textsOf(agent), ['off T2']);
  chmodSync(file, 0o640);
  const lax = await callFenceVm({ input });
  assert.equal(lax.exitCode, 1);
  assert.match(lax.stderr, /others may use it \(mode 0640\); chmod 600 /);
  chmodSync(file, 0o600);
  const faulty: Readonly<Record<string, RegExp>> = {
    '': /no token in .*; add one for each node/,
    'guest2 token-two\nguest2 token-three\n': /:2 names guest2 again; keep one/,
    'guest2\n': /:1 is not of the form NAME TOKEN/,
    'guest2 token-two more\n': /:1 is not of the form NAME TOKEN/,
    'guest2 T\u0007\n': /:1 is not of the form NAME TOKEN/,
  };
  for (const [text, message] of Object.entries(faulty)) {
    writeFileSync(file, text);
    const called = await callFenceVm({ input });
    assert.equal(called.exitCode, 1);
    assert.match(called.stderr, message);
    assert.ok(!/token-(two|three)/.test(called.stderr));
  }
  assert.equal(agent.asked.length, 1);
});

test('everything that is wrong with the settings is said at once, and without the tokens', async () => {
  const parameters = {
    action: 'validate-all',
    plug: 'two words',
    token: 'SECRET and more',
    tokens: 'SECRET',
    delay: 'soon',
    delay_max: '-1',
    power_timeout: '3601',
    shell_timeout: '1e3',
    disable_timeout: 'maybe',
    verbose: '2',
  };
  const called = await callFenceVm({ input: inputOf(parameters) });
  assert.equal(called.exitCode, 1);
  assert.equal(called.stderr.split('\n').length, 11);
  assert.doesNotMatch(called.stderr, /SECRET/);
});

test('list prints the nodes, list-status their states too', async (t) => {
  const agent = await listing(t, ['on', 'off', 'unknown', 'denied']);
  const known = { tokens: 'a:T1 b:T2 c:T3 d:T4', socket: agent.path };
  const listed = await callFenceVm({ input: inputOf({ ...known, action: 'list' }) });
  assert.deepEqual(listed, { exitCode: 0, stdout: 'a,\nb,\nc,\nd,\n', stderr: '' });
  assert.deepEqual(agent.asked, []);
  const states = await callFenceVm({ input: inputOf({ ...known, action: 'list-status', separator: '|' }) });
  assert.deepEqual(states, { exitCode: 0, stdout: 'a||ON\nb||OFF\nc||UNKNOWN\nd||UNKNOWN\n', stderr: '' });
  assert.deepEqual(textsOf(agent), ['list T1 T2 T3 T4']);
});

test('a state is believed only as the host gives it', async (t) => {
  const known = { action: 'list-status', tokens: 'a:T1 b:T2 c:T3 d:T4' };
  const explained = [
    { result: 'confirmed', state: 'on', reason: 'r' },
    { result: 'failed', state: 'off', reason: 'r' },
    { result: 'denied', state: 'unknown', reason: 'r' },
    { result: 'confirmed', state: 'off', reason: 'r' },
  ];
  const agent = await listing(t, explained);
  const states = await callFenceVm({ input: inputOf({ ...known, separator: '=', socket: agent.path }) });
  assert.deepEqual(states, { exitCode: 0, stdout: 'a==ON\nb==UNKNOWN\nc==UNKNOWN\nd==OFF\n', stderr: '' });
  for (const wrong of [
    { state: 'on' },
    { result: 'confirmed', state: 'denied' },
    { result: 'ok', state: 'on' },
    [],
  ]) {
    const mistaken = await listing(t, ['on', 'on', 'on', wrong]);
    const called = await callFenceVm({ input: inputOf({ ...known, socket: mistaken.path }) });
    assert.equal(called.exitCode, 1);
  }
});

test('a token alone names no node, so there is nothing to list', async () => {
  for (const action of ['list', 'list-status']) {
    const called = await callFenceVm({ input: inputOf({ action, token: 'T' }) });
    assert.equal(called.exitCode, 1);
    assert.match(called.stderr, /token names no node; write it as NAME:TOKEN, or set plug/);
  }
  const called = await callFenceVm({ input: inputOf({ action: 'list', token: 'T', plug: 'guest2' }) });
  assert.equal(called.stdout, 'guest2,\n');
});

test('one token fences the one node that stands with it, and from Pacemaker none without a name', async (t) => {
  const agent = await confirming(t);
  const off = (token: string, plug: string, isUnderPacemaker: boolean) =>
    callFenceVm(
      { input: inputOf({ action: 'off', token, plug, nodename: plug, socket: agent.path }) },
      { isUnderPacemaker },
    );
  for (const isUnderPacemaker of [false, true]) {
    assert.equal((await off('guest2:T', 'guest2', isUnderPacemaker)).exitCode, 0);
    const other = await off('guest2:T', 'guest1', isUnderPacemaker);
    assert.equal(other.exitCode, 1);
    assert.match(
      other.stderr,
      /no token for guest1 in the parameter token, which knows guest2; add it there/,
    );
  }
  assert.deepEqual(textsOf(agent), ['off T', 'off T']);

  assert.equal((await off('T', 'guest2', false)).exitCode, 0);
  const nameless = await off('T', 'guest2', true);
  assert.equal(nameless.exitCode, 1);
  assert.match(nameless.stderr, /token names no node, .*; write it as NAME:TOKEN/);
  for (const action of ['monitor', 'list', 'status']) {
    const input = inputOf({ action, token: 'T', plug: 'guest2', socket: agent.path });
    assert.equal((await callFenceVm({ input }, { isUnderPacemaker: true })).exitCode, 1);
  }
  assert.equal(agent.asked.length, 3);
  const listed = await callFenceVm({ input: inputOf({ action: 'list', token: 'guest2:T' }) });
  assert.equal(listed.stdout, 'guest2,\n');
});

test('monitor is well when the host answers and denies no token', async (t) => {
  for (const [states, exitCode] of [
    [['on', 'off'], 0],
    [['unknown', 'unknown'], 0],
    [['on', 'denied'], 1],
    [['on', { result: 'denied' }], 1],
    [['on', { result: 'unknown' }], 0],
    [['on'], 1],
    [['on', 'off', 'off'], 1],
    [['on', 'OFF'], 1],
    [['on', null], 1],
    [[], 1],
  ] as const) {
    const agent = await listing(t, states);
    const input = inputOf({ action: 'monitor', tokens: 'a:T1 b:T2', socket: agent.path });
    const called = await callFenceVm({ input });
    assert.equal(called.exitCode, exitCode, JSON.stringify(states));
    assert.equal(called.stderr === '', exitCode === 0);
    if (states.at(-1) === 'denied')
      assert.match(called.stderr, /cannot fence b: the host denies the token; its admin/);
  }
});

test('hundreds of tokens are asked for in as many requests as they need', async (t) => {
  const names = Array.from({ length: 300 }, (_, index) => `node${index}`);
  const tokens = names.map((name) => `${name}:${name.padEnd(1000, 'x')}`).join(' ');
  const agent = await scriptedAgent(t, ({ text }) => {
    const states = text
      .split(' ')
      .slice(1)
      .map((token) => (token.startsWith('node7x') ? 'off' : 'on'));
    return { reply: { text: 'OK', detail: { states: states.map(listed) } } };
  });
  const called = await callFenceVm({ input: inputOf({ action: 'list-status', tokens, socket: agent.path }) });
  assert.equal(called.exitCode, 0, called.stderr);
  const lines = called.stdout.trimEnd().split('\n');
  assert.deepEqual(
    lines,
    names.map((name) => `${name},,${name === 'node7' ? 'OFF' : 'ON'}`),
  );
  assert.ok(agent.asked.length > 5);
});

test('off and reboot wait for delay, and at random up to delay_max; nothing else waits', async (t) => {
  const agent = await confirming(t);
  const waited = async (action: string, parameters: Record<string, string>, random = 0.5) => {
    const input = inputOf({ action, plug: 'g', token: 'T', socket: agent.path, ...parameters });
    let total = 0;
    const sleep = async (delayMs: number) => {
      total += delayMs;
    };
    await callFenceVm({ input }, { sleep, random: () => random });
    return total;
  };
  assert.equal(await waited('off', {}), 0);
  assert.equal(await waited('off', { delay: '3' }), 3000);
  assert.equal(await waited('reboot', { delay: '0.25s' }), 250);
  assert.equal(await waited('off', { delay_max: '10' }), 5000);
  assert.equal(await waited('off', { delay: '4', delay_max: '10' }, 0), 4000);
  assert.equal(await waited('off', { delay: '4', delay_max: '10' }, 0.999999), 10_000);
  assert.equal(await waited('off', { delay: '4', delay_max: '1' }, 0.9), 4000);
  for (const action of ['on', 'status', 'monitor', 'list']) {
    assert.equal(await waited(action, { delay: '3', delay_max: '9' }), 0);
  }
});

test('the host is given the time that the caller allows, by default no more than Pacemaker itself does', async (t) => {
  const agent = await confirming(t);
  const deadline = async (action: string, parameters: Record<string, string>, isUnderPacemaker: boolean) => {
    const input = inputOf({ action, plug: 'g', token: 'g:T', socket: agent.path, ...parameters });
    await callFenceVm({ input }, { isUnderPacemaker });
    return Math.ceil((agent.asked.at(-1)?.deadlineMs ?? 0) / 1000);
  };
  assert.equal(await deadline('off', {}, false), 60);
  assert.equal(await deadline('off', {}, true), 60);
  assert.equal(await deadline('off', { power_timeout: '300' }, true), 300);
  assert.equal(await deadline('off', { disable_timeout: '1' }, true), 600);
  assert.equal(await deadline('off', { power_timeout: '90' }, true), 90);
  assert.equal(await deadline('off', { disable_timeout: 'false' }, true), 60);
  assert.equal(await deadline('off', { disable_timeout: '1', power_timeout: '90' }, false), 600);
  assert.equal(await deadline('off', { power_timeout: '0' }, false), 600);
  assert.equal(await deadline('status', {}, true), 15);
  assert.equal(await deadline('status', { shell_timeout: '4' }, false), 4);
});

test('whatever a token is made of, it reaches the host as it is or not at all', async (t) => {
  const agent = await confirming(t);
  const canary = join(dirname(agent.path), 'canary');
  const words = [
    `$(touch\${IFS}${canary})`,
    `\`touch\${IFS}${canary}\``,
    `;touch\${IFS}${canary};`,
    `'"\\|&<>*?~#!{}[]`,
    'x","type":"cancel","x":"',
    '--help',
    'x'.repeat(4096),
  ];
  for (const token of words) {
    assert.equal(
      (await runFenceVm(inputOf({ action: 'off', plug: 'g', token: `g:${token}`, socket: agent.path })))
        .exitCode,
      0,
    );
    assert.equal(textsOf(agent).at(-1), `off ${token}`);
  }
  const asked = agent.asked.length;
  for (const token of ['a b', 'a\tb', 'a\0b', 'a\u001bb', '仮想', 'x'.repeat(4097), 'x'.repeat(60 * 1024)]) {
    const called = await runFenceVm(inputOf({ action: 'off', plug: 'g', token, socket: agent.path }));
    assert.equal(called.exitCode, 1);
    assert.match(called.stderr, /token is no token/);
  }
  assert.equal(agent.asked.length, asked);
  assert.equal((await run(['test', '-e', canary])).exitCode, 1);
});

test('quiet says nothing, verbose what is asked and answered, and neither the token', async (t) => {
  const agent = await scriptedAgent(t, () => ({ reply: { text: 'NG' } }));
  const parameters = { action: 'off', plug: 'g', token: 'TOKEN', socket: agent.path };
  assert.equal((await callFenceVm({ input: inputOf({ ...parameters, quiet: '1' }) })).stderr, '');
  const { stderr } = await callFenceVm({ input: inputOf({ ...parameters, verbose: 'yes' }) });
  assert.match(
    stderr,
    /^fence_vm: request [0-9a-f-]+: off, for at most \d+ ms\nfence_vm: request [^\n]+"NG"/,
  );
  assert.doesNotMatch(stderr, /TOKEN/);
});

test('a daemon that is not there, or not for us, is named with the remedy', async (t) => {
  const directory = temporaryDirectory(t);
  chmodSync(directory, 0o755);
  const away = inputOf({
    action: 'off',
    plug: 'g',
    token: 'T',
    socket: join(directory, 'away'),
    power_timeout: '0.3',
  });
  const missing = await runFenceVm(away);
  assert.equal(missing.exitCode, 1);
  assert.match(missing.stderr, /cannot power off g: .* nobody listens there; start vm-connectd/);

  const agent = await confirming(t);
  chmodSync(dirname(agent.path), 0o755);
  chmodSync(agent.path, 0o600);
  const forbidden = inputOf({ action: 'off', plug: 'g', token: 'T', socket: agent.path });
  const refused = await runFenceVm(forbidden, { uid: 65_534 });
  assert.equal(refused.exitCode, 1);
  assert.match(refused.stderr, /permission denied; run it as root/);
  assert.deepEqual(agent.asked, []);
});

test('a daemon that does not come is given up long before the deadline', async (t) => {
  const path = join(temporaryDirectory(t), 'socket');
  const startMs = performance.now();
  const called = await callFenceVm({
    input: inputOf({ action: 'off', plug: 'g', token: 'T', socket: path }),
  });
  assert.equal(called.exitCode, 1);
  assert.match(called.stderr, /nobody listens on \S+; start vm-connectd in this guest/);
  assert.ok(performance.now() - startMs < 15_000);
});

test('whoever kills it takes the request back', async (t) => {
  const agent = await scriptedAgent(t, () => 'silence');
  const input = inputOf({ action: 'off', plug: 'g', token: 'T', socket: agent.path });
  const called = await runFenceVm(input, { killWhen: () => agent.asked.length > 0 });
  assert.equal(called.exitCode, null);
  assert.equal(agent.asked.length, 1);
  await eventually('the agent notices', () => agent.abandoned() === 1);
});
