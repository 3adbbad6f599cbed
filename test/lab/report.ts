/** Says what the laboratory does while it takes time, on standard error. */

export type Report = (line: string) => void;

export const reportToStderr: Report = (line) => console.error(`lab: ${line}`);

/** A step that has a beginning, an end and a duration. */
export async function step<T>(report: Report, what: string, action: () => Promise<T>): Promise<T> {
  const startedMs = performance.now();
  report(`${what} …`);
  try {
    const result = await action();
    report(`${what} … ${seconds(startedMs)}`);
    return result;
  } catch (thrown) {
    report(`${what} … failed after ${seconds(startedMs)}`);
    throw thrown;
  }
}

export const seconds = (sinceMs: number) => `${((performance.now() - sinceMs) / 1000).toFixed(1)} s`;
