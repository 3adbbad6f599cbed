/** What may come over a connection: valid messages and frames of both versions, and the ways in which they break. */
import fc from 'fast-check';
import { encodeMessage } from '../../../shared/protocol/encode-message.ts';
import { type Frame, FrameDecoder } from '../../../shared/protocol/frame-decoder.ts';
import { type Json, MAX_FRAME_BYTES, type Message } from '../../../shared/protocol/message.ts';
import { type V1Frame, type V1Type, writeV1Frame } from '../../../shared/protocol/v1-frame.ts';

export interface Decoded {
  readonly frames: readonly Frame[];
  readonly garbageBytes: number;
  readonly garbageRuns: number;
}

export function decode(chunks: Iterable<Buffer>): Decoded {
  const frames: Frame[] = [];
  const decoder = new FrameDecoder((frame) => frames.push(frame));
  for (const chunk of chunks) decoder.push(chunk);
  const { garbageBytes, garbageRuns } = decoder.counts;
  return { frames, garbageBytes, garbageRuns };
}

export function* byteByByte(bytes: Buffer): Generator<Buffer> {
  for (let at = 0; at < bytes.length; at++) yield bytes.subarray(at, at + 1);
}

/** The bytes cut at the given places, in any order and number. */
export function cutAt(bytes: Buffer, places: readonly number[]): Buffer[] {
  const ends = [...new Set(places.map((place) => place % (bytes.length + 1)))].sort((a, b) => a - b);
  return [...ends, bytes.length].map((end, index) => bytes.subarray(ends[index - 1] ?? 0, end));
}

export function encoded(message: Message): Buffer {
  const bytes = encodeMessage(message);
  if (bytes === undefined) throw new Error('the message is longer than a frame');
  return bytes;
}

export function encodedV1(frame: V1Frame, guest = 0): Buffer {
  const bytes = writeV1Frame(frame, guest);
  if (bytes === undefined) throw new Error('the frame is too long for version 1');
  return bytes;
}

const ID_CHARACTERS = 'ABCXYZabcxyz0189._:-';
export const anyId = fc.string({ unit: fc.constantFrom(...ID_CHARACTERS), minLength: 1, maxLength: 63 });
const anyService = fc.string({ unit: fc.constantFrom(...'abcz09-'), minLength: 1, maxLength: 32 });
const anyText = fc.string({ unit: 'grapheme', maxLength: 60 });
const anyWords = fc.string({ maxLength: 40 });
const anyDeadline = fc.integer({ min: 1, max: 3_600_000 });

/** JSON as it comes back from JSON: no -0, and `__proto__` as a member like any other. */
export const anyJson: fc.Arbitrary<Json> = fc
  .json({ maxDepth: 4 })
  .map((text): Json => JSON.parse(JSON.stringify(JSON.parse(text))));

const anyAnswer = fc.oneof(
  fc.record({ text: anyText, detail: anyJson }, { requiredKeys: ['text'] }),
  fc.record({ error: fc.record({ code: anyWords, message: anyWords, retry: fc.boolean() }) }),
);

const members: fc.Arbitrary<Message> = fc.oneof(
  fc.record(
    {
      type: fc.constant('hello' as const),
      version: fc.integer({ min: 1, max: 1_000_000 }),
      agent: anyWords,
      session: anyWords,
      boot: anyWords,
      name: anyWords,
      host: anyWords,
      guest: anyWords,
      services: fc.array(anyService, { maxLength: 8 }),
      role: fc.constantFrom('guest' as const, 'host' as const),
    },
    { requiredKeys: ['type', 'version', 'agent', 'session'] },
  ),
  fc.record(
    {
      type: fc.constant('request' as const),
      id: anyId,
      service: anyService,
      text: anyText,
      detail: anyJson,
      deadlineMs: anyDeadline,
      reply: fc.boolean(),
      impatient: fc.boolean(),
      guest: anyWords,
      protocol: fc.constantFrom(1 as const, 2 as const),
    },
    { requiredKeys: ['type', 'id', 'service', 'text', 'deadlineMs'] },
  ),
  fc.tuple(anyId, anyAnswer, fc.option(anyWords)).map(([id, answer, guest]) => ({
    type: 'reply' as const,
    id,
    ...answer,
    ...(guest === null ? {} : { guest }),
  })),
  fc.record(
    { type: fc.constant('cancel' as const), id: anyId, guest: anyWords },
    { requiredKeys: ['type', 'id'] },
  ),
  fc.record({ type: fc.constant('services' as const), services: fc.array(anyService, { maxLength: 8 }) }),
  fc.record({ type: fc.constantFrom('ping' as const, 'pong' as const), nonce: fc.maxSafeNat() }),
  fc.record({ type: fc.constantFrom('register' as const, 'registered' as const), service: anyService }),
  fc.record({ type: fc.constant('error' as const), code: anyWords, message: anyWords }),
);

/** Copied, because fast-check likes objects without a prototype and JSON does not. */
export const anyMessage: fc.Arbitrary<Message> = members.map((message) => structuredClone(message));

const PRINTABLE = Array.from({ length: 0x7f - 0x20 }, (_, index) => String.fromCharCode(0x20 + index));
const anyV1Type: fc.Arbitrary<V1Type> = fc.constantFrom(0, 1, 2, 3);
const anyV1Text = fc.string({ unit: fc.constantFrom(...PRINTABLE, '\n', 'é'), maxLength: 80 });

/** With an id, as guests send it. */
export const anyV1Frame: fc.Arbitrary<V1Frame> = fc
  .record({
    type: anyV1Type,
    id: fc.string({ unit: fc.constantFrom(...PRINTABLE), minLength: 1, maxLength: 63 }),
    client: fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
    text: anyV1Text.filter((text) => !text.includes('\n{')),
  })
  .map((frame) => ({ ...frame }));

export const anyGarbage = fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes));

const v2Bytes = anyMessage.map(encoded);
const v1Bytes = anyV1Frame.map((frame) => encodedV1(frame));
const cut = (whole: fc.Arbitrary<Buffer>) =>
  fc.tuple(whole, fc.double({ min: 0, max: 1, noNaN: true })).map(([bytes, share]) => {
    return bytes.subarray(0, Math.floor(bytes.length * share));
  });
const oversized = fc
  .tuple(fc.constantFrom('{"type":"', 'x', '\u0001'), fc.integer({ min: -2, max: 300 }), fc.boolean())
  .map(([start, beyond, ends]) =>
    Buffer.from(start.padEnd(MAX_FRAME_BYTES + beyond, 'y') + (ends ? '\n' : '')),
  );

/** Any piece of a stream, whole or broken. */
export const anyPiece: fc.Arbitrary<Buffer> = fc.oneof(
  { weight: 5, arbitrary: v2Bytes },
  { weight: 5, arbitrary: v1Bytes },
  { weight: 3, arbitrary: cut(v2Bytes) },
  { weight: 3, arbitrary: cut(v1Bytes) },
  { weight: 3, arbitrary: anyGarbage },
  { weight: 2, arbitrary: fc.constantFrom('\n', '\r\n', ' \n', '\t\n\n').map((text) => Buffer.from(text)) },
  { weight: 1, arbitrary: fc.constantFrom(0, 1, 3, 31).map((byte) => Buffer.alloc(100, byte)) },
  { weight: 1, arbitrary: oversized },
);
