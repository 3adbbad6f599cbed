import assert from 'node:assert/strict';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { eventually } from '../../support/eventually.ts';
import { listed, type Scripted, scriptedAgent } from '../../support/scripted-agent.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';
import { type Called, programDirectory, run } from './call-fence-vm.ts';

const PLUGIN = 'guest/agents/external-vm-stonith';
const HOSTLIST = 'Guest1:U2FsdGVkX1+a/b== guest2:pkt2.k.T-2_x';
const CONFIRMED: Scripted = {
  reply: { text: 'OK', detail: { result: 'confirmed', state: 'off', elapsedMs: 1 } },
};

function plugin(
  parameters: Readonly<Record<string, string>>,
  words: readonly string[],
  shell: readonly string[] = ['sh'],
): Promise<Called> {
  const env = { PATH: `${programDirectory()}:/usr/bin:/bin`, hostlist: HOSTLIST, ...parameters };
  return run([...shell, PLUGIN, ...words], '', { env });
}

const confirming = (t: TestContext) => scriptedAgent(t, () => CONFIRMED);

const shells = [['dash'], ['bash', '--posix'], ['busybox', 'sh']];

for (const shell of shells) {
  test(`under ${shell[0]}, each operation becomes a request with the token of its host`, async (t) => {
    const agent = await confirming(t);
    const operations = [
      ['off', 'guest2'],
      ['reset', 'guest2'],
      ['on', 'guest2'],
      ['off', 'Guest1'],
      ['off', 'guest1'],
    ];
    for (const words of operations) {
      const called = await plugin({ socket: agent.path }, words, shell);
      assert.equal(called.exitCode, words[0] === 'on' ? 1 : 0, called.stderr);
    }
    const texts = agent.asked.map(({ text }) => text);
    const [first, second] = ['U2FsdGVkX1+a/b==', 'pkt2.k.T-2_x'];
    assert.deepEqual(texts, [
      `off ${second}`,
      `reset ${second}`,
      `on ${second}`,
      `off ${first}`,
      `off ${first}`,
    ]);
  });
}

const unproven: Readonly<Record<string, Scripted>> = {
  failed: { reply: { text: 'NG', detail: { result: 'failed', reason: 'r' } } },
  unknown: { reply: { text: 'NG', detail: { result: 'unknown', reason: 'r' } } },
  denied: { reply: { text: 'NG', detail: { result: 'denied' } } },
  'OK without proof': { reply: { text: 'OK' } },
  'an error': { reply: { error: { code: 'deadline', message: 'm', retry: false } } },
  garbage: { bytes: 'OK\n' },
  silence: 'silence',
  'the end of the connection': 'close',
};

for (const [variant, scripted] of Object.entries(unproven)) {
  test(`after ${variant} neither off nor reset nor status succeeds`, async (t) => {
    const agent = await scriptedAgent(t, () => scripted);
    // status has a limit of its own, which is too long for silence here.
    const operations = typeof scripted === 'string' ? ['off', 'reset'] : ['off', 'reset', 'status'];
    const calls = operations.map((operation) =>
      plugin({ socket: agent.path, timeout: '1' }, [operation, 'guest2']),
    );
    for (const called of await Promise.all(calls)) {
      assert.equal(called.exitCode, 1);
      assert.match(called.stderr, /^fence_vm: cannot /);
    }
  });
}

test('a host that is not in hostlist is not fenced, and neither is anything without fence_vm', async (t) => {
  const agent = await confirming(t);
  for (const host of ['guest3', 'guest', '', 'guest2:pkt2.k.T-2_x', '*', '.*', 'guest2 ']) {
    const called = await plugin({ socket: agent.path }, ['off', host]);
    assert.equal(called.exitCode, 1);
    assert.match(called.stderr, /is not in hostlist/);
  }
  const called = await plugin({ socket: agent.path, PATH: '/bin' }, ['off', 'guest2']);
  assert.equal(called.exitCode, 127);
  assert.deepEqual(agent.asked, []);
});

