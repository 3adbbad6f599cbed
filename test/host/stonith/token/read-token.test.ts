import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isGuestName, isResourceId } from '../../../../host/stonith/token/grant.ts';
import { readToken, type TokenPolicy } from '../../../../host/stonith/token/read-token.ts';
import { explainToken } from '../../../../host/stonith/token/token-commands.ts';
import { v1Decrypter } from '../../../../host/stonith/token/v1-decrypter.ts';
import { runCommand } from '../../../../shared/process/run-command.ts';
import { activeOnly, tokenFor, WALL_MS } from './sealed-tokens.ts';

const PUBLISHED = 'U2FsdGVkX19OO1zVKCGneLBCaGTaGLZ7gLQiNnpLxRAcmJUOjnZrYg==';
const use = { guest: 'guest1', operation: 'off', wallMs: WALL_MS } as const;
const decryptV1 = v1Decrypter({
  command: 'openssl des-ede3 -d -base64 -k vmstonith',
  usesStdin: true,
  okExitCode: 0,
  run: runCommand,
});
const version2Only: TokenPolicy = { keys: activeOnly, decryptV1: undefined };
const both: TokenPolicy = { keys: activeOnly, decryptV1 };

async function verdict(token: string, policy: TokenPolicy): Promise<string> {
  const read = await readToken(token, policy, use);
  return read.ok ? `version ${read.grant.version}: ${read.grant.resource}` : read.reason;
}

test('each version is read by its own rules, and version 1 only where it is turned on', async () => {
  assert.equal(await verdict(tokenFor(), version2Only), 'version 2: prmVMCTL_guest2');
  assert.equal(await verdict(tokenFor(), both), 'version 2: prmVMCTL_guest2');
  assert.equal(await verdict(PUBLISHED, version2Only), 'version-1-off');
  assert.equal(await verdict(PUBLISHED, both), 'version 1: prmVMCTL_guest2');
});

test('a token of version 2 that is refused is never tried as version 1', async () => {
  let tries = 0;
  const policy: TokenPolicy = {
    keys: activeOnly,
    decryptV1: async () => {
      tries++;
      return { ok: true, grant: { version: 1, resource: 'anything' } };
    },
  };
  const token = tokenFor({ guests: ['guest3'] });
  for (const wrong of [token, token.slice(0, -1), 'pkt2.', 'pkt2.x.y']) {
    assert.match(await verdict(wrong, policy), /^(wrong-guest|malformed|unknown-key)$/);
  }
  assert.equal(tries, 0);
});

test('no text at all makes reading throw or succeed', async () => {
  const prefix = fc.constantFrom('', 'pkt2.', `pkt2.${activeOnly[0]?.id}.`, 'U2FsdGVkX1', '$(reboot)');
  const rest = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.base64String(),
    fc.stringMatching(/^[A-Za-z0-9._-]*$/),
  );
  await fc.assert(
    fc.asyncProperty(prefix, rest, async (start, end) => {
      for (const policy of [version2Only, both]) {
        const read = await readToken(start + end, policy, use);
        assert.ok(!read.ok);
        assert.ok(read.forLog.length < 400);
      }
    }),
    { numRuns: 500 },
  );
  for (const length of [4096, 4097, 60 * 1024]) {
    for (const letter of ['A', '.', '\0', '\n', '仮']) {
      for (const policy of [version2Only, both]) {
        assert.match(
          await verdict(letter.repeat(length), policy),
          /^(malformed|version-1-(off|unreadable))$/,
        );
        assert.equal(await verdict(`pkt2.x.${letter.repeat(length)}`, policy), 'malformed');
      }
    }
  }
});

test('a version 1 token is explained where there is a way to decrypt it', async () => {
  const explained = await explainToken(PUBLISHED, activeOnly, WALL_MS, decryptV1);
  const grant = { version: 1, resource: 'prmVMCTL_guest2' };
  assert.deepEqual(explained, { kind: 'version-1', decrypted: { ok: true, grant } });
  assert.equal((await explainToken(PUBLISHED, activeOnly, WALL_MS)).kind, 'refused');
});

test('a resource id is an XML NCName, a guest any name that libvirt takes', () => {
  for (const id of ['a', 'prmVMCTL_guest1', '_x', 'a.b-c', 'é', '資源', '\u{10000}'])
    assert.ok(isResourceId(id), id);
  const noIds = [
    '',
    '1a',
    '-a',
    '.a',
    'a b',
    'a:b',
    'a/b',
    'a\n',
    'a"',
    "a'",
    '$a',
    'a\uFFFD',
    '\uD800',
    'a'.repeat(256),
  ];
  for (const id of noIds) assert.ok(!isResourceId(id), id);
  for (const name of ['guest1', '1', 'a b', 'Gäst', '仮想', 'a:b', '-x', '*'])
    assert.ok(isGuestName(name), name);
  for (const name of ['', ' a', 'a ', 'a/b', 'a\n', '\0', 'a\u2028', 'a'.repeat(256)]) {
    assert.ok(!isGuestName(name), name);
  }
});
