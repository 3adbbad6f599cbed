/** Lines that go out and come back, over whatever carries them: how long each takes, and how many in a second. */
import type { Duplex } from 'node:stream';

export interface RoundTrips {
  /** Asked before, and not counted. */
  readonly warmUp: number;
  readonly count: number;
  /** So many are under way at any time. */
  readonly outstanding: number;
  /** At least so long after one another, for what answers only so many in a second. */
  readonly everyMs?: number;
  /** Counted from 1. */
  readonly line: (number: number) => string;
  /** Whether a line answers the question of that number; all others are passed over. */
  readonly isAnswer: (line: string, number: number) => boolean;
}

export interface RoundTripTimes {
  readonly timesMs: readonly number[];
  readonly perSecond: number;
}

/** What a guest's program asks its host; also the line that a raw echo carries, so that both have the same length. */
export const ping = {
  line: (number: number): string =>
    `{"type":"request","id":"bench-${process.pid}-${number}","service":"host","text":"ping","deadlineMs":20000}`,
  isEcho: (line: string, number: number): boolean => line === ping.line(number),
  isReply: (line: string, number: number): boolean =>
    line.includes('"type":"reply"') && line.includes(`"id":"bench-${process.pid}-${number}"`),
};

const PATIENCE_MS = 60_000;

/** The stream belongs to it meanwhile. */
export async function roundTrips(
  stream: Duplex,
  { warmUp, count, outstanding, everyMs, line, isAnswer }: RoundTrips,
): Promise<RoundTripTimes> {
  const askedAtMs: number[] = [];
  const timesMs: number[] = [];
  let rest = '';
  const ask = () => {
    askedAtMs.push(performance.now());
    stream.write(`${line(askedAtMs.length)}\n`);
  };
  const askNext = () => {
    if (everyMs === undefined) ask();
    else setTimeout(ask, Math.max(0, everyMs - (performance.now() - (askedAtMs.at(-1) ?? 0))));
  };
  const all = warmUp + count;
  let startMs = performance.now();
  await new Promise<void>((resolve, reject) => {
    const finish = (fault?: string) => {
      clearTimeout(limit);
      stream.off('data', take).off('close', onClose);
      if (fault === undefined) resolve();
      else reject(new Error(`${fault} after ${timesMs.length} of ${all} answers; the rest is ${rest}`));
    };
    const limit = setTimeout(() => finish('nothing more came'), PATIENCE_MS);
    const onClose = () => finish('the connection ended');
    const take = (chunk: Buffer) => {
      const lines = (rest + chunk.toString('latin1')).split('\n');
      rest = lines.pop() ?? '';
      for (const one of lines) {
        if (!isAnswer(one, timesMs.length + 1)) continue;
        timesMs.push(performance.now() - (askedAtMs[timesMs.length] ?? Number.NaN));
        if (timesMs.length === warmUp) startMs = performance.now();
        if (timesMs.length === all) finish();
        else if (askedAtMs.length < all) askNext();
      }
    };
    stream.on('data', take).on('close', onClose);
    for (let number = 0; number < Math.min(outstanding, all); number++) ask();
  });
  return { timesMs: timesMs.slice(warmUp), perSecond: (count / (performance.now() - startMs)) * 1000 };
}
