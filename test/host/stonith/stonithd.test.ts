/** The daemon as a real process: what an admin sees of it, version 1, and guests that must not. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { GrantRequest } from '../../../host/stonith/token/grant.ts';
import { newKey } from '../../../host/stonith/token/key.ts';
import { makeToken } from '../../../host/stonith/token/token-commands.ts';
import { type Answer, ASKER, resultOf, stateOf } from '../../support/bridge-stand-in.ts';
import { eventually } from '../../support/eventually.ts';
import { DOMAIN, StonithProcess } from './stonithd-process.ts';

const DEADLINE_MS = 10_000;
const KEYS = [newKey([], Date.now())];
const ALL: GrantRequest = { resource: DOMAIN, operations: ['on', 'off', 'reset', 'status'], guests: [ASKER] };

function token(changed: Partial<GrantRequest> = {}, keys = KEYS, wallMs = Date.now()): string {
  const made = makeToken({ ...ALL, ...changed }, keys, wallMs);
  if (!made.ok) throw new Error(made.problems.join('; '));
  return made.token;
}

async function served(t: TestContext, ...flags: readonly string[]): Promise<StonithProcess> {
  const world = await StonithProcess.prepare(t);
  world.setKeys(KEYS);
  await world.start(t, ...flags);
  await world.bridge.waitForService();
  return world;
}

test('--status shows what is in force, to people, to programs and to Prometheus', async (t) => {
  const world = await served(t);
  await world.bridge.ask(`status ${token()}`, DEADLINE_MS);
  const text = await world.run('--status');
  assert.equal(text.exitCode, 0, text.stderr);
  assert.match(text.stdout, /^backend: libvirt$/m);
  assert.match(text.stdout, /^service: registered$/m);
  assert.match(text.stdout, /^version1: no$/m);
  const json: unknown = JSON.parse((await world.run('--status', '--json')).stdout);
  assert.ok(typeof json === 'object' && json !== null && 'fingerprint' in json && 'counters' in json);
  const metrics = (await world.run('--status', '--prometheus')).stdout;
  assert.match(metrics, /^pm_kvm_tools_stonith_requests_total\{operation="status",result="confirmed"\} 1$/m);
  assert.match(text.stdout, /^ {4}status: confirmed 1$/m);
  assert.doesNotMatch(text.stdout + metrics, new RegExp(token().slice(0, 30)));
});

test('--status of a daemon that still waits for its cluster says that it starts', async (t) => {
  const world = await StonithProcess.prepare(t);
  world.setKeys(KEYS);
  const config = join(world.directory, 'vm-stonithd.conf');
  writeFileSync(config, readFileSync(config, 'utf8').replace('libvirt', 'pacemaker'));
  const program = (name: string, script: string) =>
    writeFileSync(join(world.directory, 'bin', name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  const waits = `while [ ! -e ${world.directory}/go ]; do sleep 0.1; done`;
  for (const name of ['attrd_updater', 'cibadmin', 'crmadmin', 'crm_mon']) program(name, `${waits}; exit 1`);
  program('crm_node', 'echo hosta');
  const started = world.start(t);
  const told = await eventually('it tells how it is', async () => {
    const { exitCode, stdout } = await world.run('--status');
    return exitCode === 0 ? stdout : undefined;
  });
  assert.match(told, /^service: starting$/m);
  writeFileSync(join(world.directory, 'go'), '');
  await started;
  assert.doesNotMatch(world.log, /Error/);
});

test('--status of a daemon that does not run says so, with the remedy', async (t) => {
  const world = await StonithProcess.prepare(t);
  const shown = await world.run('--status');
  assert.notEqual(shown.exitCode, 0);
  assert.match(shown.stderr, /vm-stonithd\.sock gives no answer; start it/);
});

test('SIGHUP takes new keys, and keeps those in force when the new configuration is no good', async (t) => {
  const world = await StonithProcess.prepare(t);
  world.setKeys(KEYS);
  const daemon = await world.start(t);
  await world.bridge.waitForService();
  const ask = async () => resultOf(await world.bridge.ask(`status ${token()}`, DEADLINE_MS));
  assert.equal(await ask(), 'confirmed');
  for (const bad of [
    'backend = teapot\n',
    'libvirt = qemu+ssh://hv2/system\n',
    'decrypt-command = a; b\n',
    'keys = /nonexistent\n',
    '[[[\n',
  ]) {
    world.configure(bad);
    const said = world.log.length;
    daemon.kill('SIGHUP');
    await eventually(`it says what is wrong with ${bad}`, () => / error: /.test(world.log.slice(said)));
    assert.equal(await ask(), 'confirmed', `after ${bad}`);
  }
  world.configure('');
  world.setKeys([newKey([], Date.now())]);
  daemon.kill('SIGHUP');
  await eventuallyAsync('the withdrawn key is refused', async () => (await ask()) === 'denied');
});

test('-D is back when it serves, and SIGTERM ends it with all that it has made', async (t) => {
  const world = await StonithProcess.prepare(t);
  world.setKeys(KEYS);
  const pidFile = join(world.directory, 'pid');
  const started = await world.run('-D', '-p', pidFile);
  assert.equal(started.exitCode, 0, started.stderr);
  const status: unknown = JSON.parse((await world.run('--status', '--json')).stdout);
  assert.ok(typeof status === 'object' && status !== null && 'pid' in status);
  const { pid } = status;
  assert.ok(typeof pid === 'number');
  t.after(() => existsSync(`/proc/${pid}`) && process.kill(pid, 'SIGKILL'));
  await world.bridge.waitForService();
  assert.equal(stateOf(await world.bridge.ask(`status ${token()}`, DEADLINE_MS)), 'off');
  process.kill(pid, 'SIGTERM');
  await eventually('it has ended', () => !existsSync(`/proc/${pid}`));
  assert.ok(!existsSync(pidFile));
  assert.ok(!existsSync(join(world.directory, 'run/pm-kvm-tools/vm-stonithd.sock')));
});

test('without anything to judge tokens by it does not start', async (t) => {
  const world = await StonithProcess.prepare(t);
  for (const flags of [[], ['-D']]) {
    const refused = await world.run(...flags);
    assert.notEqual(refused.exitCode, 0);
    assert.match(refused.stderr, /there is no key in .*make a key \(vm-ctl key make\)/);
  }
});

/** As version 1 was configured, with the tokens as they were published: one of them misread. */
const V1 = ['-c', 'openssl des-ede3 -d -base64 -k vmstonith', '-i', '-e', '0'];
const PUBLISHED = 'U2FsdGVkX19OO1zVKCGneLBCaGTaGLZ7gLQiNnpLxRAcmJUOjnZrYg==';
const MISREAD = 'U2FsdGVkX19OO1zVKCGneLBCaGTaGLZ7gLQINnpLxRAcmJUOjnZrYg==';

