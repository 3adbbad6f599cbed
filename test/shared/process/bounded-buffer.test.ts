import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { boundedBuffer } from '../../../shared/process/bounded-buffer.ts';

test('it holds exactly what was added, and refuses what would pass the limit', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: 'binary' })), fc.nat(100), (texts, maxBytes) => {
      const buffer = boundedBuffer(maxBytes);
      let held = '';
      for (const text of texts) {
        const fits = Buffer.byteLength(held + text) <= maxBytes;
        assert.equal(buffer.add(Buffer.from(text)), fits);
        if (fits) held += text;
      }
      assert.equal(buffer.text(), held);
      assert.equal(buffer.size, Buffer.byteLength(held));
      buffer.clear();
      assert.equal(buffer.text(), '');
    }),
  );
});

test('a million bytes one at a time take no more than a million bytes', () => {
  const before = process.memoryUsage().arrayBuffers;
  const buffer = boundedBuffer(1_000_000);
  const one = Buffer.from('x');
  while (buffer.add(one));
  assert.equal(buffer.size, 1_000_000);
  assert.equal(buffer.text().length, 1_000_000);
  assert.ok(process.memoryUsage().arrayBuffers - before < 8_000_000);
});
