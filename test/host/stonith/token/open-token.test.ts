import assert from 'node:assert/strict';
import { createCipheriv, randomBytes } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { isGuestName, isResourceId, OPERATIONS } from '../../../../host/stonith/token/grant.ts';
import { type KeySet, newKey } from '../../../../host/stonith/token/key.ts';
import { openToken, type TokenUse } from '../../../../host/stonith/token/open-token.ts';
import { explainToken, makeToken } from '../../../../host/stonith/token/token-commands.ts';
import { LONGEST_TOKEN, printToken } from '../../../../host/stonith/token/token-text.ts';
import { activeOnly, inState, request, tokenFor, WALL_MS } from './sealed-tokens.ts';

const use: TokenUse = { guest: 'guest1', operation: 'off', wallMs: WALL_MS };

/** `ok`, or why not. */
function verdict(token: string, keys: KeySet = activeOnly, changed: Partial<TokenUse> = {}): string {
  const opened = openToken(token, keys, { ...use, ...changed });
  if (opened.ok) return 'ok';
  assert.ok(token.length < 40 || !opened.forLog.includes(token), 'the log never has the token');
  return opened.reason;
}

const name = fc
  .stringMatching(/^[A-Za-z_][A-Za-z0-9_.-]{0,60}$/)
  .filter((text) => isResourceId(text) && isGuestName(text));
const guests = fc.uniqueArray(fc.oneof(name, fc.constantFrom('仮想1', 'a guest', 'x:y')), {
  minLength: 1,
  maxLength: 20,
});
const operations = fc.uniqueArray(fc.constantFrom(...OPERATIONS), { minLength: 1 });
const lifetimeMs = fc.option(fc.integer({ min: 1, max: 1e12 }), { nil: undefined });

test('what is sealed opens to the same, for every grant that can be given', () => {
  fc.assert(
    fc.property(name, operations, guests, lifetimeMs, (resource, allowed, may, lifetime) => {
      const expires = lifetime === undefined ? {} : { expiresMs: WALL_MS + lifetime };
      const made = makeToken({ resource, operations: allowed, guests: may, ...expires }, activeOnly, WALL_MS);
      assert.ok(made.ok);
      assert.match(made.token, /^[A-Za-z0-9._-]{1,4096}$/);
      for (const guest of may) {
        for (const operation of allowed) {
          const opened = openToken(made.token, activeOnly, { guest, operation, wallMs: WALL_MS });
          assert.ok(opened.ok);
          assert.deepEqual(opened.grant, {
            version: 2,
            resource,
            operations: allowed,
            guests: may,
            issuedMs: WALL_MS,
            ...expires,
            serial: made.grant.serial,
            keyId: activeOnly[0]?.id,
          });
        }
      }
    }),
  );
});

test('a token with any single byte altered, at any place and to any value, is refused', () => {
  const bytes = Buffer.from(tokenFor());
  let tried = 0;
  for (let at = 0; at < bytes.length; at++) {
    for (let value = 0; value < 256; value++) {
      if (value === bytes[at]) continue;
      const altered = Buffer.from(bytes);
      altered[at] = value;
      assert.notEqual(verdict(altered.toString('latin1')), 'ok', `byte ${at} as ${value}`);
      tried++;
    }
  }
  assert.equal(tried, bytes.length * 255);
});

test('a token cut anywhere, or with anything added at either end, is refused', () => {
  const token = tokenFor();
  for (let length = 0; length < token.length; length++) {
    assert.notEqual(verdict(token.slice(0, length)), 'ok');
    assert.notEqual(verdict(token.slice(token.length - length)), 'ok');
  }
  for (const more of ['A', 'AA', 'AAAA', '=', '.', ' ', '\n', '\0', '-', token]) {
    assert.notEqual(verdict(token + more), 'ok');
    assert.notEqual(verdict(more + token), 'ok');
  }
});

test('parts of two genuine tokens make no third', () => {
  const [one, other] = [tokenFor(), tokenFor({ guests: ['guest3'] })];
  for (let at = 15; at < one.length; at++) {
    const mixed = one.slice(0, at) + other.slice(at);
    if (mixed !== one && mixed !== other) assert.equal(verdict(mixed), 'altered');
  }
});

test('only the guests that it names may use it, and only for the operations that it allows', () => {
  const token = tokenFor({ guests: ['guest1', 'guest3'], operations: ['status', 'off'] });
  assert.equal(verdict(token), 'ok');
  assert.equal(verdict(token, activeOnly, { guest: 'guest3', operation: 'status' }), 'ok');
  for (const guest of ['guest2', 'GUEST1', 'guest', 'guest11', 'guest1 ', '*', '', 'guest1,guest3']) {
    assert.equal(verdict(token, activeOnly, { guest }), 'wrong-guest');
  }
  for (const operation of ['on', 'reset'] as const) {
    assert.equal(verdict(token, activeOnly, { operation }), 'wrong-operation');
  }
});

