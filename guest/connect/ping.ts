/** `vm-connect ping`: how long a request to the host and its answer take. */
import { ask } from '../../shared/protocol/local-client.ts';
import type { Common } from './command-line.ts';
import { answerOf, EXIT } from './failure.ts';

const INTERVAL_MS = 200;

export async function ping(
  { socketPath, timeoutMs, count, isJson }: Common & { readonly count: number },
  out: (text: string) => void,
): Promise<number> {
  const timesMs: number[] = [];
  for (let number = 1; number <= count; number++) {
    if (number > 1) await pause(INTERVAL_MS);
    const startedMs = performance.now();
    const asked = await ask({
      socketPath,
      service: 'host',
      text: 'ping',
      deadlineMs: timeoutMs,
      impatient: true,
    });
    answerOf(asked, 'the host');
    const timeMs = performance.now() - startedMs;
    timesMs.push(timeMs);
    if (!isJson) out(`pong ${number}: ${inWords(timeMs)} ms\n`);
  }
  const summary = summaryOf(timesMs);
  if (isJson) out(`${JSON.stringify({ ...summary, timesMs: timesMs.map(rounded) })}\n`);
  else {
    const { minMs, averageMs, maxMs } = summary;
    out(
      `${count} answered, min ${inWords(minMs)}, average ${inWords(averageMs)}, max ${inWords(maxMs)} ms\n`,
    );
  }
  return EXIT.ok;
}

const pause = (delayMs: number) => new Promise((resolve) => setTimeout(resolve, delayMs));

const summaryOf = (timesMs: readonly number[]) => ({
  answered: timesMs.length,
  minMs: rounded(Math.min(...timesMs)),
  averageMs: rounded(timesMs.reduce((sum, timeMs) => sum + timeMs, 0) / timesMs.length),
  maxMs: rounded(Math.max(...timesMs)),
});

const rounded = (ms: number) => Math.round(ms * 1_000) / 1_000;

const inWords = (ms: number) => ms.toFixed(ms < 10 ? 2 : 1);
