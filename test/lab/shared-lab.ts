/**
 * One laboratory for all tests: whoever brings it up takes it down. A test runner brings it up before the first file,
 * a file that is run by itself finds one that stands or brings up its own, and every test leaves it as it came up.
 *
 *   labTest('a guest migrates', async (lab) => { … });
 *
 * A laboratory that can't be made is a failure of every test, loud and at once. Only LAB=off skips them, by name.
 */
import { after, type TestContext, test } from 'node:test';
import { messageOf } from '../../shared/errors.ts';
import { type Laboratory, laboratory } from './lab.ts';

const OFF = process.env['LAB'] === 'off' ? 'LAB=off: no laboratory is wanted' : false;
const TEST_LIMIT_MS = 300_000;

const lab = laboratory();
let ours = false;

export interface LabTestOptions {
  readonly limitMs?: number;
}

/** A test on the shared laboratory. */
export function labTest(
  name: string,
  body: (lab: Laboratory, t: TestContext) => Promise<void>,
  { limitMs = TEST_LIMIT_MS }: LabTestOptions = {},
): void {
  void test(name, { skip: OFF, timeout: limitMs }, async (t) => {
    await ensureUp();
    try {
      await body(lab, t);
    } catch (thrown) {
      await putBack().catch((second: unknown) => t.diagnostic(`and afterwards: ${messageOf(second)}`));
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

async function ensureUp(): Promise<void> {
  if (lab.isUp()) return;
  ours = true;
  await lab.up();
}

/** A laboratory that can't be put back is made anew, so that one bad test does not fail the next. */
async function putBack(): Promise<void> {
  try {
    await lab.reset();
  } catch (thrown) {
    await lab.down();
    throw thrown;
  }
}

after(async () => {
  if (ours) await lab.down();
});
