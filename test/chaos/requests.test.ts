import assert from 'node:assert/strict';
import { test } from 'node:test';
import { answerIn } from './requests.ts';

test('what fence_vm -v tells names its request, and the result if there was an answer', () => {
  const asked = 'fence_vm: request id-1: off, for at most 15000 ms\n';
  assert.deepEqual(
    answerIn(`${asked}fence_vm: request id-1: {"text":"NG","detail":{"result":"unknown"}}\n`),
    {
      id: 'id-1',
      outcome: 'unknown',
    },
  );
  assert.deepEqual(answerIn(`${asked}fence_vm: request id-1: deadline\n`), {
    id: 'id-1',
    outcome: undefined,
  });
  assert.deepEqual(answerIn('fence_vm: no token\n'), { id: undefined, outcome: undefined });
});