test('it is good until the last millisecond before it expires, and not in the one when it does', () => {
  const token = tokenFor({ expiresMs: WALL_MS + 60_000 });
  assert.equal(verdict(token, activeOnly, { wallMs: WALL_MS + 59_999 }), 'ok');
  assert.equal(verdict(token, activeOnly, { wallMs: WALL_MS + 60_000 }), 'expired');
  assert.equal(verdict(tokenFor(), activeOnly, { wallMs: Number.MAX_SAFE_INTEGER }), 'ok');
});

test('a token outlives the rotation of its key and ends with its withdrawal', () => {
  const token = tokenFor();
  const next = newKey(activeOnly, WALL_MS);
  const rotated = [...inState(activeOnly, 'accepted'), next];
  assert.equal(verdict(token, rotated), 'ok');
  assert.equal(verdict(tokenFor({}, rotated), rotated), 'ok');
  assert.equal(verdict(token, [...inState(activeOnly, 'withdrawn'), next]), 'withdrawn-key');
  assert.equal(verdict(token, [next]), 'unknown-key');
  assert.equal(verdict(token, []), 'unknown-key');
});

test('another key of the same name does not open it', () => {
  const [key] = activeOnly;
  assert.ok(key !== undefined);
  const impostor = { ...newKey([], WALL_MS), id: key.id };
  assert.equal(verdict(tokenFor(), [impostor]), 'altered');
});

test('a genuine seal around a grant that this version does not know is refused', () => {
  const [key] = activeOnly;
  assert.ok(key !== undefined);
  const good = { resource: 'a', operations: ['off'], guests: ['guest1'], issued: 0, serial: '0'.repeat(16) };
  const sealed = (members: unknown) =>
    printToken(key.id, (header) => {
      const nonce = randomBytes(12);
      const cipher = createCipheriv('aes-256-gcm', key.secret, nonce).setAAD(Buffer.from(header));
      const bytes = [cipher.update(JSON.stringify(members)), cipher.final()];
      return Buffer.concat([nonce, ...bytes, cipher.getAuthTag()]);
    });
  assert.equal(verdict(sealed(good)), 'ok');
  const others = [
    { ...good, only: 'on Sundays' },
    { ...good, operations: ['off', 'melt'] },
    { ...good, operations: [] },
    { ...good, operations: 'off' },
    { ...good, guests: [] },
    { ...good, guests: [1] },
    { ...good, guests: ['guest1', 'guest1'] },
    { ...good, guests: '*' },
    { ...good, resource: '-x' },
    { ...good, resource: 7 },
    { ...good, expires: null },
    { ...good, expires: '2030' },
    { ...good, issued: -1 },
    { ...good, serial: 'x' },
    [good],
    null,
    'off',
  ];
  for (const other of others) assert.equal(verdict(sealed(other)), 'unsupported');
});

test('equal grants make tokens that have nothing in common but their header', () => {
  const tokens = new Set(Array.from({ length: 200 }, () => tokenFor()));
  assert.equal(tokens.size, 200);
  assert.equal(new Set([...tokens].map((token) => token.slice(14, 30))).size, 200);
});

test('the length of a token tells little of the names in it', () => {
  const lengths = ['a', 'prmVMCTL_guest2', 'prmVMCTL_payroll'].map(
    (resource) => tokenFor({ resource }).length,
  );
  assert.equal(new Set(lengths).size, 1);
});

test('everything that is wrong with a wish is said at once, with the remedy', () => {
  const wish = {
    resource: '$(reboot)',
    operations: ['off', 'off'] as const,
    guests: ['guest1', 'guest1', 'a/b', ''],
    expiresMs: WALL_MS,
  };
  const made = makeToken(wish, [], WALL_MS);
  assert.ok(!made.ok);
  assert.equal(made.problems.length, 7);
  for (const problem of made.problems) assert.match(problem, /; /);
  assert.ok(!makeToken({ ...request, guests: [] }, activeOnly, WALL_MS).ok);
  assert.ok(!makeToken({ ...request, operations: [] }, activeOnly, WALL_MS).ok);
  assert.ok(!makeToken({ ...request, expiresMs: Number.NaN }, activeOnly, WALL_MS).ok);
  assert.ok(!makeToken(request, inState(activeOnly, 'accepted'), WALL_MS).ok);
});

test('a token has a bounded size, and a wish that needs more is refused', () => {
  const short = Array.from({ length: 64 }, (_, index) => `guest${index}`);
  assert.ok(tokenFor({ guests: short }).length < LONGEST_TOKEN);
  for (const guests of [[...short, 'one-more'], short.map((guest) => guest.padEnd(255, 'x'))]) {
    assert.ok(!makeToken({ ...request, guests }, activeOnly, WALL_MS).ok);
  }
});

test('explaining says what a token holds, also when it may not be used', async () => {
  const token = tokenFor({ expiresMs: WALL_MS + 1 });
  const explained = await explainToken(token, inState(activeOnly, 'withdrawn'), WALL_MS + 1);
  assert.ok(explained.kind === 'version-2');
  assert.equal(explained.grant.resource, request.resource);
  assert.equal(explained.keyState, 'withdrawn');
  assert.equal(explained.isExpired, true);
  const refused = await explainToken(`${token}A`, activeOnly, WALL_MS);
  assert.equal(refused.kind, 'refused');
});
