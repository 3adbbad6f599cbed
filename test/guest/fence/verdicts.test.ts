import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Scripted, scriptedAgent } from '../../support/scripted-agent.ts';
import { callFenceVm, inputOf, runFenceVm } from './call-fence-vm.ts';

const reply = (text: string, detail?: unknown): Scripted => ({ reply: { text, detail } });
const result = (name: string, more: object = {}, text = 'NG') =>
  reply(text, { result: name, reason: `because ${name}`, elapsedMs: 5, ...more });
const error = (code: string, retry: boolean): Scripted => ({
  reply: { error: { code, message: `${code}, says the host`, retry } },
});

const confirmed = (state: string) => result('confirmed', { state }, 'OK');

/** Every kind of answer that proves nothing, and what fence_vm has to say about it. */
const unproven: Readonly<Record<string, readonly [scripted: Scripted, message: RegExp]>> = {
  failed: [result('failed', { state: 'on' }), /could not do it: because failed; see the log/],
  unknown: [result('unknown', { state: 'unknown' }), /can't prove it: because unknown; see the log/],
  denied: [result('denied'), /denied it; its admin/],
  'failed, with the text OK': [result('failed', {}, 'OK'), /could not do it/],
  'unknown, with the text OK': [result('unknown', {}, 'OK'), /can't prove it/],
  'denied, with the text OK': [result('denied', {}, 'OK'), /denied it/],
  'confirmed, with the text NG': [
    result('confirmed', { state: 'off' }, 'NG'),
    /no answer of vm-stonithd 2 \("NG"\)/,
  ],
  'confirmed, with a text of its own': [
    result('confirmed', { state: 'off' }, 'ok'),
    /no answer of vm-stonithd 2/,
  ],
  'confirmed, and the state is not known': [confirmed('unknown'), /no answer of vm-stonithd 2/],
  'confirmed, with a state that is none': [confirmed('OFF'), /no answer of vm-stonithd 2/],
  'a result in capitals': [result('CONFIRMED', { state: 'off' }, 'OK'), /no answer of vm-stonithd 2/],
  'OK without a detail': [
    reply('OK'),
    /no answer of vm-stonithd 2 \("OK"\); update pm-kvm-tools on the host/,
  ],
  'OK with null': [reply('OK', null), /no answer of vm-stonithd 2/],
  'OK with a list': [reply('OK', ['confirmed']), /no answer of vm-stonithd 2/],
  'OK with a text': [reply('OK', 'confirmed'), /no answer of vm-stonithd 2/],
  'OK with a true result': [reply('OK', { result: true }), /no answer of vm-stonithd 2/],
  'NG without a detail': [reply('NG'), /no answer of vm-stonithd 2 \("NG"\)/],
  'an empty text': [reply(''), /no answer of vm-stonithd 2/],
  'a monitor reply': [reply('a=1,b=2'), /no answer of vm-stonithd 2/],
  'error deadline': [error('deadline', false), /timed out on the host: deadline, says the host; see the log/],
  'error host-away': [error('host-away', true), /timed out: no host daemon was there/],
  'error service-away': [error('service-away', true), /timed out: .*see vm-stonithd on the host/],
  'error service-busy': [error('service-busy', true), /timed out: /],
  'error too-many': [error('too-many', true), /timed out: /],
  'error id-conflict': [error('id-conflict', false), /answers id-conflict: id-conflict, says/],
  'error unknown-service': [error('unknown-service', false), /answers unknown-service/],
  'error bad-request': [error('bad-request', false), /answers bad-request/],
  'error refused': [error('refused', false), /denied it/],
  'an error of a code to come': [error('new-code', false), /answers new-code/],
  'an error that is none': [{ reply: { error: 'no' } }, /a wrong message came: error is not an object/],
  'neither text nor error': [
    { reply: { detail: { result: 'confirmed', state: 'off' } } },
    /a wrong message came/,
  ],
  'a frame error': [
    { bytes: '{"type":"error","code":"bad-request","message":"what?"}\n' },
    /answers bad-request: what\?/,
  ],
  'a line of text': [{ bytes: 'OK\n' }, /no frame of this protocol; see which program listens there/],
  'a version 1 reply': [
    { bytes: `\x01${'\0'.repeat(75)}\x02\0\0\0OK` },
    /version 1 of the protocol; see which program listens there/,
  ],
  'binary garbage': [{ bytes: '\xff\x00\x07{{{"result":"confirmed"}\n' }, /no frame of this protocol/],
  "somebody else's confirmation, then nothing": [
    { bytes: '{"type":"reply","id":"other","text":"OK","detail":{"result":"confirmed","state":"off"}}\n' },
    /timed out: no answer came in 0.2 s/,
  ],
  'half a confirmation, then nothing': [
    { bytes: '{"type":"reply","text":"OK","detail":{"result":"confirmed","state"' },
    /timed out: no answer came in 0.2 s/,
  ],
  silence: ['silence', /timed out: no answer came in 0.2 s; see the log of vm-connectd/],
  'a connection that closes': ['close', /the daemon closed the connection/],
};

const actions = ['off', 'on', 'reboot', 'status'] as const;
const parametersFor = (action: string, path: string) =>
  inputOf({
    action,
    plug: 'guest2',
    token: 'TOKEN',
    socket: path,
    power_timeout: '0.2',
    shell_timeout: '0.2',
  });

for (const [variant, [scripted, message]] of Object.entries(unproven)) {
  test(`after ${variant} no action succeeds, and the message says what to do`, async (t) => {
    const agent = await scriptedAgent(t, () => scripted);
    const all = actions.map(async (action) => {
      const called = await callFenceVm({ input: parametersFor(action, agent.path) });
      assert.equal(called.exitCode, 1, `${action}: ${called.stderr}`);
      assert.equal(called.stdout, '');
      assert.match(called.stderr, message);
      assert.match(
        called.stderr,
        /^fence_vm: cannot [^\n]* guest2: [^\n]+; [^\n]+ \(request [0-9a-f-]{36}\)\n$/,
      );
      assert.ok(!called.stderr.includes('TOKEN'));
    });
    await Promise.all(all);
  });
}

test('the program itself never ends with 0 for off or reboot on any of them', async (t) => {
  const runs = Object.entries(unproven).flatMap(([variant, [scripted]]) =>
    ['off', 'reboot'].map((action) => ({ variant, action, scripted })),
  );
  const total = runs.length;
  let failed = 0;
  const runner = async () => {
    for (let next = runs.shift(); next !== undefined; next = runs.shift()) {
      const { variant, action, scripted } = next;
      const agent = await scriptedAgent(t, () => scripted);
      const called = await runFenceVm(parametersFor(action, agent.path));
      assert.equal(called.exitCode, 1, `${action} after ${variant}: ${called.stdout}${called.stderr}`);
      failed++;
    }
  };
  await Promise.all(Array.from({ length: 6 }, runner));
  assert.equal(failed, total);
});

const proven: readonly (readonly [
  action: string,
  state: string | undefined,
  exitCode: number,
  stdout: string,
])[] = [
  ['off', 'off', 0, 'Success: Powered OFF\n'],
  ['off', undefined, 0, 'Success: Powered OFF\n'],
  ['off', 'on', 1, ''],
  ['on', 'on', 0, 'Success: Powered ON\n'],
  ['on', undefined, 0, 'Success: Powered ON\n'],
  ['on', 'off', 1, ''],
  ['reboot', 'off', 0, 'Success: Rebooted\n'],
  ['reboot', 'on', 0, 'Success: Rebooted\n'],
  ['reboot', undefined, 0, 'Success: Rebooted\n'],
  ['status', 'on', 0, 'Status: ON\n'],
  ['status', 'off', 2, 'Status: OFF\n'],
  ['status', undefined, 1, ''],
];

for (const [action, state, exitCode, stdout] of proven) {
  test(`${action} that is confirmed with state ${state ?? 'left out'} ends with ${exitCode}`, async (t) => {
    const agent = await scriptedAgent(t, () => result('confirmed', { state }, 'OK'));
    const input = parametersFor(action, agent.path);
    for (const called of [await callFenceVm({ input }), await runFenceVm(input)]) {
      assert.equal(called.exitCode, exitCode);
      assert.equal(called.stdout, stdout);
      assert.equal(called.stderr === '', exitCode !== 1);
    }
  });
}

test('what the host says reaches the log as one bounded line that steers no terminal', async (t) => {
  const reason = `bad\nfence_vm: all is well\u001b[2J\u202e${'x'.repeat(5000)}`;
  const agent = await scriptedAgent(t, () => result('failed', { reason }));
  const called = await callFenceVm({ input: parametersFor('off', agent.path) });
  assert.equal(called.stderr.split('\n').length, 2);
  assert.doesNotMatch(called.stderr.trimEnd(), /\p{C}/u);
  assert.ok(called.stderr.length < 600);
});
