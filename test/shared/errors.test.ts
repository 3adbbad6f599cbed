import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { messageOf, PmError, systemCodeOf } from '../../shared/errors.ts';

const details = { what: 'cannot stop guest1', fault: 'node hostB is unclean', remedy: 'fence it first' };

test('a message names the thing, the fault and the remedy', () => {
  const error = new PmError({ code: 'refused', ...details });
  assert.equal(error.message, 'cannot stop guest1: node hostB is unclean; fence it first');
  assert.deepEqual([error.what, error.fault, error.remedy], Object.values(details));
});

test('the exit status is 2 where asking again may help and 1 elsewhere, unless it is given', () => {
  for (const code of ['usage', 'config', 'environment', 'refused', 'internal'] as const) {
    assert.equal(new PmError({ code, ...details }).exitCode, 1);
  }
  assert.equal(new PmError({ code: 'unavailable', ...details }).exitCode, 2);
  assert.equal(new PmError({ code: 'unavailable', ...details, exitCode: 7 }).exitCode, 7);
});

test('the cause is kept', () => {
  const cause = new Error('deeper');
  assert.equal(new PmError({ code: 'internal', ...details, cause }).cause, cause);
});

test('one of another file of the same program is one, and nothing else that is thrown', async () => {
  const path = '../../shared/errors.ts?another';
  const another: typeof import('../../shared/errors.ts') = await import(path);
  assert.notEqual(another.PmError, PmError);
  assert.ok(new another.PmError({ code: 'internal', ...details }) instanceof PmError);
  for (const other of [new Error('deeper'), details, undefined]) assert.ok(!(other instanceof PmError));
});

test('anything that is thrown has a text, and a system error has its code', () => {
  const thrown = catchFrom(() => readFileSync('/no/such/file'));
  assert.equal(systemCodeOf(thrown), 'ENOENT');
  assert.match(messageOf(thrown), /no such file/);
  for (const other of ['text', 42, undefined, null, {}]) {
    assert.equal(systemCodeOf(other), undefined);
    assert.equal(messageOf(other), String(other));
  }
});

function catchFrom(action: () => unknown): unknown {
  try {
    return action();
  } catch (thrown) {
    return thrown;
  }
}
