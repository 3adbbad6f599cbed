/** What comes over a connection: frames of both versions, and what breaks them. */
import { encodeMessage } from '../../../shared/protocol/encode-message.ts';
import { type Frame, FrameDecoder } from '../../../shared/protocol/frame-decoder.ts';
import { MAX_FRAME_BYTES, type Message } from '../../../shared/protocol/message.ts';
import {
  PREAMBLE,
  V1_MAX_DATA_BYTES,
  type V1Frame,
  writeV1Frame,
} from '../../../shared/protocol/v1-frame.ts';
import type { Random } from '../../support/random.ts';
import { type Family, law, lawfulWords, same } from '../family.ts';
import { JSON_WORDS, MESSAGE_BYTES, V1_FRAMES, v1Bytes } from './samples.ts';

export const frames: Family = {
  name: 'frames',
  seeds: () => [...MESSAGE_BYTES, ...V1_FRAMES.map(v1Bytes), PREAMBLE, '\n\r\n \t\n', '{"type":"'],
  words: [...JSON_WORDS, ...MESSAGE_BYTES, ...V1_FRAMES.map(v1Bytes), Buffer.alloc(80), '\u0001\0\0\0'],
  usualBytes: 600,
  longestBytes: 200_000,
  check(input, random) {
    const whole = decode([input]);
    const { found, decoder } = whole;
    same(seenBy(whole), seenBy(decode(cut(input, random))), 'cut elsewhere, it decodes to something else');
    law(decoder.counts.garbageBytes <= input.length, 'more garbage than bytes', decoder.counts);
    for (const frame of found) lawfulFrame(frame, input.length);
    isInStepAgain(whole, random);
  },
};

const seenBy = ({ found, decoder }: ReturnType<typeof decode>) => ({
  frames: found,
  counts: decoder.counts,
  isMidFrame: decoder.isMidFrame,
});

function decode(chunks: readonly Buffer[]) {
  const found: Frame[] = [];
  const decoder = new FrameDecoder((frame) => found.push(frame));
  for (const chunk of chunks) {
    decoder.push(chunk);
    law(decoder.heldBytes <= MAX_FRAME_BYTES + chunk.length, 'more is held than a frame', decoder.heldBytes);
  }
  return { found, decoder };
}

function cut(input: Buffer, random: Random): readonly Buffer[] {
  const places = [random.between(0, input.length), random.between(0, input.length)].sort((a, b) => a - b);
  return [0, ...places].map((from, index) => input.subarray(from, places[index] ?? input.length));
}

function lawfulFrame(frame: Frame, inputBytes: number): void {
  switch (frame.kind) {
    case 'message':
      lawfulMessage(frame.message, inputBytes);
      break;
    case 'v1':
      lawfulV1(frame.frame);
      break;
    case 'bad-message':
      lawfulWords(frame.fault, 'the fault of a message');
      law(frame.replyTo === undefined || frame.replyTo.id === frame.id, 'the fault names two ids', frame);
      break;
    case 'unknown-type':
      law(frame.name.length <= 1_024, 'the name of an unknown type is long', frame.name.length);
  }
}

export function lawfulMessage(message: Message, inputBytes: number): void {
  const bytes = encodeMessage(message);
  if (bytes === undefined) {
    // Bytes that were no UTF-8 take three times the room.
    law(inputBytes * 6 > MAX_FRAME_BYTES, 'a small message fits into no frame', message);
    return;
  }
  const again = decode([bytes]).found;
  same(again, [{ kind: 'message', message }], 'written and read again it is another one');
}

function lawfulV1(frame: V1Frame): void {
  law(/^[\x20-\x7e]{0,63}$/.test(frame.id), 'an id is not printable', frame.id);
  law(Buffer.byteLength(frame.text) <= 3 * V1_MAX_DATA_BYTES, 'a text is too long', frame.text.length);
  const bytes = writeV1Frame(frame);
  if (bytes !== undefined)
    same(decode([bytes]).found, [{ kind: 'v1', frame }], 'a frame of version 1 changes');
}

/** Whatever came, the next frame behind the end of a line is understood; so it is when the rest was given up. */
function isInStepAgain({ found, decoder }: ReturnType<typeof decode>, random: Random): void {
  if (random.next() < 0.5) decoder.abandon();
  const nonce = random.between(0, 1_000_000);
  decoder.push(Buffer.from(`\n{"type":"ping","nonce":${nonce}}\n`));
  const last = found.at(-1);
  law(last?.kind === 'message', 'the next frame is not understood', last);
  same(last.message, { type: 'ping', nonce }, 'the next frame is taken for another one');
}
