/** Lines that go out and come back, over whatever carries them: how long each takes, and how many in a second. */
import type { Duplex } from 'node:stream';

export interface RoundTrips {
  readonly count: number;
  /** So many are under way at any time. */
  readonly outstanding: number;
  readonly line: (number: number) => string;
  /** Of the lines that come, those that answer; in the order in which was asked. */
  readonly isAnswer?: (line: string) => boolean;
}

export interface RoundTripTimes {
  readonly timesMs: readonly number[];
  readonly perSecond: number;
}

/** What a guest's program asks its host; also the line that a raw echo carries, so that both have the same length. */
export const pingLine = (number: number): string =>
  `{"type":"request","id":"bench-${process.pid}-${number}","service":"host","text":"ping","deadlineMs":20000}`;

export const isReply = (line: string): boolean => line.includes('"type":"reply"');

const PATIENCE_MS = 60_000;

/** The stream belongs to it meanwhile. */
export async function roundTrips(
  stream: Duplex,
  { count, outstanding, line, isAnswer = () => true }: RoundTrips,
): Promise<RoundTripTimes> {
  const askedAtMs: number[] = [];
  const timesMs: number[] = [];
  let rest = '';
  const ask = () => {
    askedAtMs.push(performance.now());
    stream.write(`${line(askedAtMs.length)}\n`);
  };
  const startMs = performance.now();
  await new Promise<void>((resolve, reject) => {
    const finish = (fault?: string) => {
      clearTimeout(limit);
      stream.off('data', take).off('close', onClose);
      if (fault === undefined) resolve();
      else reject(new Error(`${fault} after ${timesMs.length} of ${count} answers; the rest is ${rest}`));
    };
    const limit = setTimeout(() => finish('nothing more came'), PATIENCE_MS);
    const onClose = () => finish('the connection ended');
    const take = (chunk: Buffer) => {
      const lines = (rest + chunk.toString('latin1')).split('\n');
      rest = lines.pop() ?? '';
      for (const one of lines) {
        if (one === '' || !isAnswer(one)) continue;
        timesMs.push(performance.now() - (askedAtMs[timesMs.length] ?? Number.NaN));
        if (timesMs.length === count) finish();
        else if (askedAtMs.length < count) ask();
      }
    };
    stream.on('data', take).on('close', onClose);
    for (let number = 0; number < Math.min(outstanding, count); number++) ask();
  });
  return { timesMs, perSecond: (count / (performance.now() - startMs)) * 1000 };
}