test('delimeter is whatever parts name from token', async (t) => {
  const agent = await confirming(t);
  for (const [delimeter, hostlist] of [
    ['=', 'guest2=T=1=='],
    ['**', 'guest2**T=1=='],
    ['?', 'guest2?T=1=='],
    [':', '\t guest1:X\n\n guest2:T=1== '],
  ] as const) {
    assert.equal((await plugin({ socket: agent.path, delimeter, hostlist }, ['off', 'guest2'])).exitCode, 0);
    assert.equal(agent.asked.at(-1)?.text, 'off T=1==');
  }
});

test('parameters that can mean nothing are refused without showing a token', async (t) => {
  const agent = await confirming(t);
  const faulty: readonly Readonly<Record<string, string>>[] = [
    { hostlist: '' },
    { hostlist: ' \n\t' },
    { hostlist: 'guest2' },
    { hostlist: 'guest2:' },
    { hostlist: ':SECRET' },
    { hostlist: 'guest2:T SECRET' },
    { hostlist: 'Guest2:T guest2:SECRET' },
    { hostlist: 'guest1:T GUEST2:T gueSt2:SECRET' },
    { hostlist: 'guest2:T guest2:SECRET' },
    { timeout: '5s' },
    { timeout: '5\nplug=other' },
    { socket: 'x\nplug=other' },
  ];
  for (const parameters of faulty) {
    for (const operation of ['off', 'reset', 'on', 'status', 'gethosts']) {
      const called = await plugin({ socket: agent.path, ...parameters }, [operation, 'guest2']);
      assert.equal(called.exitCode, 1);
      assert.match(called.stderr, /^external\/vm-stonith: /);
      assert.doesNotMatch(called.stderr, /SECRET/);
    }
  }
  assert.deepEqual(agent.asked, []);
});

test('nothing in a parameter or a host is executed or becomes another parameter', async (t) => {
  const agent = await confirming(t);
  const canary = join(dirname(agent.path), 'canary');
  const touch = `touch\${IFS}${canary}`;
  for (const token of [
    `$(${touch})`,
    `\`${touch}\``,
    `;${touch};`,
    `"$(${touch})"x`,
    "'",
    '\\',
    '*',
    '-o',
    '%s%n',
  ]) {
    const called = await plugin({ socket: agent.path, hostlist: `guest2:${token}` }, ['off', 'guest2']);
    assert.equal(called.exitCode, 0, called.stderr);
    assert.equal(agent.asked.at(-1)?.text, `off ${token}`);
    await Promise.all([
      plugin({ socket: agent.path, hostlist: `${token}:T` }, ['off', token]),
      plugin({ socket: agent.path, delimeter: token }, ['off', 'guest2']),
      plugin({ socket: agent.path, timeout: token }, ['off', token]),
      plugin({ socket: agent.path, hostlist: `guest2:${token}` }, ['status']),
      plugin({ socket: agent.path, hostlist: `guest2:${token}` }, [token, token]),
    ]);
  }
  assert.ok(!existsSync(canary));
});

test('status is that of the device: the host is there and denies no token', async (t) => {
  const states = (...words: string[]): Scripted => ({
    reply: { text: 'OK', detail: { states: words.map(listed) } },
  });
  const well = await scriptedAgent(t, () => states('on', 'unknown'));
  assert.equal((await plugin({ socket: well.path }, ['status'])).exitCode, 0);
  assert.equal(well.asked[0]?.text, 'list U2FsdGVkX1+a/b== pkt2.k.T-2_x');
  const denied = await scriptedAgent(t, () => states('on', 'denied'));
  const called = await plugin({ socket: denied.path }, ['status']);
  assert.equal(called.exitCode, 1);
  assert.match(called.stderr, /cannot fence guest2: the host denies the token/);
});

