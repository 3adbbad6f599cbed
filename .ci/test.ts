/**
 * Runs the tests: first those that need nothing but Node, side by side, then the laboratory's, one file after the
 * other on one laboratory. Ends with the line `N passed, N failed`.
 *
 *   node --import tsx .ci/test.ts all|unit|lab [FILE…]
 */
import { readdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';
import { messageOf } from '../shared/errors.ts';
import { laboratory } from '../test/lab/lab.ts';
import { ensurePackages } from '../test/lab/packages.ts';
import { reportToStderr } from '../test/lab/report.ts';

const FILE_LIMIT_MS = 25 * 60_000;

interface Tally {
  passed: number;
  failed: number;
  skipped: number;
}

const tally: Tally = { passed: 0, failed: 0, skipped: 0 };
const [what = 'all', ...chosen] = process.argv.slice(2);

if (!['all', 'unit', 'lab'].includes(what)) {
  console.error(`test: ${what} is no kind of test; say all, unit or lab`);
  process.exit(1);
}
const withoutLab = process.env['LAB'] === 'off';
if (!withoutLab) await ensurePackages(reportToStderr);
const isLabTest = (file: string) => file.startsWith('test/lab/');
const files = chosen.length > 0 ? chosen : testFiles();
const unitTests = files.filter((file) => !isLabTest(file));
if (what !== 'lab') await runFiles(unitTests, Math.max(2, availableParallelism()));
if (what !== 'unit') await runLab(files.filter(isLabTest));
if (tally.passed + tally.failed === 0) {
  console.error('test: not one test was run');
  tally.failed++;
}
const skipped = tally.skipped > 0 ? `, ${tally.skipped} skipped` : '';
console.log(`\n${tally.passed} passed, ${tally.failed} failed${skipped}`);
process.exitCode = tally.failed > 0 ? 1 : 0;

function testFiles(): string[] {
  return readdirSync('test', { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.test.ts'))
    .map((name) => `test/${name}`)
    .sort();
}

async function runFiles(some: readonly string[], sideBySide: number): Promise<void> {
  if (some.length === 0) return;
  const stream = run({ files: [...some], concurrency: sideBySide, timeout: FILE_LIMIT_MS });
  stream.on('test:pass', (event) => {
    if (event.details.type === 'suite') return;
    if (event.skip !== undefined) tally.skipped++;
    else tally.passed++;
  });
  stream.on('test:fail', (event) => {
    if (event.details.type !== 'suite') tally.failed++;
  });
  for await (const text of stream.compose(new spec())) process.stdout.write(String(text));
}

async function runLab(some: readonly string[]): Promise<void> {
  if (some.length === 0) return;
  if (withoutLab) {
    await runFiles(some, 1);
    return;
  }
  const lab = laboratory();
  const wasUp = lab.isUp();
  try {
    await lab.up();
    await runFiles(some, 1);
  } catch (thrown) {
    // No laboratory is a failure of what it was to show, never a reason to pass without it.
    console.error(`test: the laboratory failed: ${messageOf(thrown)}`);
    tally.failed++;
  } finally {
    if (!wasUp) await lab.down();
  }
}
