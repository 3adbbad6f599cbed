/** Waiting with a deadline: polls closely, and says what did not come and what the logs last said. */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { PmError } from '../../shared/errors.ts';

export interface WaitOptions {
  readonly pollMs?: number;
  /** Files whose last lines belong into the error. */
  readonly logs?: readonly string[];
  /** What was seen instead, for the error. */
  readonly seen?: () => string;
}

/** Resolves with the first result of `probe` that is neither false nor undefined. */
export async function waitFor<T>(
  what: string,
  deadlineMs: number,
  probe: () => T | false | undefined | Promise<T | false | undefined>,
  options: WaitOptions = {},
): Promise<T> {
  const startedMs = performance.now();
  for (;;) {
    const result = await probe();
    if (result !== false && result !== undefined) return result;
    if (performance.now() - startedMs > deadlineMs) throw waitError(what, deadlineMs, options);
    await sleep(options.pollMs ?? 10);
  }
}

function waitError(what: string, deadlineMs: number, { logs = [], seen }: WaitOptions): PmError {
  const tails = logs.map((path) => `\n--- the end of ${path}\n${lastLines(path)}`).join('');
  const sight = seen === undefined ? '' : ` (seen: ${seen().trim()})`;
  return new PmError({
    code: 'environment',
    what: `lab: waited for this: ${what}`,
    fault: `it did not come within ${deadlineMs / 1000} s${sight}`,
    remedy: `see the logs (npm run lab -- logs)${tails}`,
  });
}

const TAIL_BYTES = 4_000;
const TAIL_LINES = 15;

/** The last lines of a log; the reason in its place when it can't be read. */
export function lastLines(path: string, count = TAIL_LINES): string {
  try {
    const file = openSync(path, 'r');
    try {
      const { size } = fstatSync(file);
      const buffer = Buffer.alloc(Math.min(size, Math.max(TAIL_BYTES, count * 200)));
      readSync(file, buffer, 0, buffer.length, size - buffer.length);
      return buffer.toString('utf8').trimEnd().split('\n').slice(-count).join('\n');
    } finally {
      closeSync(file);
    }
  } catch (thrown) {
    return `(${thrown instanceof Error ? thrown.message : String(thrown)})`;
  }
}
