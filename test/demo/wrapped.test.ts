import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { wrapped } from './wrapped.ts';

test('no piece is wider than wanted, and nothing but blanks at their ends is lost', () => {
  const words = fc.array(fc.stringMatching(/^[a-z]{1,30}$/), { maxLength: 30 }).map((list) => list.join(' '));
  fc.assert(
    fc.property(words, fc.integer({ min: 5, max: 60 }), (line, width) => {
      const pieces = wrapped(line, width);
      assert.ok(pieces.every((piece) => piece.length <= width));
      assert.equal(pieces.join('').replaceAll(' ', ''), line.replaceAll(' ', ''));
    }),
  );
});

test('a line that fits stays as it is, its indentation too', () => {
  assert.deepEqual(wrapped('  a b', 10), ['  a b']);
  assert.deepEqual(wrapped('one two three', 8), ['one two', 'three']);
});
