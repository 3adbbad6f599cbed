/**
 * Tokens: what guests send as one, and what could stand in one under a good seal.
 *
 * An input that begins with `{` is sealed with the genuine key first, so that what is behind the seal is reached.
 */
import { createCipheriv, createSecretKey } from 'node:crypto';
import {
  isGuestName,
  isOperation,
  isResourceId,
  isTime,
  MOST_GUESTS,
} from '../../../host/stonith/token/grant.ts';
import { grantFromBytes, grantToBytes } from '../../../host/stonith/token/grant-bytes.ts';
import type { Key } from '../../../host/stonith/token/key.ts';
import { unsealToken } from '../../../host/stonith/token/open-token.ts';
import { readToken } from '../../../host/stonith/token/read-token.ts';
import { CIPHER, NONCE_BYTES, sealToken, TAG_BYTES } from '../../../host/stonith/token/seal-token.ts';
import { LONGEST_TOKEN, parseToken, printToken } from '../../../host/stonith/token/token-text.ts';
import { readV1Command } from '../../../host/stonith/token/v1-command.ts';
import { v1Decrypter } from '../../../host/stonith/token/v1-decrypter.ts';
import { type Family, law, lawfulWords, same } from '../family.ts';

const MS = Date.parse('2026-01-01T00:00:00Z');
const keyOf = (id: string, byte: number, state: Key['state']): Key => ({
  id,
  state,
  createdMs: MS,
  secret: createSecretKey(Buffer.alloc(32, byte)),
});
const ACTIVE = keyOf('3f9a1c07', 7, 'active');
const KEYS = [ACTIVE, keyOf('b', 8, 'withdrawn'), keyOf('c', 9, 'accepted')];
const USE = { guest: 'guest1', operation: 'off', wallMs: MS } as const;

const GRANTS = [
  { resource: 'prmVMCTL_guest2', operations: ['off', 'status'], guests: ['guest1'] },
  { resource: 'r', operations: ['on'], guests: ['guest1', 'guest3'], expiresMs: MS + 5_000 },
  {
    resource: 'ゲスト',
    operations: ['off', 'on', 'reset', 'status'],
    guests: ['ゲスト 1'],
    expiresMs: MS - 1,
  },
] as const;
const GENUINE = new Set(
  KEYS.flatMap((key) =>
    GRANTS.map((grant) => sealToken(grant, key, MS, (size) => Buffer.alloc(size, 3))?.token ?? ''),
  ),
);
const GRANT_TEXTS = GRANTS.map((grant) =>
  grantToBytes({ ...grant, issuedMs: MS, serial: '0123456789abcdef' })
    .toString()
    .trimEnd(),
);

export const tokens: Family = {
  name: 'tokens',
  seeds: () => [...GENUINE, ...GRANT_TEXTS],
  words: [
    ...[
      'pkt2.',
      'pkt2.3f9a1c07.',
      '.',
      '3f9a1c07',
      'b',
      'A',
      'AA',
      'AAAA',
      '=',
      '-',
      '_',
      '+',
      '/',
      '\n',
      '\0',
    ],
    ...[
      '{',
      '}',
      '"resource":',
      '"operations":',
      '"guests":',
      '"issued":',
      '"expires":',
      '"serial":',
      '"off"',
      '"all":true,',
    ],
    ...[
      '[]',
      '["off"]',
      '["*"]',
      'null',
      '1e999',
      '"__proto__":',
      '"guest1"',
      '\\u0000',
      '\\ud800',
      '"0123456789abcdef"',
    ],
  ],
  usualBytes: 500,
  longestBytes: 20_000,
  async check(input) {
    const text = input.toString('utf8');
    if (text.startsWith('{')) return lawfulGrant(input);
    const parts = parseToken(text);
    if (parts !== undefined)
      same(
        printToken(parts.keyId, () => parts.sealed),
        text,
        'one token has two spellings',
      );
    const unsealed = unsealToken(text, KEYS);
    law(
      unsealed.ok === GENUINE.has(text),
      'an altered token is taken, or a genuine one is not',
      text,
      unsealed,
    );
    const read = await readToken(text, { keys: KEYS, decryptV1: undefined }, USE);
    law(!read.ok || GENUINE.has(text), 'an altered token is obeyed', text, read);
    if (!read.ok) lawfulRefusal(text, read.forLog);
  },
};

