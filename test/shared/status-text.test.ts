import assert from 'node:assert/strict';
import { test } from 'node:test';
import { durationWords, wrapped } from '../../shared/status-text.ts';

test('durations are told in the unit that fits', () => {
  const told = [900, 12_000, 119_999, 120_000, 7_200_000, 200_000_000].map(durationWords);
  assert.deepEqual(told, ['0.9 s', '12 s', '119 s', '2 min', '2 h', '2 days']);
});

test('words that have no room go on under the first of them, and one that is too long is left whole', () => {
  const text = wrapped('label     ', `${'word '.repeat(20)}${'x'.repeat(100)}`);
  const lines = text.trimEnd().split('\n');
  assert.equal(lines.length, 3);
  for (const line of lines.slice(0, 2))
    assert.ok(line.length <= 80 && /^(label| {5}) {5}word/.test(line), line);
  assert.equal(lines[2], `${' '.repeat(10)}${'x'.repeat(100)}`);
});

test('no word moves the cursor', () => {
  assert.equal(wrapped('a ', 'x\u001b[2J\u202ey'), 'a x?[2J?y\n');
});
