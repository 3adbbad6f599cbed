import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { decryptV1 } from '../../../../host/stonith/token/v1-cipher.ts';
import { readV1Command } from '../../../../host/stonith/token/v1-command.ts';
import { type V1Options, v1Decrypter } from '../../../../host/stonith/token/v1-decrypter.ts';
import { runCommand } from '../../../../shared/process/run-command.ts';
import { temporaryDirectory } from '../../../support/temporary-directory.ts';

const PUBLISHED = 'U2FsdGVkX19OO1zVKCGneLBCaGTaGLZ7gLQiNnpLxRAcmJUOjnZrYg==';
const MISREAD = 'U2FsdGVkX19OO1zVKCGneLBCaGTaGLZ7gLQINnpLxRAcmJUOjnZrYg==';
const OLD_COMMAND = 'openssl des-ede3 -d -base64 -k vmstonith';

const decrypterFor = (options: Partial<V1Options>) =>
  v1Decrypter({ command: OLD_COMMAND, usesStdin: true, okExitCode: 0, run: runCommand, ...options });

/** The resource, or why there is none. */
async function resultOf(token: string, options: Partial<V1Options> = {}): Promise<string> {
  const decrypted = await decrypterFor(options)(token);
  return decrypted.ok ? decrypted.grant.resource : decrypted.reason;
}

function openssl(text: string, ...parameters: string[]): string {
  const stdio = ['pipe', 'pipe', 'ignore'] as const;
  return execFileSync('openssl', parameters, { input: text, encoding: 'utf8', stdio: [...stdio] });
}

test('the published token decrypts to its resource, and its misread copy to rubbish that is refused', async () => {
  assert.equal(await decryptV1(PUBLISHED, 'vmstonith', 'md5'), 'prmVMCTL_guest2\n');
  assert.equal(await resultOf(PUBLISHED), 'prmVMCTL_guest2');
  assert.equal(await resultOf(MISREAD), 'version-1-rubbish');
  assert.equal(
    await resultOf(PUBLISHED, { command: OLD_COMMAND.replace('vmstonith', 'other') }),
    'version-1-unreadable',
  );
});

for (const digest of ['md5', 'sha256'] as const) {
  test(`what openssl encrypts with ${digest} is decrypted as openssl decrypts it`, async () => {
    const passphrases = ['vmstonith', 'a b', 'schlüssel', '仮想化', 'quote\'"$`\\'];
    const names = ['a', 'prmVMCTL_guest1', 'prmVMCTL_eight77', `prm_${'long'.repeat(40)}`, '資源'];
    for (const passphrase of passphrases) {
      for (const name of names) {
        const enc = ['des-ede3', '-e', '-base64', '-md', digest, '-k', passphrase];
        const token = openssl(`${name}\n`, ...enc).replaceAll('\n', '');
        assert.equal(await decryptV1(token, passphrase, digest), `${name}\n`);
        assert.equal((await decryptV1(token, `${passphrase}x`, digest)) === `${name}\n`, false);
      }
    }
  });
}

test('no text makes the cipher throw', async () => {
  const sealed = Buffer.from(PUBLISHED, 'base64');
  const bytes = fc
    .uint8Array({ maxLength: 300 })
    .map((rest) => Buffer.concat([sealed.subarray(0, 16), rest]));
  const tokens = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.base64String(),
    bytes.map((all) => all.toString('base64')),
  );
  await fc.assert(
    fc.asyncProperty(tokens, async (token) => {
      const decrypted = await decryptV1(token, 'vmstonith', 'md5');
      assert.ok(decrypted === undefined || typeof decrypted === 'string');
    }),
  );
});

test('the old openssl command is known in every spelling of the same thing', async () => {
  const spellings = [
    OLD_COMMAND,
    'openssl des-ede3 -k vmstonith -base64 -d',
    '/usr/bin/openssl  des-ede3 -d -a -A -k "vmstonith"',
    "openssl enc -des-ede3 -d -a -salt -md md5 -pass 'pass:vmstonith'",
    'openssl enc -d -base64 -des-ede3-ecb -provider legacy -provider default -pass pass:vmstonith',
    'openssl des-ede3 --d --base64 -k vm\\stonith',
    'openssl des-ede3 -d -base64 -k vm"ston"\'ith\'',
  ];
  for (const line of spellings) {
    const read = readV1Command(line);
    const command = { kind: 'in-process', passphrase: 'vmstonith', digest: 'md5' };
    assert.deepEqual(read, { ok: true, command }, line);
    assert.equal(await resultOf(PUBLISHED, { command: line, usesStdin: false }), 'prmVMCTL_guest2');
  }
});

test('what openssl would do otherwise is left to openssl', () => {
  const lines = [
    'openssl des-ede3 -base64 -k vmstonith',
    'openssl des-ede3 -d -k vmstonith',
    'openssl des-ede3-cbc -d -base64 -k vmstonith',
    'openssl des-ede3 -d -base64 -k vmstonith -pbkdf2',
    'openssl des-ede3 -d -base64 -k vmstonith -nosalt',
    'openssl des-ede3 -d -base64 -pass file:/etc/key',
    'openssl des-ede3 -d -base64 -k vmstonith -md sha1',
    'openssl des-ede3 -d -base64 -k',
    'openssl des-ede3 -d -base64 -K 00',
    'openssl -d -base64 -k vmstonith',
    'decrypt -d',
  ];
  for (const line of lines) {
    assert.deepEqual(readV1Command(line), { ok: true, command: { kind: 'program', argv: line.split(' ') } });
  }
});

