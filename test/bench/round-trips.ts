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
  readonly question: Question;
}

export interface Question {
  /** Counted from 1. */
  readonly line: (number: number) => string;
  /** Whether a line answers the question of that number; all others are passed over. */
  readonly isAnswer: (line: string, number: number) => boolean;
}

export interface RoundTripTimes {
  readonly timesMs: readonly number[];
  readonly perSecond: number;
}

/** A guest may ask 500 times a second; a way of one question at a time stays below, whoever answers. */
export const ASKED_EVERY_MS = 2.5;

const echoed = (line: Question['line']): Question => ({
  line,
  isAnswer: (answer, number) => answer === line(number),
});
const request = (number: number): string =>
  `{"type":"request","id":"bench-${process.pid}-${number}","service":"host","text":"ping","deadlineMs":20000}`;
const hostsPing = (number: number): string => `{"type":"ping","nonce":${number}}`;

export const QUESTIONS = {
  /** What a guest's program asks its host (an error has no text), and a raw echo of a line of the same length. */
  request: {
    line: request,
    isAnswer: (line, number) =>
      line.includes('"type":"reply"') &&
      line.includes(`"id":"bench-${process.pid}-${number}"`) &&
      line.includes('"text":'),
  },
  requestEchoed: echoed(request),
  /** What a host asks an agent. */
  hostsPing: {
    line: hostsPing,
    isAnswer: (line, number) => line === `{"type":"pong","nonce":${number}}`,
  },
  hostsPingEchoed: echoed(hostsPing),
  /** What QEMU's agent is asked. */
  guestPing: {
    line: () => '{"execute":"guest-ping"}',
    isAnswer: (line) => line === '{"return": {}}',
  },
} as const satisfies Readonly<Record<string, Question>>;

const SILENCE_MS = 60_000;

/** The stream belongs to it meanwhile; of its errors it hears by its end. */
export async function roundTrips(
  stream: Duplex,
  { warmUp, count, outstanding, everyMs, question: { line, isAnswer } }: RoundTrips,
): Promise<RoundTripTimes> {
  const askedAtMs: number[] = [];
  const timesMs: number[] = [];
  let rest = '';
  let pause: NodeJS.Timeout | undefined;
  const ask = () => {
    askedAtMs.push(performance.now());
    stream.write(`${line(askedAtMs.length)}\n`);
  };
  const askNext = () => {
    if (everyMs === undefined) ask();
    else pause = setTimeout(ask, Math.max(0, everyMs - (performance.now() - (askedAtMs.at(-1) ?? 0))));
  };
  const all = warmUp + count;
  let startMs = performance.now();
  await new Promise<void>((resolve, reject) => {
    const finish = (fault?: string) => {
      clearTimeout(silence);
      clearTimeout(pause);
      stream.off('data', take).off('close', onClose);
      if (fault === undefined) resolve();
      else reject(new Error(`${fault} after ${timesMs.length} of ${all} answers; the rest is ${rest}`));
    };
    const silence = setTimeout(() => finish('nothing more came'), SILENCE_MS);
    const onClose = () => finish('the connection ended');
    const take = (chunk: Buffer) => {
      const lines = (rest + chunk.toString('latin1')).split('\n');
      rest = lines.pop() ?? '';
      for (const one of lines) {
        if (!isAnswer(one, timesMs.length + 1)) continue;
        silence.refresh();
        timesMs.push(performance.now() - (askedAtMs[timesMs.length] ?? Number.NaN));
        if (timesMs.length === warmUp) startMs = performance.now();
        if (timesMs.length === all) finish();
        else if (askedAtMs.length < all) askNext();
      }
    };
    stream.on('data', take).on('close', onClose);
    if (stream.destroyed) onClose();
    else for (let number = 0; number < Math.min(outstanding, all); number++) ask();
  });
  return { timesMs: timesMs.slice(warmUp), perSecond: (count / (performance.now() - startMs)) * 1000 };
}

/** What another process has found, and written as JSON. */
export function timesIn(value: unknown): RoundTripTimes {
  if (typeof value !== 'object' || value === null) throw new Error('the asker wrote no figures');
  const { timesMs, perSecond } = { timesMs: [], perSecond: Number.NaN, ...value };
  if (!Array.isArray(timesMs)) throw new Error('the asker wrote no times');
  return { timesMs: timesMs.map(Number), perSecond: Number(perSecond) };
}
