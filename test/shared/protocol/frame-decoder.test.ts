import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Frame, FrameDecoder } from '../../../shared/protocol/frame-decoder.ts';
import { MAX_FRAME_BYTES } from '../../../shared/protocol/message.ts';
import {
  anyGarbage,
  anyId,
  anyMessage,
  anyPiece,
  anyV1Frame,
  byteByByte,
  cutAt,
  decode,
  encoded,
  encodedV1,
} from './frames.ts';

const PING = encoded({ type: 'ping', nonce: 7 });
const PING_FRAME: Frame = { kind: 'message', message: { type: 'ping', nonce: 7 } };
const LF = Buffer.from('\n');

test('any chunking of the same bytes gives the same frames and the same counts', () => {
  fc.assert(
    fc.property(
      fc.array(anyPiece, { maxLength: 12 }),
      fc.array(fc.nat({ max: 300_000 }), { maxLength: 40 }),
      (pieces, places) => {
        const bytes = Buffer.concat(pieces);
        const whole = decode([bytes]);
        assert.deepEqual(decode(cutAt(bytes, places)), whole);
        if (bytes.length < 20_000) assert.deepEqual(decode(byteByByte(bytes)), whole);
      },
    ),
    { numRuns: 400 },
  );
});

test('every byte is part of a frame, garbage, blank, or still awaited', () => {
  fc.assert(
    fc.property(fc.array(anyMessage), anyGarbage, (messages, garbage) => {
      const lines = messages.map(encoded);
      const spoilt = Buffer.concat([Buffer.from('x'), garbage.filter((byte) => byte > 3 && byte !== 10), LF]);
      const { frames, garbageBytes, garbageRuns } = decode([Buffer.concat([...lines, spoilt, PING])]);
      assert.equal(frames.length, messages.length + 1);
      assert.equal(garbageBytes, spoilt.length);
      assert.equal(garbageRuns, 1);
    }),
  );
});

test('after anything at all and LF the next frame of version 2 is understood', () => {
  fc.assert(
    fc.property(fc.array(anyPiece, { maxLength: 6 }), anyMessage, (pieces, message) => {
      const { frames } = decode([Buffer.concat([...pieces, LF, encoded(message)])]);
      assert.deepEqual(frames.at(-1), { kind: 'message', message });
    }),
    { numRuns: 1_000 },
  );
});

test('after garbage without bytes that begin a header the next frame of version 1 is understood', () => {
  fc.assert(
    fc.property(anyGarbage, anyV1Frame, (garbage, frame) => {
      const spoilt = garbage.map((byte) => (byte < 4 ? byte + 4 : byte));
      const { frames } = decode([Buffer.concat([spoilt, encodedV1(frame)])]);
      assert.deepEqual(frames.at(-1), { kind: 'v1', frame });
    }),
    { numRuns: 1_000 },
  );
});

test('after a frame of version 1 that was cut off in its id or its text the next one is understood', () => {
  fc.assert(
    fc.property(anyV1Frame, fc.nat(), anyV1Frame, (broken, place, frame) => {
      const bytes = encodedV1(broken);
      const lengths = [...Array.from({ length: 64 }, (_, at) => at), ...rangeOf(80, bytes.length - 1)];
      const length = lengths[place % lengths.length] ?? 0;
      // Of type 0 the first four bytes are zero, and may be what ends the text that was cut off.
      fc.pre(frame.type !== 0 || length < 80);
      const { frames } = decode([Buffer.concat([bytes.subarray(0, length), encodedV1(frame)])]);
      assert.deepEqual(frames, [{ kind: 'v1', frame }]);
    }),
    { numRuns: 2_000 },
  );
});

const rangeOf = (from: number, to: number) =>
  Array.from({ length: Math.max(0, to - from) }, (_, at) => from + at);

test('a guest that boots another system in the middle of a frame of version 1 is understood at its first words', () => {
  for (const announced of [1, 2, 300, 8192]) {
    const header = Buffer.alloc(80);
    header.writeInt32LE(1, 0);
    header.write('job', 4);
    header.writeUInt32LE(announced, 76);
    for (let sent = 0; sent <= 80; sent++) {
      const { frames } = decode(byteByByte(Buffer.concat([header.subarray(0, sent), LF, PING])));
      assert.deepEqual(
        frames.at(-1),
        PING_FRAME,
        `after ${sent} bytes of a header that announces ${announced}`,
      );
    }
  }
});

test('a line may have 65,536 bytes with its LF and not one more', () => {
  const line = (bytes: number) =>
    Buffer.from(`${'{"type":"ping","nonce":7,"pad":"'.padEnd(bytes - 3, 'é'[0])}"}\n`, 'latin1');
  assert.equal(line(MAX_FRAME_BYTES).length, MAX_FRAME_BYTES);
  assert.deepEqual(decode([line(MAX_FRAME_BYTES), PING]).frames, [PING_FRAME, PING_FRAME]);
  assert.deepEqual(decode([line(MAX_FRAME_BYTES + 1), PING]), {
    frames: [PING_FRAME],
    garbageBytes: MAX_FRAME_BYTES + 1,
    garbageRuns: 1,
  });
});

test('CR before LF, blanks before a line and blank lines are ignored and are no garbage', () => {
  const bytes = Buffer.from('\n\r\n \t\n  {"type":"ping","nonce":7}\r\n\n\t{"type":"ping","nonce":7} \n');
  assert.deepEqual(decode([bytes]), { frames: [PING_FRAME, PING_FRAME], garbageBytes: 0, garbageRuns: 0 });
});

test('a line that is no object or has no type is garbage, an unknown type is a frame', () => {
  for (const line of ['[]', '{}', '{"type":7}', '{"type":"ping"', '{"a":1} {"b":2}', 'null', '"{"']) {
    const { frames, garbageRuns } = decode([Buffer.from(`${line}\n`), PING]);
    assert.deepEqual(frames, [PING_FRAME], line);
    assert.equal(garbageRuns, 1, line);
  }
  const { frames } = decode([Buffer.from('{"type":"tomorrow","id":"x"}\n')]);
  assert.deepEqual(frames, [{ kind: 'unknown-type', name: 'tomorrow' }]);
});

test('an abandoned line is garbage, and so is the rest of it should it come yet', () => {
  fc.assert(
    fc.property(anyId, fc.integer({ min: 1, max: 20 }), (id, length) => {
      const frames: Frame[] = [];
      const decoder = new FrameDecoder((frame) => frames.push(frame));
      const bytes = encoded({ type: 'cancel', id });
      decoder.push(bytes.subarray(0, length));
      assert.ok(decoder.isMidFrame);
      decoder.abandon();
      assert.ok(!decoder.isMidFrame);
      decoder.push(Buffer.concat([Buffer.from('{"type":"cancel","id":"smuggled"}'), LF, PING]));
      assert.deepEqual(frames, [PING_FRAME]);
      assert.equal(decoder.counts.garbageRuns, 1);
    }),
  );
});