test('a command is split into words as a shell splits it', () => {
  const line = `/opt/de\\ crypt  'single "$(x)"' "double 'a' \\$ \\" \\\\ \\n" mi'x'"ed" '' --a=b,c:d@e%f+g/h`;
  const shell = execFileSync('sh', ['-c', `printf '%s\\n' ${line}`], { encoding: 'utf8' });
  assert.deepEqual(readV1Command(line), {
    ok: true,
    command: { kind: 'program', argv: shell.slice(0, -1).split('\n') },
  });
});

test('what only a shell understands is refused at the start, with the remedy', () => {
  const shellOnly = [
    'a | b',
    'a; b',
    'a && b',
    'a `b`',
    'a $(b)',
    'a $B',
    'a "$B"',
    'a "`b`"',
    'a > b',
    'a < b',
  ];
  for (const line of [
    ...shellOnly,
    'a *',
    'a b?',
    'a [b]',
    'a {b,c}',
    'a ~/b',
    'a # b',
    "a 'b",
    'a "b',
    'a\nb',
    '',
  ]) {
    assert.ok(!readV1Command(line).ok, line);
    assert.throws(() => decrypterFor({ command: line }), {
      code: 'usage',
      message: /-c.*; put it into a script/,
    });
  }
});

test('real openssl as an unknown command gives what the process itself gives', async () => {
  const command = `${OLD_COMMAND} -md md5 -iter 1`;
  const token = openssl(
    'prmVMCTL_guest1\n',
    'des-ede3',
    '-e',
    '-base64',
    '-md',
    'md5',
    '-iter',
    '1',
    '-k',
    'vmstonith',
  );
  assert.equal(await resultOf(token.trim(), { command }), 'prmVMCTL_guest1');
  assert.equal(
    await resultOf(MISREAD, { command: OLD_COMMAND.replace('des-ede3', 'enc -des3') }),
    'version-1-unreadable',
  );
});

test('a program gets the token on standard input or as its last argument, and its status is -e', async (t) => {
  const program = join(temporaryDirectory(t), 'decrypt');
  const body = '#!/bin/sh\n[ $# -eq 2 ] && text=$2 || read -r text\necho "prm_$1_$text"\nexit 3\n';
  writeFileSync(program, body, { mode: 0o755 });
  const command = `${program} x`;
  assert.equal(await resultOf('abc', { command, usesStdin: true, okExitCode: 3 }), 'prm_x_abc');
  assert.equal(await resultOf('abc', { command, usesStdin: false, okExitCode: 3 }), 'prm_x_abc');
  assert.equal(await resultOf('abc', { command, usesStdin: true, okExitCode: 0 }), 'version-1-unreadable');
});

const badPrograms: Readonly<Record<string, readonly [script: string, expected: string]>> = {
  'is away': ['', 'version-1-unreadable'],
  'is killed': ['kill -9 $$', 'version-1-unreadable'],
  'does not end': ['sleep 60', 'version-1-unreadable'],
  'leaves somebody behind who holds its output': ['sleep 60 & echo prm_a', 'version-1-unreadable'],
  'prints without end': ['yes', 'version-1-unreadable'],
  'prints nothing': ['true', 'version-1-rubbish'],
  'prints two names': ['echo prm_a; echo prm_b', 'version-1-rubbish'],
  'prints a name with a blank': ['echo "prm_a "', 'version-1-rubbish'],
  'prints an option': ['echo --force', 'version-1-rubbish'],
  'prints shell': ["echo '$(reboot)'", 'version-1-rubbish'],
  'prints XML': ['echo \'a"/><x y="\'', 'version-1-rubbish'],
  'prints bytes that are no text': ["printf 'prm_\\377'", 'version-1-rubbish'],
};

for (const [fault, [script, expected]] of Object.entries(badPrograms)) {
  test(`a program that ${fault} gives no resource`, async (t) => {
    const command = join(temporaryDirectory(t), 'decrypt');
    if (script !== '') writeFileSync(command, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
    assert.equal(await resultOf('abc', { command, deadlineMs: 300 }), expected);
  });
}

test('the log of a failing program has its words and not the token', async (t) => {
  const command = join(temporaryDirectory(t), 'decrypt');
  writeFileSync(command, '#!/bin/sh\nread -r t; echo "bad $t" >&2; exit 1\n', { mode: 0o755 });
  const decrypted = await decrypterFor({ command })('SECRETTOKEN');
  assert.ok(!decrypted.ok);
  assert.match(decrypted.forLog, /bad \(the token\)/);
});

test('no token executes anything, whether a program gets it on standard input or as an argument', async (t) => {
  const directory = temporaryDirectory(t);
  const canary = join(directory, 'canary');
  const program = join(directory, 'careless');
  // As careless as a script of an admin may be: it lets a shell read what it was given.
  writeFileSync(program, '#!/bin/sh\n[ $# -gt 0 ] && t=$1 || t=$(cat)\neval echo $t\n', { mode: 0o755 });
  const hostile = [
    `$(touch ${canary})`,
    `\`touch ${canary}\``,
    `; touch ${canary};`,
    `a|touch ${canary}`,
    `a\ntouch ${canary}`,
    `'; touch ${canary}; '`,
    `a\0; touch ${canary}`,
    `-out${canary}`,
    `--output=${canary}`,
    '-',
    '',
    ' ',
    'a b',
    '*',
    '~',
    'x'.repeat(60 * 1024),
    '仮想',
  ];
  for (const token of hostile) {
    for (const usesStdin of [true, false]) {
      for (const command of [program, OLD_COMMAND, `openssl enc -des3 -d -base64 -k x`]) {
        assert.equal(await resultOf(token, { command, usesStdin }), 'malformed');
      }
    }
  }
  assert.ok(!existsSync(canary));
});