/** A seal over anything at all: what comes out is a grant in all its bounds, or none. */
function lawfulGrant(bytes: Buffer): void {
  const nonce = Buffer.alloc(NONCE_BYTES, 1);
  const token = printToken(ACTIVE.id, (header) => {
    const cipher = createCipheriv(CIPHER, ACTIVE.secret, nonce, { authTagLength: TAG_BYTES });
    cipher.setAAD(Buffer.from(header));
    return Buffer.concat([nonce, cipher.update(bytes), cipher.final(), cipher.getAuthTag()]);
  });
  const unsealed = unsealToken(token, KEYS);
  if (!unsealed.ok) {
    law(token.length > LONGEST_TOKEN || unsealed.reason === 'unsupported', 'refused for no reason', unsealed);
    return;
  }
  const { grant } = unsealed;
  law(isResourceId(grant.resource), 'no resource id', grant);
  law(grant.operations.length > 0 && grant.operations.every(isOperation), 'other operations', grant);
  law(grant.guests.length > 0 && grant.guests.length <= MOST_GUESTS, 'so many guests', grant);
  law(grant.guests.every(isGuestName), 'no names of guests', grant);
  law(
    isTime(grant.issuedMs) && (grant.expiresMs === undefined || isTime(grant.expiresMs)),
    'no times',
    grant,
  );
  same(grantFromBytes(grantToBytes(grant), ACTIVE.id), grant, 'written and read again it is another grant');
}

/** Long enough that a log that holds it has not got it from somewhere else. */
const TELLING_LETTERS = 40;

function lawfulRefusal(token: string, forLog: string): void {
  lawfulWords(forLog, 'what is logged of a token');
  law(token.length < TELLING_LETTERS || !forLog.includes(token), 'the log has the token', forLog);
}

const COMMAND = 'openssl des-ede3 -d -base64 -k vmstonith';
const decrypt = v1Decrypter({
  command: COMMAND,
  usesStdin: false,
  okExitCode: 0,
  run: () => Promise.reject(new Error('no command is run for what is known here')),
});

export const oldTokens: Family = {
  name: 'old-tokens',
  seeds: () => [
    'U2FsdGVkX19OO1zVKCGneLBCaGTaGLZ7gLQiNnpLxRAcmJUOjnZrYg==',
    'U2FsdGVkX19OO1zVKCGneLBCaGTaGLZ7gLQINnpLxRAcmJUOjnZrYg==',
    'U2FsdGVkX18AAAAAAAAAAA==',
    COMMAND,
    "/usr/bin/openssl enc -des-ede3 -d -a -A -pass pass:'a b' -md sha256",
    '/etc/decrypt "a b" c\\ d',
  ],
  words: [
    ...[
      'U2FsdGVkX1',
      'A',
      '=',
      '==',
      '+',
      '/',
      '\n',
      '-',
      '\0',
      'é',
      'openssl',
      ' -k ',
      ' -d',
      ' -base64',
      ' des-ede3',
      ' -md ',
    ],
    ...[
      'md5',
      'sha256',
      "'",
      '"',
      '\\',
      '$',
      '`',
      '$(',
      ';',
      '|',
      '&',
      '>',
      '~',
      '*',
      '#',
      ' -pass ',
      'pass:',
      'env:',
      ' -A',
    ],
  ],
  usualBytes: 200,
  longestBytes: 10_000,
  check(input) {
    const text = input.toString('utf8');
    const command = readV1Command(text);
    if (!command.ok) lawfulWords(command.fault, 'what is wrong with a command');
    else if (command.command.kind === 'program')
      law(command.command.argv.length > 0, 'a program without a name');
    return lawfulDecryption(text);
  },
};

async function lawfulDecryption(text: string): Promise<void> {
  const read = await decrypt(text);
  if (read.ok) law(isResourceId(read.grant.resource), 'a right to what is no resource', read.grant);
  else lawfulRefusal(text, read.forLog);
}
