/**
 * One laboratory for all tests: whoever brings it up takes it down. A test runner brings it up before the first file,
 * a file that is run by itself finds one that stands or brings up its own, and every test leaves it as it came up.
 *
 *   labTest('a guest migrates', async (lab) => { … });
 *
 * What a test changes in clusters, guests and networks is put back when it has ended; processes and files that it left,
 * when it has failed, and when its file has ended.
 *
 * A laboratory that can't be made is a failure of every test, loud and at once. Only LAB=off skips them, by name.
 *
 * A test that is not done by its limit has failed, and can do nothing more to the laboratory, which is made anew: what
 * hangs in one test is never there in the next.
 */
import { after, type TestContext, test } from 'node:test';
import { messageOf } from '../../shared/errors.ts';
import { type Laboratory, laboratory } from './lab.ts';
import { seconds } from './report.ts';

const OFF = process.env['LAB'] === 'off' ? 'LAB=off: no laboratory is wanted' : false;
const TEST_LIMIT_MS = 300_000;
/** What bringing the laboratory up and putting it back may take beside the test, all of which have deadlines too. */
const AROUND_MS = 900_000;

const lab = laboratory();
let isOurs: boolean | undefined;

export interface LabTestOptions {
  readonly limitMs?: number;
}

/** A test on the shared laboratory. */
export function labTest(
  name: string,
  body: (lab: Laboratory, t: TestContext) => Promise<void>,
  { limitMs = TEST_LIMIT_MS }: LabTestOptions = {},
): void {
  void test(name, { skip: OFF, timeout: limitMs + AROUND_MS }, async (t) => {
    await ensureUp();
    try {
      await withinLimit(limitMs, (lent) => body(lent, t));
    } catch (thrown) {
      await putBack(thrown).catch((second: unknown) => t.diagnostic(`and afterwards: ${messageOf(second)}`));
      throw thrown;
    }
    await putBack();
  });
}

/** A test that makes laboratories of its own, or needs root for other reasons. */
export function ownLabTest(
  name: string,
  body: (t: TestContext) => Promise<void>,
  { limitMs = TEST_LIMIT_MS }: LabTestOptions = {},
): void {
  void test(name, { skip: OFF, timeout: limitMs }, body);
}

class OverLimit extends Error {}

/** Lends the laboratory to a test until its limit; whoever uses it later gets an error in place of the laboratory. */
export async function withinLimit(limitMs: number, body: (lent: Laboratory) => Promise<void>): Promise<void> {
  const startedMs = performance.now();
  const overLimit = () =>
    new OverLimit(
      `the test was given up: it was not done within ${limitMs / 1000} s (${seconds(startedMs)} by now); ` +
        'see where it waits, or give it a larger limitMs',
    );
  let isOver = false;
  const lent = new Proxy(lab, {
    get(target, member) {
      if (isOver) throw overLimit();
      return Reflect.get(target, member);
    },
  });
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      isOver = true;
      reject(overLimit());
    }, limitMs);
  });
  try {
    await Promise.race([body(lent), limit]);
  } finally {
    clearTimeout(timer);
  }
}

async function ensureUp(): Promise<void> {
  isOurs ??= !lab.isUp();
  await lab.up();
}

/**
 * A laboratory that can't be put back, or in which something of the last test may still run, is taken down and made
 * anew, so that one bad test does not fail the next.
 */
async function putBack(failure?: unknown): Promise<void> {
  if (failure instanceof OverLimit) return lab.down();
  try {
    await lab.reset({ isWhole: failure !== undefined });
  } catch (thrown) {
    await lab.down();
    throw thrown;
  }
}

after(async () => {
  if (isOurs === true) await lab.down();
  else if (isOurs === false && lab.isUp()) await lab.reset();
});
