/** Mass and hostility: a million broken frames, memory, and the cost of bytes that come one by one. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Frame, FrameDecoder } from '../../../shared/protocol/frame-decoder.ts';
import { MAX_FRAME_BYTES } from '../../../shared/protocol/message.ts';
import { MESSAGES } from '../../fuzz/families/samples.ts';
import { byteByByte, encoded, encodedV1 } from './frames.ts';

const LF = Buffer.from('\n');

/** Good frames of every kind, to be broken. */
const GOOD: readonly Buffer[] = [
  ...MESSAGES.map(encoded),
  encodedV1({ type: 1, id: 'stonith-1', client: 1, text: 'off TOKEN' }),
  encodedV1({ type: 0, id: 'a', client: -1, text: 'default_ping_set diskcheck_status' }, 77),
  encodedV1({ type: 1, id: 'stonith-1', client: 1, text: 'timeout' }),
  encodedV1({ type: 2, id: '', client: 0, text: '' }),
  encodedV1({ type: 3, id: 'stonith-1', client: 1, text: '' }),
];

/** Pseudo-random whole numbers (xorshift), the same in every run. */
function chance(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

const TELLING = Buffer.from([
  0, 1, 2, 3, 4, 0x0a, 0x0d, 0x20, 0x22, 0x2c, 0x5c, 0x7b, 0x7d, 0x7f, 0x80, 0xff,
]);

/** A good frame, broken in one of the ways in which frames break; sometimes more than once, sometimes not at all. */
function broken(pick: (below: number) => number): Buffer {
  let bytes = Buffer.from(GOOD[pick(GOOD.length)] ?? LF);
  for (let times = pick(4); times > 0; times--) {
    const at = pick(bytes.length + 1);
    switch (pick(7)) {
      case 0:
        bytes = bytes.subarray(0, at);
        break;
      case 1:
        bytes = bytes.subarray(at);
        break;
      case 2:
        if (at < bytes.length) bytes[at] = pick(256);
        break;
      case 3:
        if (at < bytes.length) bytes[at] = TELLING[pick(TELLING.length)] ?? 0;
        break;
      case 4:
        bytes = Buffer.concat([bytes.subarray(0, at), GOOD[pick(GOOD.length)] ?? LF]);
        break;
      case 5:
        bytes = Buffer.concat([bytes.subarray(0, at), Buffer.alloc(pick(90), pick(4)), bytes.subarray(at)]);
        break;
      default:
        bytes = Buffer.concat([bytes, bytes.subarray(at)]);
    }
  }
  return bytes;
}

test('a million broken frames of both versions: no crash, bounded memory, and the next good frame is understood', () => {
  const pick = chance(20_261_121);
  let last: Frame | undefined;
  const decoder = new FrameDecoder((frame) => {
    last = frame;
  });
  let sent = 0;
  let bytesIn = 0;
  for (let burst = 0; sent < 1_000_000; burst++) {
    const parts: Buffer[] = [];
    for (let count = pick(80); count > 0; count--) parts.push(broken(pick));
    sent += parts.length;
    parts.push(LF, encoded({ type: 'ping', nonce: burst }));
    const bytes = Buffer.concat(parts);
    bytesIn += bytes.length;
    const middle = pick(bytes.length);
    for (const chunk of [bytes.subarray(0, middle), bytes.subarray(middle)]) {
      decoder.push(chunk);
      assert.ok(decoder.heldBytes <= MAX_FRAME_BYTES + chunk.length);
    }
    assert.equal(last?.kind === 'message' && last.message.type === 'ping' && last.message.nonce, burst);
  }
  assert.ok(decoder.counts.frames > 100_000 && decoder.counts.garbageRuns > 100_000);
  assert.ok(decoder.counts.garbageBytes < bytesIn);
});

test('what never becomes a frame is never kept beyond the limit and one chunk', () => {
  const chunkBytes = 64 * 1024;
  for (const start of ['{"type":"', '\u0000', '\u0001\u0000\u0000\u0000id', 'no frame', '{"a":"\\']) {
    const decoder = new FrameDecoder(() => assert.fail('there is no frame in it'));
    decoder.push(Buffer.from(start));
    for (let count = 0; count < 160; count++) {
      decoder.push(Buffer.alloc(chunkBytes, 'y'));
      assert.ok(decoder.heldBytes <= MAX_FRAME_BYTES + chunkBytes, `${decoder.heldBytes} bytes for ${start}`);
    }
    assert.equal(decoder.counts.garbageRuns, 1);
    assert.equal(decoder.counts.garbageBytes, Buffer.byteLength(start) + 160 * chunkBytes);
  }
});

test('a frame of 64 KiB that comes byte by byte costs no more for each byte than a short one', () => {
  const costOf = (bytes: Buffer, rounds: number) => {
    const decoder = new FrameDecoder(() => {});
    const start = process.cpuUsage();
    for (let round = 0; round < rounds; round++) for (const chunk of byteByByte(bytes)) decoder.push(chunk);
    return process.cpuUsage(start).user / (rounds * bytes.length);
  };
  const line = (length: number) => encoded({ type: 'error', code: 'x', message: 'y'.repeat(length) });
  const short = line(1_000);
  const long = line(MAX_FRAME_BYTES - 100);
  costOf(short, 100);
  const ratio = Math.min(...[1, 2, 3].map(() => costOf(long, 3) / costOf(short, 180)));
  assert.ok(ratio < 4, `a byte of a long frame costs ${ratio.toFixed(1)} times that of a short one`);
});

test('a flood of bytes that look like headers costs a bounded time for each byte', () => {
  const header = encodedV1({ type: 0, id: 'i'.repeat(63), client: 0, text: 'x'.repeat(8_000) });
  const floods = {
    zeros: Buffer.alloc(79),
    'LF only': Buffer.alloc(64 * 1024, '\n'),
    'header after header': header.subarray(0, 80),
    'header and nearly all its data': header.subarray(0, 8_000),
    'zeros and ones': Buffer.from([0, 1]),
  };
  for (const [name, unit] of Object.entries(floods)) {
    const bytes = Buffer.concat(
      Array.from({ length: Math.ceil((4 * 1024 * 1024) / unit.length) }, () => unit),
    );
    const decoder = new FrameDecoder(() => {});
    const start = process.cpuUsage();
    for (let at = 0; at < bytes.length; at += 65_536) decoder.push(bytes.subarray(at, at + 65_536));
    const costMs = process.cpuUsage(start).user / 1_000;
    assert.ok(costMs < 3_000, `4 MiB of ${name} cost ${costMs.toFixed()} ms`);
  }
});
