/**
 * A guest whose root tries what docs/security.md says is impossible, against the real vm-connectd and vm-stonithd. What it tries
 * by sheer load is in test/host/connect/hostile-guests.test.ts.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { runProgram } from '../host/connect/daemon-process.ts';
import { eventually } from '../support/eventually.ts';
import { BAD, fence, GOOD, greeted, type RealBridge, realBridge } from './real-bridge.ts';

interface AuditLine {
  readonly requester: string;
  readonly operation: string;
  readonly result: string;
  readonly reason: string;
  readonly id: string;
}

const auditOf = ({ stonithd }: RealBridge): readonly AuditLine[] =>
  stonithd.audit().map((line): AuditLine => JSON.parse(line));

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
  // libvirt's test driver tells states and ends nothing: what counts of this one is who ends it.
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
  const ended = JSON.stringify(await good.replyTo('off-1'));
  assert.doesNotMatch(ended, /called off|denied|confirmed/);
  assert.ok(!bad.bytes.includes('confirmed'), 'it has read an answer that is not its own');
  const done = await eventually('all is audited', () => {
    const lines = auditOf(bridge).filter(({ result }) => result === 'confirmed');
    return lines.length >= 5 ? lines : undefined;
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
  '"} , {"requester":"good","result":"confirmed","x":"',
  '<0>kernel: forged',
  '%s%n$(id)`id`',
  '\u0000\u0000',
];

test('no words of it make a line of their own in a log, in the audit log, or on the terminal of who looks', async (t) => {
  const bridge = await realBridge(t);
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
  const last = INJECTIONS.length - 1;
  await bad.replyTo(`n${last}`);
  await bad.replyTo(`i${last}`);
  const shown = runProgram(['-t', 'host', '--status', '--socket', bridge.connectd.socket]);
  assert.equal(await shown.ended, 0, shown.stderr());
  assert.match(shown.stdout(), /^bad /m);
  for (const line of shown.stdout().split('\n'))
    assert.doesNotMatch(line, /[\p{Cc}\p{Zl}\p{Zp}\u202e]|^forged/u);
  for (const log of [bridge.connectd.run.stderr(), bridge.stonithd.log]) {
    for (const line of log.trimEnd().split('\n'))
      assert.match(
        line,
        /^\d{4}-[\dT:.-]+Z vm-\w+ (error|warning|info|debug): [^\p{Cc}\p{Zl}\p{Zp}\u202e]*$/u,
      );
    assert.doesNotMatch(log, /^\S+ vm-stonithd info: off: confirmed/m);
  }
  const lines = await eventually('it is audited', () =>
    auditOf(bridge).length > 0 ? auditOf(bridge) : undefined,
  );
  for (const { requester, result } of lines) {
    assert.equal(requester, BAD);
    assert.notEqual(result, 'confirmed');
  }
});

test('thousands of ids and wrong tokens cost a bounded log and audit log, and another guest is answered meanwhile', async (t) => {
  const bridge = await realBridge(t);
  const good = await greeted(bridge.good);
  const bad = await greeted(bridge.bad);
  const flood = (from: number) => {
    for (let number = from; number < from + 400; number++) {
      bad.say(fence(`flood-${number}`, `off pkt2.${number}.AAAA`));
      bad.say({ type: 'cancel', id: `other-${number}` });
    }
  };
  for (let round = 0; round < 8; round++) {
    flood(round * 400);
    good.say(fence(`good-${round}`, `status ${bridge.token}`));
    assertConfirmed(await good.replyTo(`good-${round}`));
  }
  const ofBad = auditOf(bridge).filter(({ requester }) => requester === BAD);
  assert.ok(ofBad.length < 200, `${ofBad.length} records of denials`);
  assert.ok(bridge.stonithd.log.length < 200_000 && bridge.connectd.run.stderr().length < 200_000);
  const files = readFileSync(join(bridge.stonithd.directory, 'log/pm-kvm-tools/audit.log'));
  assert.ok(files.length < 200_000, `${files.length} bytes`);
  assert.ok(!bad.bytes.includes('confirmed'));
});
