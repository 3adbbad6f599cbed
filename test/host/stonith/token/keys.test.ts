import assert from 'node:assert/strict';
import { chmodSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { inspect } from 'node:util';
import { fingerprint, type Key, type KeySet, newKey } from '../../../../host/stonith/token/key.ts';
import { makeKey, rotateKey, withdrawKey } from '../../../../host/stonith/token/key-commands.ts';
import { loadKeys, saveKeys } from '../../../../host/stonith/token/key-file.ts';
import { printKeys, readKeys } from '../../../../host/stonith/token/key-text.ts';
import { PmError } from '../../../../shared/errors.ts';
import { temporaryDirectory } from '../../../support/temporary-directory.ts';
import { activeOnly, inState, WALL_MS } from './sealed-tokens.ts';

const states = (keys: KeySet) => keys.map(({ state }) => state).join(' ');

test('make gives the first key, rotate a new one and withdraw ends one, whatever its state', () => {
  const made = makeKey([], WALL_MS);
  assert.ok(made.ok);
  assert.equal(states(made.keys), 'active');
  const rotated = rotateKey(made.keys, WALL_MS);
  assert.ok(rotated.ok);
  assert.equal(states(rotated.keys), 'accepted active');
  const withdrawn = withdrawKey(rotated.keys, made.key.id);
  assert.ok(withdrawn.ok);
  assert.equal(states(withdrawn.keys), 'withdrawn active');
  const none = withdrawKey(withdrawn.keys, rotated.key.id);
  assert.ok(none.ok);
  assert.equal(states(none.keys), 'withdrawn withdrawn');
  const again = makeKey(none.keys, WALL_MS);
  assert.ok(again.ok);
  assert.equal(states(again.keys), 'withdrawn withdrawn active');
});

test('what would make no sense is refused with a remedy', () => {
  const many = Array.from({ length: 100 }, (_, index) => ({ ...newKey([], 0), id: `k${index}` }));
  const refused = [
    makeKey(activeOnly, WALL_MS),
    rotateKey([], WALL_MS),
    rotateKey(many, WALL_MS),
    withdrawKey(activeOnly, 'other'),
    withdrawKey(inState(activeOnly, 'withdrawn'), activeOnly[0]?.id ?? ''),
  ];
  for (const change of refused) {
    assert.ok(!change.ok);
    assert.notEqual(change.remedy, '');
  }
});

test('an id is never given twice', () => {
  const bytes = [Buffer.alloc(4), Buffer.alloc(4), Buffer.alloc(4, 1), Buffer.alloc(32)];
  const random = () => bytes.shift() ?? Buffer.alloc(0);
  assert.equal(newKey([{ ...newKey([], 0), id: '00000000' }], 0, random).id, '01010101');
});

test('the fingerprint is the same for the same keys in any order, and for no others', () => {
  const [one, other] = [newKey([], 1), newKey([], 2)];
  const keys: KeySet = [one, { ...other, state: 'accepted' }];
  assert.match(fingerprint(keys), /^[0-9a-f]{16}$/);
  assert.equal(fingerprint(keys), fingerprint(keys.toReversed()));
  assert.equal(fingerprint(keys), fingerprint(keys.map((key) => ({ ...key, createdMs: 9 }))));
  const others: KeySet[] = [
    [],
    [one],
    [one, { ...other, state: 'withdrawn' }],
    [one, { ...newKey([], 2), id: other.id, state: 'accepted' }],
    [one, { ...other, id: 'x', state: 'accepted' }],
  ];
  assert.equal(new Set([keys, ...others].map(fingerprint)).size, 6);
});

test('a key neither prints its secret nor turns it into JSON', () => {
  const [key] = activeOnly;
  assert.ok(key !== undefined);
  const secret = key.secret.export();
  for (const shown of [inspect(key, { depth: 9 }), JSON.stringify(key), String(key.secret)]) {
    assert.ok(!shown.includes(secret.toString('hex')) && !shown.includes(secret.toString('base64')));
  }
});

test('what is saved is loaded as the same, from a file for root only', (t) => {
  const path = join(temporaryDirectory(t), 'keys');
  const keys: Key[] = [newKey([], WALL_MS), { ...newKey([], 5), state: 'withdrawn' }];
  saveKeys(path, keys);
  assert.equal(statSync(path).mode & 0o7777, 0o600);
  const loaded = loadKeys(path);
  assert.ok(loaded !== undefined);
  assert.equal(fingerprint(loaded), fingerprint(keys));
  assert.deepEqual(
    loaded.map(({ createdMs }) => createdMs),
    keys.map(({ createdMs }) => createdMs),
  );
  saveKeys(path, []);
  assert.deepEqual(loadKeys(path), []);
  assert.deepEqual(readdirSync(join(path, '..')), ['keys']);
});

test('only a file that is not there counts as none', (t) => {
  const path = join(temporaryDirectory(t), 'keys');
  assert.equal(loadKeys(path), undefined);
  writeFileSync(path, printKeys(activeOnly), { mode: 0o644 });
  assert.throws(() => loadKeys(path), { message: new RegExp(`mode 0644\\); chmod 600 ${path}$`) });
  chmodSync(path, 0o600);
  assert.equal(loadKeys(path)?.length, 1);
});

const good = printKeys(activeOnly);
const id = activeOnly[0]?.id ?? '';
const faulty: Readonly<Record<string, string>> = {
  'a key twice': good + good,
  'a member twice': good.replace('state', 'state = active\nstate'),
  'an unknown member': good.replace('created', 'note = mine\ncreated'),
  'an unknown state': good.replace('= active', '= maybe'),
  'no state': good.replace('state = active\n', ''),
  'no secret': good.replace(/secret = .*\n/, ''),
  'an empty secret': good.replace(/secret = .*\n/, 'secret =\n'),
  'a short secret': good.replace(/secret = .*\n/, `secret = ${Buffer.alloc(31).toString('base64')}\n`),
  'a secret with a wrong letter': good.replace(/secret = ./, 'secret = ?'),
  'no time': good.replace(/created = .*\n/, 'created = yesterday\n'),
  'an id that is none': good.replace(id, 'a.b'),
  'two active keys': good + printKeys([newKey([], 0)]),
  'a secret on a line of another kind': good.replace('secret =', 'secret:'),
  'a line of another kind': `${good}hello\n`,
  'a comment behind a value': good.replace('= active', '= active # mine'),
  'NUL bytes': `${good}\0`,
};

for (const [fault, text] of Object.entries(faulty)) {
  test(`a key file with ${fault} is refused as a whole, and no message has the secret`, (t) => {
    const path = join(temporaryDirectory(t), 'keys');
    writeFileSync(path, text, { mode: 0o600 });
    const secret = activeOnly[0]?.secret.export().toString('base64') ?? '';
    assert.throws(
      () => loadKeys(path),
      (thrown) => {
        assert.ok(thrown instanceof PmError);
        assert.equal(thrown.code, 'config');
        assert.match(thrown.message, /keys:\d+: /);
        assert.ok(!thrown.message.includes(secret.slice(1, 22)));
        return true;
      },
    );
    assert.equal(readFileSync(path, 'utf8'), text);
  });
}

test('hundred keys fit, and one more is refused', () => {
  const many = Array.from({ length: 101 }, (_, index): Key => {
    return { ...newKey([], 0), id: `k${index}`, state: 'accepted' };
  });
  assert.ok(readKeys('keys', printKeys(many.slice(1))).ok);
  assert.ok(!readKeys('keys', printKeys(many)).ok);
});
