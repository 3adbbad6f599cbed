/** Version 1 byte for byte: the bytes here are written by hand from the layout, not by our own writer. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Frame } from '../../../shared/protocol/frame-decoder.ts';
import { PREAMBLE, type V1Frame, writeV1Frame } from '../../../shared/protocol/v1-frame.ts';
import { byteByByte, cutAt, decode } from './frames.ts';

const hex = (...words: string[]) => Buffer.from(words.join('').replaceAll(' ', ''), 'hex');
const NUL_BYTES = (count: number) => '00'.repeat(count);

/** A stonith request: id `fence-7`, client 9, `off TOKEN`. */
const STONITH = hex(
  '01000000', // type 1, little-endian
  '66656e63652d37', // "fence-7"
  NUL_BYTES(57), // the id is 64 bytes
  '09000000', // client 9
  '00000000', // guest: 0 from a guest
  '09000000', // 9 bytes follow
  '6f666620 544f4b454e', // "off TOKEN"
);
const STONITH_FRAME: V1Frame = { type: 1, id: 'fence-7', client: 9, text: 'off TOKEN' };

/** A monitor request: id `m`, client -2, `default_ping_set`. */
const MONITOR = hex(
  '00000000',
  '6d',
  NUL_BYTES(63),
  'feffffff',
  '00000000',
  '10000000',
  '64656661756c745f 70696e675f736574',
);
const MONITOR_FRAME: V1Frame = { type: 0, id: 'm', client: -2, text: 'default_ping_set' };

const v1 = (frame: V1Frame): Frame => ({ kind: 'v1', frame });
const GOOD = { garbageBytes: 0, garbageRuns: 0 };
/** STONITH with some bytes written over. */
const changed = (at: number, bytes: string, of = STONITH) => {
  const copy = Buffer.from(of);
  copy.write(bytes, at, 'hex');
  return copy;
};

test('a request is read as the layout says', () => {
  assert.equal(STONITH.length, 80 + 9);
  assert.deepEqual(decode([STONITH]), { frames: [v1(STONITH_FRAME)], ...GOOD });
  assert.deepEqual(decode([MONITOR]), { frames: [v1(MONITOR_FRAME)], ...GOOD });
});

test('a frame is written byte for byte as the layout says', () => {
  assert.deepEqual(writeV1Frame(STONITH_FRAME), STONITH);
  assert.deepEqual(writeV1Frame(MONITOR_FRAME), MONITOR);
});

test('the preamble is a bare header of type 2', () => {
  assert.deepEqual(PREAMBLE, hex('02000000', NUL_BYTES(76)));
  assert.deepEqual(decode([PREAMBLE]).frames, [v1({ type: 2, id: '', client: 0, text: '' })]);
});

test('a service that is away is told by a bare header of type 3 with the id and client of the request', () => {
  const bytes = writeV1Frame({ type: 3, id: 'fence-7', client: 9, text: '' });
  assert.deepEqual(
    bytes,
    hex('03000000', '66656e63652d37', NUL_BYTES(57), '09000000', '00000000', '00000000'),
  );
});

test('a header may be split over reads at every place, and come byte by byte', () => {
  for (let at = 0; at <= STONITH.length; at++) {
    assert.deepEqual(decode(cutAt(STONITH, [at])).frames, [v1(STONITH_FRAME)], `split at ${at}`);
  }
  assert.deepEqual(decode(byteByByte(STONITH)), { frames: [v1(STONITH_FRAME)], ...GOOD });
});

test('two messages in one read are two, wherever the pair is split', () => {
  const pair = Buffer.concat([STONITH, MONITOR]);
  for (let at = 0; at <= pair.length; at++) {
    assert.deepEqual(decode(cutAt(pair, [at])), { frames: [v1(STONITH_FRAME), v1(MONITOR_FRAME)], ...GOOD });
  }
});

test('a forged guest field changes nothing', () => {
  for (const forged of ['01000000', 'ffffffff', '00000080', '7b0a0302']) {
    assert.deepEqual(decode([changed(72, forged)]), { frames: [v1(STONITH_FRAME)], ...GOOD });
  }
});