test('whoever kills it takes the request back', async (t) => {
  const agent = await scriptedAgent(t, () => 'silence');
  const env = { PATH: `${programDirectory()}:/usr/bin:/bin`, hostlist: HOSTLIST, socket: agent.path };
  const called = await run(['sh', PLUGIN, 'off', 'guest2'], '', {
    env,
    killWhen: () => agent.asked.length > 0,
  });
  assert.equal(called.exitCode, null);
  assert.equal(agent.asked.length, 1);
  await eventually('the agent notices', () => agent.abandoned() === 1);
});

test('the plugin can be executed, or stonith would not take it for one', () => {
  assert.equal(statSync(PLUGIN).mode & 0o111, 0o111);
});

const installed = (...command: string[]) =>
  run(['test/guest/fence/with-agents-installed', programDirectory(), ...command]);

/** As it was published for version 1. */
const OLD_CONFIGURATION = `primitive vm-stonith-guest2 stonith:external/vm-stonith \\
  params priority="2" stonith-timeout="30s" \\
  hostlist="guest2:U2FsdGVkX19OO1zVKCGneLBCaGTaGLZ7gLQiNnpLxRAcmJUOjnZrYg==" \\
  op start interval="0s" timeout="60s" op monitor interval="3600s" timeout="60s" op stop interval="0s" timeout="60s"
`;

test('crm takes the configuration that was published for version 1', async (t) => {
  const directory = temporaryDirectory(t);
  const [cib, configuration] = [join(directory, 'cib.xml'), join(directory, 'old.crm')];
  writeFileSync(cib, (await run(['cibadmin', '--empty'])).stdout);
  writeFileSync(configuration, OLD_CONFIGURATION);
  const loaded = await installed(
    'env',
    `CIB_file=${cib}`,
    'crm',
    'configure',
    'load',
    'update',
    configuration,
  );
  assert.equal(loaded.exitCode, 0, loaded.stderr);
  assert.match(readFileSync(cib, 'utf8'), /type="external\/vm-stonith"/);
});

const stonith = (...words: string[]) => installed('stonith', '-t', 'external/vm-stonith', ...words);

test('the real stonith describes it, lists its hosts, asks its status and fences with it', async (t) => {
  const agent = await scriptedAgent(t, ({ text }) =>
    text.startsWith('list')
      ? { reply: { text: 'OK', detail: { states: [listed('on'), listed('on')] } } }
      : CONFIRMED,
  );
  const [names, help, metadata] = await Promise.all([stonith('-n'), stonith('-h'), stonith('-m')]);
  assert.equal(names.stdout.trim().replace(/\s+/g, ' '), 'hostlist delimeter');
  assert.match(
    help.stdout,
    /STONITH Device: external\/vm-stonith - Fences a KVM guest from inside of another/,
  );
  assert.match(metadata.stdout, /<parameter name="hostlist" unique="1" required="1">/);

  const parameters = [`hostlist=${HOSTLIST}`, 'delimeter=:', `socket=${agent.path}`];
  const hosts = await stonith(...parameters, '-l');
  assert.equal(hosts.exitCode, 0);
  assert.deepEqual(hosts.stdout.trim().split('\n'), ['Guest1', 'guest2']);
  assert.equal((await stonith(...parameters, '-S')).exitCode, 0);
  for (const [operation, text] of [
    ['off', 'off'],
    ['reset', 'reset'],
  ] as const) {
    assert.equal((await stonith(...parameters, '-T', operation, 'GUEST1')).exitCode, 0);
    assert.equal(agent.asked.at(-1)?.text, `${text} U2FsdGVkX1+a/b==`);
  }
  const refused = await scriptedAgent(t, () => ({ reply: { text: 'OK' } }));
  const failing = [`hostlist=${HOSTLIST}`, `socket=${refused.path}`];
  const attempts = [['-T', 'off', 'guest2'], ['-T', 'reset', 'guest2'], ['-T', 'on', 'guest2'], ['-S']];
  for (const { exitCode } of await Promise.all(attempts.map((words) => stonith(...failing, ...words)))) {
    assert.notEqual(exitCode, 0);
  }
});
