/**
 * A guest whose root tries what docs/security.md says is impossible, against the real vm-connectd and vm-stonithd. What it tries
 * by sheer load is in test/host/connect/hostile-guests.test.ts.
 */
import assert from 'node:assert/strict';
import { readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { runProgram } from '../host/connect/daemon-process.ts';
import { program as vmCtl } from '../host/ctl/vm-ctl.ts';
import { eventually } from '../support/eventually.ts';
import { cpuMsOf } from '../support/process-table.ts';
import { BAD, fence, GOOD, greeted, type RealBridge, realBridge } from './real-bridge.ts';

interface AuditLine {
  readonly requester: string;
  readonly operation: string;
  readonly result: string;
  readonly reason: string;
  readonly id: string;
  readonly count?: number;
}

const auditOf = ({ stonithd }: RealBridge): readonly AuditLine[] =>
  stonithd.audit().map((line): AuditLine => JSON.parse(line));

/** A timer may be a little early. */
const DENIED_AFTER_MS = 240;

function assertConfirmed(reply: object): void {
  assert.match(JSON.stringify(reply), /"text":"OK","detail":\{[^}]*"result":"confirmed"/);
}

test("another guest's token, with every way of naming that guest, is denied like rubbish, and its own name is audited", async (t) => {
  const bridge = await realBridge(t);
  const bad = await greeted(bridge.bad);
  const claims = [
    { guest: GOOD },
    { guest: GOOD, uuid: '00000000-0000-4000-8000-000000000000', protocol: 1 },
    { detail: { guest: GOOD, requester: GOOD } },
    {},
  ];
  for (const [index, claim] of claims.entries())
    bad.write(`${JSON.stringify({ ...fence(`theft-${index}`, `off ${bridge.token}`), ...claim })}\n`);
  bad.say(fence('rubbish', 'off RUBBISH'));
  const { text, ...more } = { text: '', ...(await bad.replyTo('rubbish')), id: '' };
  assert.equal(text, 'NG');
  for (const index of claims.keys())
    assert.deepEqual({ ...(await bad.replyTo(`theft-${index}`)), id: '' }, { text, ...more });
  const altered = `${bridge.token.slice(0, -4)}AAAA`;
  for (const [index, token] of [bridge.token, altered, 'RUBBISH'].entries()) {
    const startMs = performance.now();
    bad.say(fence(`timed-${index}`, `status ${token}`));
    await bad.replyTo(`timed-${index}`);
    assert.ok(performance.now() - startMs >= DENIED_AFTER_MS, `denied at once: ${index}`);
  }
  bad.sayV1({ type: 1, id: 'theft-v1', client: 1, text: `off ${bridge.token}` }, 1);
  await eventually('the old one is answered', () => bad.v1Frames.some(({ id }) => id === 'theft-v1'));
  assert.equal(bad.v1Frames.find(({ id }) => id === 'theft-v1')?.text, 'NG');
  const lines = await eventually('it is audited', () =>
    auditOf(bridge).length >= 1 ? auditOf(bridge) : undefined,
  );
  for (const line of lines) assert.deepEqual([line.requester, line.result], [BAD, 'denied']);
  assert.ok(lines.some(({ reason }) => reason.startsWith('wrong-guest')));
});

test('the same id, answers, cancels and services of its own change nothing for another guest, which alone reads its answer', async (t) => {
  const bridge = await realBridge(t);
  const good = await greeted(bridge.good);
  const bad = await greeted(bridge.bad);
  const disturb = (id: string) => {
    bad.write(`${JSON.stringify({ ...fence(id, 'off X'), guest: GOOD })}\n`);
    bad.write(`${JSON.stringify({ type: 'cancel', id, guest: GOOD })}\n`);
    bad.say({ type: 'cancel', id });
    bad.say({ type: 'reply', id, guest: GOOD, text: 'OK', detail: { result: 'confirmed', state: 'off' } });
    bad.say({ type: 'register', service: 'stonith' });
    bad.say({ type: 'registered', service: 'stonith' });
    bad.say({ type: 'services', services: [] });
    bad.write(
      '{"type":"hello","version":2,"agent":"x","session":"s","role":"host","guest":"good","host":"h"}\n',
    );
    bad.sayV1({ type: 1, id, client: 1, text: 'timeout' }, 1);
    bad.sayV1({ type: 3, id, client: 1, text: '' }, 1);
    bad.sayV1({ type: 2, id: '', client: 0, text: '' }, 1);
  };
  good.say(fence('off-1', `off ${bridge.token}`));
  for (let round = 0; round < 5; round++) {
    const id = `status-${round}`;
    disturb(id);
    disturb('off-1');
    good.say(fence(id, `status ${bridge.token}`));
    disturb(id);
    assertConfirmed(await good.replyTo(id));
    disturb(id);
    assert.equal(good.repliesTo(id), 1);
  }
  good.say(fence('status-0', `off ${bridge.token}`));
  const [, other] = await eventually('another request under its id is answered', () => {
    const replies = good.messages.filter((message) => message.type === 'reply' && message.id === 'status-0');
    return replies.length > 1 && replies;
  });
  assert.match(JSON.stringify(other), /"error":.*conflict/);
  const ended = JSON.stringify(await good.replyTo('off-1'));
  assert.match(
    ended,
    /"result":"confirmed","state":"off","reason":"it is stopped"/,
    'the forged one has no reason',
  );
  assert.ok(!bad.bytes.includes('confirmed'), 'it has read an answer that is not its own');
  const done = await eventually('all is audited', () => {
    const lines = auditOf(bridge).filter(({ result }) => result === 'confirmed');
    return lines.length >= 6 ? lines : undefined;
  });
  assert.deepEqual([...new Set(done.map(({ requester }) => requester))], [GOOD]);
  assert.deepEqual(
    (await bridge.connectd.status()).services.filter(({ present }) => present).map(({ name }) => name),
    ['stonith'],
  );
});

/** What writes a line of its own, or moves a cursor, wherever it gets unchanged. */
const INJECTIONS = [
  'x\n2026-01-01T00:00:00.000Z vm-stonithd info: off: confirmed guest=good',
  'x\r\n{"time":"2026","requester":"good","target":"forged","operation":"off","result":"confirmed"}',
  '\u001b[2J\u001b]0;owned\u0007',
  '\u009b31m\u0085forged\u2028forged\u202e',
  '\u007f\u202a\u2066\u2069\u2029\u200f\ufeff',
  '"} , {"requester":"good","result":"confirmed","x":"',
  '<0>kernel: forged',
  '%s%n$(id)`id`',
  '\u0000\u0000',
];

/** What a decrypt command says of a token it may have from anywhere. */
const COMPLAINS = `#!/bin/sh
cat <<'END' >&2
${INJECTIONS.join(' ').replaceAll('\0', '')}\u007f\u202a\u2066\u2069\ufeff\u2029
END
exit 1
`;

test('no words of it make a line of their own in a log, in the audit log, or on the terminal of who looks', async (t) => {
  const bridge = await realBridge(t, { decrypt: { script: COMPLAINS } });
  const bad = await greeted(bridge.bad);
  for (const [index, words] of INJECTIONS.entries()) {
    bad.write(`${JSON.stringify({ type: words, id: words })}\n`);
    bad.write(
      `${JSON.stringify({ type: 'hello', version: 2, agent: words, session: words, boot: words, name: words })}\n`,
    );
    bad.write(`${JSON.stringify({ ...fence(`i${index}`, `off ${words}`) })}\n`);
    bad.write(`${JSON.stringify({ ...fence(`l${index}`, `list A ${words}`) })}\n`);
    bad.write(`${JSON.stringify({ ...fence(`n${index}`, words) })}\n`);
    bad.write(`${JSON.stringify({ ...fence(`w${index}`, 'off A'), id: words })}\n`);
    bad.write(`${JSON.stringify({ ...fence(`s${index}`, 'x'), service: words })}\n`);
    bad.say({ type: 'error', code: words, message: words });
    bad.say({ type: 'reply', id: `r${index}`, error: { code: words, message: words, retry: true } });
    bad.write(`${words}\n`);
  }
  bad.say(fence('complained', 'off COMPLAIN'));
  for (const id of [...INJECTIONS.keys()].flatMap((index) => [`i${index}`, `l${index}`, `n${index}`]))
    await bad.replyTo(id);
  await bad.replyTo('complained');
  await eventually('what is counted is told, too', () =>
    bridge.stonithd.audit().some((line) => line.includes('the decrypt command failed')),
  );

  symlinkSync(bridge.connectd.socket, join(bridge.stonithd.directory, 'run/vmconnectd.sock'));
  for (const more of [[], ['--json']]) {
    const host = runProgram(['-t', 'host', '--status', '--socket', bridge.connectd.socket, ...more]);
    assert.equal(await host.ended, 0, host.stderr());
    assertHarmless(host.stdout(), /^bad |"name": "bad"/m);
    const stonith = await bridge.stonithd.run('--status', ...more);
    assert.equal(stonith.exitCode, 0, stonith.stderr);
    assertHarmless(stonith.stdout, /denied/);
    const all = await bridge.stonithd.runBeside(vmCtl(), 'status', ...more);
    assertHarmless(all.stderr);
    assertHarmless(all.stdout, /bad[\s\S]*denied|denied[\s\S]*bad/);
  }
  for (const log of [bridge.connectd.run.stderr(), bridge.stonithd.log]) {
    assertHarmless(log, /bad/);
    for (const line of log.trimEnd().split('\n'))
      assert.match(line, /^\d{4}-[\dT:.-]+Z vm-\w+ (error|warning|info|debug): /);
    assert.doesNotMatch(log, /^\S+ vm-stonithd info: off: confirmed/m);
  }
  const raw = readFileSync(join(bridge.stonithd.directory, 'log/pm-kvm-tools/audit.log'), 'utf8');
  assertHarmless(raw, /the decrypt command failed/);
  for (const line of raw.trimEnd().split('\n')) {
    const { requester, result }: AuditLine = JSON.parse(line);
    assert.equal(requester, BAD);
    assert.notEqual(result, 'confirmed');
  }
});

/** Nothing in it parts lines, steers a terminal or turns the order of reading; and what is meant to be in it is. */
function assertHarmless(text: string, has = /^/): void {
  for (const line of text.split('\n')) assert.doesNotMatch(line, /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]|^forged/u);
  assert.match(text, has);
}

