/** Keys and tokens from the command line. */
import assert from 'node:assert/strict';
import { chmodSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { loadKeys } from '../../../host/stonith/token/key-file.ts';
import { openToken } from '../../../host/stonith/token/open-token.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';
import { vmCtl } from './vm-ctl.ts';

test('a token that is made lets that guest do that, and no other, until its key is withdrawn', async (t) => {
  const path = join(temporaryDirectory(t), 'keys');
  const run = (...words: string[]) => vmCtl([...words, '--keys', path]);
  const before = await run('token', 'make', 'guest2', '--guest', 'guest1');
  assert.equal(before.exitCode, 1);
  assert.match(before.stderr, /there is no key in .*; make one with vm-ctl key make/);

  const made = JSON.parse((await run('key', 'make', '--json')).stdout);
  assert.equal(statSync(path).mode & 0o777, 0o600);
  assert.match((await run('key', 'make')).stderr, /is active already; use rotate/);
  const token = (
    await run('token', 'make', 'guest2', '-g', 'guest1', '--allow', 'off,status', '--expires', '90d')
  ).stdout.trim();
  assert.match(token, /^pkt2\./);
  const keys = loadKeys(path) ?? [];
  const use = { guest: 'guest1', operation: 'off', wallMs: Date.now() } as const;
  const opened = openToken(token, keys, use);
  assert.ok(opened.ok && opened.grant.resource === 'prmVMCTL_guest2');
  assert.ok(!openToken(token, keys, { ...use, operation: 'reset' }).ok);
  assert.ok(!openToken(token, keys, { ...use, guest: 'guest3' }).ok);
  assert.ok(!openToken(token, keys, { ...use, wallMs: Date.now() + 91 * 86_400_000 }).ok);

  const explained = await run('token', 'explain', token);
  assert.equal(explained.exitCode, 0);
  assert.match(explained.stdout, /guest1 may use it to off, status prmVMCTL_guest2/);
  const piped = await vmCtl(['token', 'explain', '--json', '--keys', path], { input: `${token}\n` });
  assert.equal(JSON.parse(piped.stdout).key, made.key);

  assert.equal((await run('key', 'rotate')).exitCode, 0);
  const listed = JSON.parse((await run('key', 'list', '--json')).stdout);
  assert.deepEqual(
    listed.keys.map(({ state }: { state: string }) => state),
    ['accepted', 'active'],
  );
  assert.equal((await run('token', 'explain', token)).exitCode, 0);
  assert.equal((await run('key', 'withdraw', made.key)).exitCode, 0);
  const refused = await run('token', 'explain', token);
  assert.equal(refused.exitCode, 1);
  assert.match(refused.stderr, /its key .* has been withdrawn/);
  const altered = await run('token', 'explain', `${token.slice(0, -1)}${token.endsWith('A') ? 'E' : 'A'}`);
  assert.equal(altered.exitCode, 1);
});

test('a secret is never shown, and a key file that others can read is not used', async (t) => {
  const path = join(temporaryDirectory(t), 'keys');
  await vmCtl(['key', 'make', '--keys', path]);
  const [, secret = ''] = /secret = (\S+)/.exec(readFileSync(path, 'utf8')) ?? [];
  for (const words of [
    ['key', 'list'],
    ['key', 'list', '--json'],
    ['key', 'rotate', '--json'],
  ]) {
    const { stdout, stderr } = await vmCtl([...words, '--keys', path]);
    assert.ok(!`${stdout}${stderr}`.includes(secret));
  }
  chmodSync(path, 0o644);
  const lax = await vmCtl(['key', 'list', '--keys', path]);
  assert.equal(lax.exitCode, 1);
  assert.match(lax.stderr, /chmod/);
});

test('all that is wrong with a wish for a token is told at once', async () => {
  const ran = await vmCtl(['token', 'make', '--allow', 'kill', '--expires', 'soon']);
  assert.equal(ran.exitCode, 1);
  for (const part of [
    /name the one guest that may be fenced/,
    /say with --guest/,
    /--allow is a list/,
    /--expires is a time/,
  ]) {
    assert.match(ran.stderr, part);
  }
});

test('without a token it is said that one is wanted, and how to give it', async () => {
  for (const [words, input] of [
    [[], ''],
    [[], ' \n'],
    [[''], ''],
  ] as const) {
    const ran = await vmCtl(['token', 'explain', ...words], { input });
    assert.equal(ran.exitCode, 1);
    assert.match(ran.stderr, /there is no token; name one, or put it on standard input.*explain < FILE/);
    assert.doesNotMatch(ran.stderr, /built like/);
  }
  const two = await vmCtl(['token', 'explain', 'A', 'B']);
  assert.match(two.stderr, /there are 2 tokens; name one/);
});

test('a fault of a token says what it is a fault of, and a word too many is named', async (t) => {
  const path = join(temporaryDirectory(t), 'keys');
  const run = (...words: string[]) => vmCtl([...words, '--keys', path]);
  const explained = await run('token', 'explain', 'rubbish');
  assert.match(explained.stderr, /the token is good for nothing here: it is not built like a token/);
  await run('key', 'make');
  const made = await run('token', 'make', 'guest2', '-g', 'guest1,guest1');
  assert.match(made.stderr, /the token is not made: a guest is named twice; name each once/);
  for (const words of [
    ['key', 'rotate', 'extra', 'more'],
    ['key', 'list', 'extra', 'more'],
  ]) {
    const ran = await run(...words);
    assert.equal(ran.exitCode, 1);
    assert.match(ran.stderr, /takes no names; leave out extra more/, words.join(' '));
  }
  const keys = loadKeys(path) ?? [];
  assert.equal(keys.length, 1, 'nothing was rotated');
});

test('a token of version 1 is known for what it is', async () => {
  const token = 'U2FsdGVkX19OO1zVKCGneLBCaGTaGLZ7gLQiNnpLxRAcmJUOjnZrYg==';
  const ran = await vmCtl(['token', 'explain', token, '--keys', '/nonexistent/keys']);
  assert.equal(ran.exitCode, 1);
  assert.match(ran.stderr, /a token of version 1: any guest may use it/);
});
