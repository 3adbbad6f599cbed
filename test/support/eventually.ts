/** Waits for what another process does in its own time. */
import { setTimeout as sleep } from 'node:timers/promises';

const LIMIT_MS = 20_000;

/** Resolves with the first value of `look` that is neither undefined nor false. */
export async function eventually<T>(
  what: string,
  look: () => T | undefined | false | Promise<T | undefined | false>,
): Promise<T> {
  const startMs = performance.now();
  for (;;) {
    const found = await look();
    if (found !== undefined && found !== false) return found;
    if (performance.now() - startMs > LIMIT_MS) throw new Error(`not within ${LIMIT_MS} ms: ${what}`);
    await sleep(10);
  }
}
