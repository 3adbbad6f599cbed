import assert from 'node:assert/strict';
import { test } from 'node:test';
import { figures, ratioOf, verdictsOf } from './limits.ts';
import { SAMPLE } from './sample-record.ts';

test('a limit is judged by the figure that it names, and says what it asks for and what was found', () => {
  const told = verdictsOf(SAMPLE).map(({ what, goal, measured, isMet }) => [what, goal, measured, isMet]);
  assert.deepEqual(told, [
    ['ours <fast>', 'at most 50 ms', '22 ms', true],
    ['ours <fast>, p99', 'at least 2 times as fast as theirs', '1.35 times', false],
    ['theirs', 'at most 20 times nothing', '11.00 times', true],
    ['theirs', 'at most 40 ms more than nothing', '+100 ms', false],
  ]);
});

test('a limit on what was not measured is an error, never a limit that holds', () => {
  assert.throws(() => verdictsOf({ rows: [], limits: [{ row: 'gone', plus: 1 }] }), /gone, which was not/);
});

test('a row is compared with its peer by their medians', () => {
  assert.deepEqual(
    SAMPLE.rows.map((row) => ratioOf(row, SAMPLE.rows)),
    ['', '11.00', '0.20'],
  );
});

test('figures have as many places as say something', () => {
  assert.deepEqual([0.5, 9.876, 12.34, 20, 123.4, 12_345].map(figures), [
    '0.5',
    '9.88',
    '12.3',
    '20',
    '123',
    '12,345',
  ]);
});
