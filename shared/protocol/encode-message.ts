/** Messages to bytes: the one place where frames of version 2 are written. */
import { type Answer, MAX_FRAME_BYTES, type Message } from './message.ts';

/** Ends whatever half a frame lies on a connection whose past we don't know. */
export const LINE_END: Buffer = Buffer.from('\n');

/** Undefined when the message does not fit into a frame. */
export function encodeMessage(message: Message): Buffer | undefined {
  const bytes = Buffer.from(`${JSON.stringify(message)}\n`, 'utf8');
  return bytes.length > MAX_FRAME_BYTES ? undefined : bytes;
}

/** What takes the place of an answer that fits into no frame, for an asker is never left without one. */
export const tooLongAnswer = (remedy = 'ask for less'): Answer => ({
  error: { code: 'refused', message: `the answer is longer than a frame; ${remedy}`, retry: false },
});
