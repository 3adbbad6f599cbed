import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { PmError } from '../../shared/errors.ts';
import { readSecretFile, writeSecretFile } from '../../shared/secret-file.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const SOMEBODY_ELSE = 65_534;

function refusal(path: string): string {
  try {
    return `read: ${readSecretFile(path, 100)}`;
  } catch (thrown) {
    assert.ok(thrown instanceof PmError);
    return thrown.message;
  }
}

test('a file that only its owner can read is read', (t) => {
  const path = join(temporaryDirectory(t), 'file');
  for (const mode of [0o600, 0o400, 0o700]) {
    writeFileSync(path, 'secret');
    chmodSync(path, mode);
    assert.equal(readSecretFile(path, 6), 'secret');
  }
});

test('a file that anybody else can use is refused, with the command that mends it', (t) => {
  const path = join(temporaryDirectory(t), 'file');
  writeFileSync(path, 'secret');
  for (let bits = 1; bits <= 0o77; bits++) {
    chmodSync(path, 0o600 | bits);
    assert.match(refusal(path), /others may use it \(mode 06\d\d\); chmod 600 \/\S+file$/);
  }
});

test('a file of another owner is refused', (t) => {
  const path = join(temporaryDirectory(t), 'file');
  writeFileSync(path, 'secret', { mode: 0o600 });
  chownSync(path, SOMEBODY_ELSE, 0);
  assert.match(refusal(path), /belongs to user 65534 and not to root/);
});

test('a file under a directory where others can exchange it is refused', (t) => {
  const above = join(temporaryDirectory(t), 'above');
  const path = join(above, 'below', 'file');
  mkdirSync(join(above, 'below'), { recursive: true });
  writeFileSync(path, 'secret', { mode: 0o600 });
  assert.equal(refusal(path), 'read: secret');
  for (const mode of [0o775, 0o757, 0o777]) {
    chmodSync(above, mode);
    assert.match(refusal(path), /others may write to the directory \S+above .*; chmod go-w /);
  }
  chmodSync(above, 0o755);
  chownSync(above, SOMEBODY_ELSE, 0);
  assert.match(refusal(path), /the directory \S+above belongs to user 65534/);
});

test('what is no regular file is refused at once: links, directories, pipes, devices', (t) => {
  const directory = temporaryDirectory(t);
  const path = join(directory, 'file');
  writeFileSync(path, 'secret', { mode: 0o600 });
  symlinkSync(path, join(directory, 'link'));
  symlinkSync('/nowhere', join(directory, 'dangling'));
  mkdirSync(join(directory, 'directory'), { mode: 0o700 });
  execFileSync('mkfifo', ['-m', '600', join(directory, 'pipe')]);
  assert.match(refusal(join(directory, 'link')), /symbolic link/);
  assert.match(refusal(join(directory, 'dangling')), /symbolic link/);
  assert.match(refusal(join(directory, 'directory')), /no regular file/);
  assert.match(refusal(join(directory, 'pipe')), /no regular file/);
  assert.match(refusal('/dev/null'), /no regular file/);
  linkSync(path, join(directory, 'same'));
  assert.equal(refusal(join(directory, 'same')), 'read: secret');
});

test('nothing there is undefined; a file beyond the limit is refused', (t) => {
  const path = join(temporaryDirectory(t), 'file');
  assert.equal(readSecretFile(path, 100), undefined);
  assert.equal(readSecretFile(join(path, 'below', 'it'), 100), undefined);
  writeFileSync(path, 'x'.repeat(101), { mode: 0o600 });
  assert.match(refusal(path), /more than 100 bytes/);
  assert.match(refusal(join(path, 'below')), /^cannot use the secret file/);
});

test('writing replaces the file as a whole, for its owner only, and leaves nothing beside it', (t) => {
  const directory = join(temporaryDirectory(t), 'made', 'for', 'it');
  const path = join(directory, 'file');
  for (const text of ['one', 'two and more', '']) {
    writeSecretFile(path, text);
    assert.equal(readFileSync(path, 'utf8'), text);
    assert.equal(statSync(path).mode & 0o7777, 0o600);
    assert.deepEqual(readdirSync(directory), ['file']);
    chmodSync(path, 0o666);
  }
});

test('a secret is not written where others could exchange it, and a failure keeps the old content', (t) => {
  const directory = join(temporaryDirectory(t), 'lax');
  const path = join(directory, 'file');
  writeSecretFile(path, 'old');
  chmodSync(directory, 0o777);
  assert.throws(() => writeSecretFile(path, 'new'), {
    message: /cannot write .* others may write to .*; chmod/,
  });
  assert.equal(readFileSync(path, 'utf8'), 'old');
  chmodSync(directory, 0o755);
  mkdirSync(join(directory, 'taken'));
  assert.throws(() => writeSecretFile(join(directory, 'taken'), 'new'), {
    message: /cannot write .*; see that /,
  });
  assert.deepEqual(readdirSync(directory).sort(), ['file', 'taken']);
});