test('with the old flags the published token of version 1 is good for its guest, and its misread copy for none', async (t) => {
  const world = await served(t, ...V1);
  const good = await world.bridge.ask(`status ${PUBLISHED}`, DEADLINE_MS);
  assert.equal(`${resultOf(good)} ${stateOf(good)}`, 'confirmed off');
  for (const operation of ['status', 'off', 'on', 'reset']) {
    assert.equal(resultOf(await world.bridge.ask(`${operation} ${MISREAD}`, DEADLINE_MS)), 'denied');
  }
  const [first = '', ...others] = await audited(world, 5);
  assert.match(first, new RegExp(`"target":"${DOMAIN}","operation":"status","token":"version 1"`));
  for (const record of others) assert.match(record, /"target":null.*"reason":"version-1-rubbish: /);
});

test('the audit record names the token that gave the right, and does not hold it', async (t) => {
  const world = await served(t);
  const used = token();
  await world.bridge.ask(`status ${used}`, DEADLINE_MS);
  const [record = ''] = await audited(world, 1);
  assert.match(record, /"token":"[0-9a-f]{8}\/[0-9a-f]+"/);
  assert.ok(!record.includes(used.slice(-30)));
});

test('without them it is denied', async (t) => {
  const world = await served(t);
  assert.equal(resultOf(await world.bridge.ask(`status ${PUBLISHED}`, DEADLINE_MS)), 'denied');
  assert.match((await audited(world, 1))[0] ?? '', /version-1-off/);
});

test('whoever may not is told one and the same, and the admin each reason', async (t) => {
  const world = await served(t);
  const genuine = token();
  const altered = `${genuine.slice(0, -3)}${genuine.at(-3) === 'A' ? 'B' : 'A'}${genuine.slice(-2)}`;
  const past = Date.now() - 60_000;
  const refused: Readonly<Record<string, string>> = {
    altered,
    expired: token({ expiresMs: past + 1_000 }, KEYS, past),
    'under another key': token({}, [newKey([], Date.now())]),
    'for another guest': token({ guests: ['somebody'] }),
    'for another operation': token({ operations: ['on'] }),
    'of version 1': PUBLISHED,
  };
  const answers = new Set<string>();
  for (const [name, bad] of Object.entries(refused)) {
    const answer = await world.bridge.ask(`off ${bad}`, DEADLINE_MS);
    assert.equal(resultOf(answer), 'denied', name);
    answers.add(said(answer));
  }
  assert.equal(answers.size, 1);
  const records = await audited(world, Object.keys(refused).length);
  const reasons = records.map((record) => /"reason":"([^":]*)/.exec(record)?.[1]);
  assert.equal(new Set(reasons).size, reasons.length, reasons.join(' '));
});

/** Through a decrypt command of the admin's own, which is where version 1 was open to every guest. */
test('nothing that a guest sends is executed', async (t) => {
  const world = await served(t, '-c', 'cat', '-i');
  const canary = join(world.directory, 'canary');
  const touch = `touch\${IFS}${canary}`;
  const texts = [
    `$(${touch})`,
    `\`${touch}\``,
    `;${touch};`,
    `'"$(${touch})"'`,
    `a\n${touch}`,
    `a\0$(${touch})`,
    `$(${touch})`.padEnd(60 * 1024, 'A'),
  ];
  for (const text of texts) {
    for (const request of [`status ${text}`, `off ${text}`, `list ${text}`, text]) {
      const answer = await world.bridge.ask(request, DEADLINE_MS);
      assert.notEqual(answer, undefined, 'it answers');
      assert.doesNotMatch(said(answer), /"result":"confirmed","state":"o/);
    }
    await world.bridge.ask(`status ${token()}`, DEADLINE_MS, { guest: text.slice(0, 60) });
  }
  assert.equal(
    resultOf(await world.bridge.ask(`status ${token()}`, DEADLINE_MS)),
    'confirmed',
    'it still serves',
  );
  assert.ok(!existsSync(canary));
});

const said = (answer: Answer | undefined): string => JSON.stringify(answer).replace(/"elapsedMs":\d+/, '');

/** They are written behind the answer's back. */
const audited = (world: StonithProcess, count: number): Promise<readonly string[]> =>
  eventually(`${count} audit records`, () => (world.audit().length >= count ? world.audit() : undefined));

async function eventuallyAsync(what: string, look: () => Promise<boolean>): Promise<void> {
  const untilMs = performance.now() + 20_000;
  while (!(await look())) assert.ok(performance.now() < untilMs, what);
}
