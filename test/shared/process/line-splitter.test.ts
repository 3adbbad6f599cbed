import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { lineSplitter } from '../../../shared/process/line-splitter.ts';

const MAX_BYTES = 50;

test('however a stream is chunked, its lines are the same', () => {
  const line = fc.string({ unit: 'binary' }).map((text) => text.replaceAll('\n', ' '));
  fc.assert(
    fc.property(fc.array(line), fc.array(fc.nat(20)), fc.boolean(), (lines, sizes, isBrokenOff) => {
      const bytes = Buffer.from(lines.map((each) => `${each}\n`).join('') + (isBrokenOff ? 'half' : ''));
      const seen: string[] = [];
      const splitter = lineSplitter(1000, (each) => seen.push(each));
      for (const chunk of chunked(bytes, sizes)) assert.equal(splitter.add(chunk), true);
      assert.deepEqual(seen, lines);
    }),
  );
});

test('whatever the bytes, a line is within the limit, and one that is not ends the stream', () => {
  const bytes = fc.uint8Array({ maxLength: 400, size: 'max' });
  const scarceNewlines = bytes.map((some) => some.map((byte) => (byte < 5 ? 0x0a : byte)));
  fc.assert(
    fc.property(scarceNewlines, fc.array(fc.nat(60)), (some, sizes) => {
      const seen: string[] = [];
      const splitter = lineSplitter(MAX_BYTES, (each) => seen.push(each));
      const isWhole = chunked(some, sizes).every((chunk) => splitter.add(chunk));
      const lines = Buffer.from(some).toString('latin1').split('\n');
      const tooLong = lines.findIndex((each) => each.length > MAX_BYTES);
      assert.equal(isWhole, tooLong === -1);
      assert.equal(seen.length, tooLong === -1 ? lines.length - 1 : tooLong);
    }),
  );
});

/** Cuts bytes into pieces of the given sizes, the rest being the last. */
function chunked(bytes: Uint8Array, sizes: readonly number[]): Uint8Array[] {
  const chunks: Uint8Array[] = [];
  let start = 0;
  for (const size of sizes) {
    chunks.push(bytes.subarray(start, start + size));
    start += size;
  }
  return [...chunks, bytes.subarray(start)];
}