const ROUNDS = 4;
const EACH_ROUND = 400;

test('requests that are long and say nothing keep nobody waiting', async (t) => {
  const bridge = await realBridge(t);
  const good = await greeted(bridge.good);
  const bad = await greeted(bridge.bad);
  const usedMs = () => cpuMsOf(bridge.stonithdPid).own;
  const beforeMs = usedMs();
  const texts = [`off${' '.repeat(60_000)}x`, `list${' x'.repeat(30_000)}`, `${' '.repeat(60_000)}off`];
  for (const [index, text] of texts.entries()) {
    bad.say(fence(`long-${index}`, text));
    good.say(fence(`mine-${index}`, `status ${bridge.token}`));
    assertConfirmed(await good.replyTo(`mine-${index}`));
    await bad.replyTo(`long-${index}`);
  }
  assert.ok(usedMs() - beforeMs < 2_000, `${usedMs() - beforeMs} ms of the processor`);
});

test('thousands of ids and wrong tokens cost a bounded log and audit log, and another guest is answered meanwhile, and again', async (t) => {
  const bridge = await realBridge(t);
  const good = await greeted(bridge.good);
  const bad = await greeted(bridge.bad);
  const early = fence('early', `status ${bridge.token}`);
  good.say(early);
  const first = JSON.stringify(await good.replyTo('early'));
  const flood = (from: number) => {
    for (let number = from; number < from + EACH_ROUND; number++) {
      bad.say(fence(`flood-${number}`, `off pkt2.${number}.AAAA`));
      bad.say({ type: 'cancel', id: `other-${number}` });
    }
  };
  for (let round = 0; round < ROUNDS; round++) {
    flood(round * EACH_ROUND);
    good.say(fence(`good-${round}`, `status ${bridge.token}`));
    assertConfirmed(await good.replyTo(`good-${round}`));
  }
  for (let number = 0; number < ROUNDS * EACH_ROUND; number++) await bad.replyTo(`flood-${number}`);
  assert.ok(!bad.bytes.includes('confirmed'));
  const denied = bad.messages.filter((message) =>
    JSON.stringify(message).includes('"result":"denied"'),
  ).length;
  assert.ok(denied > 100, `${denied} were denied, and not refused before`);

  good.say(early);
  await eventually('the host tells it again', () => good.repliesTo('early') === 2);
  await bridge.connectd.killAndRestart();
  const again = await greeted(bridge.good, 1);
  await eventually('the service is there', async () =>
    (await bridge.connectd.status()).services.some(({ name, present }) => name === 'stonith' && present),
  );
  again.say(early);
  assert.equal(JSON.stringify(await again.replyTo('early')), first, 'the service tells it again');

  process.kill(bridge.stonithdPid, 'SIGTERM');
  const ofBad = await eventually('each is in one line', () => {
    const lines = auditOf(bridge).filter(({ requester }) => requester === BAD);
    return lines.reduce((sum, { count = 1 }) => sum + count, 0) === denied && lines;
  });
  assert.ok(ofBad.length < 200, `${ofBad.length} records of denials`);
  assert.equal(auditOf(bridge).filter(({ id }) => id === 'early').length, 1, 'it was not done again');
  assert.ok(bridge.stonithd.log.length < 200_000 && bridge.connectd.run.stderr().length < 200_000);
  const files = readFileSync(join(bridge.stonithd.directory, 'log/pm-kvm-tools/audit.log'));
  assert.ok(files.length < 200_000, `${files.length} bytes`);
});