test('an id has up to 63 characters; 64 leave no NUL and are none', () => {
  const longest = '69'.repeat(63);
  const { frames } = decode([changed(4, longest)]);
  assert.deepEqual(frames, [v1({ ...STONITH_FRAME, id: 'i'.repeat(63) })]);
  const { frames: none, garbageBytes } = decode([changed(4, `${longest}69`), Buffer.from('\n')]);
  assert.deepEqual(none, []);
  assert.equal(garbageBytes, STONITH.length + 1);
});

test('an id with control characters, bytes beyond ASCII or text after its end is none', () => {
  for (const [at, byte] of [
    [4, '01'],
    [5, '0a'],
    [6, '7f'],
    [7, 'c3'],
    [30, '41'],
    [67, '01'],
  ] as const) {
    assert.deepEqual(decode([changed(at, byte), Buffer.from('\n')]).frames, [], `${byte} at ${at}`);
  }
});

test('an empty id is an id', () => {
  assert.deepEqual(decode([changed(4, NUL_BYTES(7))]).frames, [v1({ ...STONITH_FRAME, id: '' })]);
});

test('up to 8,192 bytes of data are taken, and a header that announces more is none', () => {
  const header = STONITH.subarray(0, 80);
  const most = Buffer.concat([changed(76, '00200000', header), Buffer.alloc(8_192, 'd')]);
  assert.deepEqual(decode([most]).frames, [v1({ ...STONITH_FRAME, text: 'd'.repeat(8_192) })]);
  for (const datalen of ['01200000', 'ffffff7f', 'ffffffff', '00000080']) {
    const { frames } = decode([changed(76, datalen, header), Buffer.from('\n'), STONITH]);
    assert.deepEqual(frames, [v1(STONITH_FRAME)], datalen);
  }
});

test('types outside of 0 to 3 are none: negative, unknown, and known ones in big-endian', () => {
  for (const type of ['ffffffff', '04000000', '00000001', '01000001', '00010000', 'fdffffff']) {
    assert.deepEqual(
      decode([changed(0, type), Buffer.from('\n'), STONITH]).frames,
      [v1(STONITH_FRAME)],
      type,
    );
  }
});

test('data with a NUL at its end is the text before it, as programs in C send it', () => {
  const counted = Buffer.concat([changed(76, '0a', STONITH), Buffer.from([0])]);
  assert.deepEqual(decode([counted, MONITOR]).frames, [v1(STONITH_FRAME), v1(MONITOR_FRAME)]);
});

test('the two versions may follow each other on one stream in any order', () => {
  const ping = Buffer.from('{"type":"ping","nonce":1}\n');
  const frame: Frame = { kind: 'message', message: { type: 'ping', nonce: 1 } };
  const bytes = Buffer.concat([ping, STONITH, ping, ping, MONITOR, PREAMBLE, ping]);
  const { frames, garbageBytes } = decode([bytes]);
  const preamble = v1({ type: 2, id: '', client: 0, text: '' });
  assert.deepEqual(frames, [frame, v1(STONITH_FRAME), frame, frame, v1(MONITOR_FRAME), preamble, frame]);
  assert.equal(garbageBytes, 0);
});

test('half a line of version 2 is ended by a header of version 1', () => {
  const { frames, garbageRuns } = decode([Buffer.from('{"type":"reply","id":"x","te'), STONITH]);
  assert.deepEqual(frames, [v1(STONITH_FRAME)]);
  assert.equal(garbageRuns, 1);
});

test('what does not fit into version 1 is not written', () => {
  const frame = { type: 1, id: 'x', client: 0, text: 'OK' } as const;
  assert.equal(writeV1Frame({ ...frame, id: 'i'.repeat(63) })?.length, 82);
  assert.equal(writeV1Frame({ ...frame, id: 'i'.repeat(64) }), undefined);
  assert.equal(writeV1Frame({ ...frame, text: 'é'.repeat(4_096) })?.length, 80 + 8_192);
  assert.equal(writeV1Frame({ ...frame, text: 'é'.repeat(4_097) }), undefined);
});
