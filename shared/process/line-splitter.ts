/**
 * Cuts a stream of bytes into lines. However the bytes are chunked, the lines are the same; what has no newline
 * behind it is no line, so a stream that breaks off never yields half of one.
 */
import { boundedBuffer } from './bounded-buffer.ts';

const NEWLINE = 0x0a;

export interface LineSplitter {
  /** False when a line is longer than the limit; the stream is then of no more use. */
  add(chunk: Uint8Array): boolean;
}

export function lineSplitter(maxLineBytes: number, onLine: (line: string) => void): LineSplitter {
  const rest = boundedBuffer(maxLineBytes);
  return {
    add(chunk) {
      let start = 0;
      for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, start)) {
        if (!rest.add(chunk.subarray(start, end))) return false;
        const line = rest.text();
        rest.clear();
        start = end + 1;
        onLine(line);
      }
      return rest.add(chunk.subarray(start));
    },
  };
}
