/**
 * Runs the tests: first those that need nothing but Node, side by side, then the laboratory's. Those run one file
 * after the other, in two laboratories at once, since clusters mostly wait: one of both levels, and one of hosts alone
 * for what needs no cluster of guests (`*.hosts.test.ts`), which costs much less. Files that are named share one
 * laboratory. Ends with the line `N passed, N failed`. Stories that take minutes each (`*.long.test.ts`) are a kind of
 * their own.
 *
 *   node --import tsx .ci/test.ts all|unit|lab|long [FILE…]
 */
import { spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { text } from 'node:stream/consumers';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';
import { messageOf } from '../shared/errors.ts';
import { laboratory } from '../test/lab/lab.ts';
import { type LabSpec, labSpec } from '../test/lab/layout.ts';
import { ensurePackages, JUDGING_PACKAGES } from '../test/lab/packages.ts';
import { reportToStderr } from '../test/lab/report.ts';

const FILE_LIMIT_MS = 25 * 60_000;
const BOTH_LEVELS = labSpec(2, 2);
const HOSTS_ALONE = labSpec(2, 0);
const SUMMARY = /\n(\d+) passed, (\d+) failed(?:, (\d+) skipped)?\n$/;

interface Tally {
  passed: number;
  failed: number;
  skipped: number;
}

const tally: Tally = { passed: 0, failed: 0, skipped: 0 };
/** What files said of their failures: repeated at the end, where whoever looks finds it. */
const failures: string[] = [];
const [what = 'all', ...chosen] = process.argv.slice(2);

if (!['all', 'unit', 'lab', 'long'].includes(what)) {
  console.error(`test: ${what} is no kind of test; say all, unit, lab or long`);
  process.exit(1);
}
const withoutLab = process.env['LAB'] === 'off';
if (!withoutLab) await providePackages();
const isLabTest = (file: string) => file.startsWith('test/lab/');
const isLong = (file: string) => file.endsWith('.long.test.ts');
const needsHostsAlone = (file: string) => file.endsWith('.hosts.test.ts');
const files = chosen.length > 0 ? chosen : testFiles().filter((file) => isLong(file) === (what === 'long'));
const unitTests = files.filter((file) => !isLabTest(file));
if (what !== 'lab') await runFiles(unitTests, availableParallelism() + 1); // many of them wait
if (what !== 'unit') await runLab(files.filter(isLabTest));
if (tally.passed + tally.failed === 0) {
  console.error('test: not one test was run');
  tally.failed++;
}
if (failures.length > 0 && chosen.length === 0)
  console.log(`\nWhat failed, once more:\n${failures.join('\n')}`);
const skipped = tally.skipped > 0 ? `, ${tally.skipped} skipped` : '';
console.log(`\n${tally.passed} passed, ${tally.failed} failed${skipped}`);
process.exitCode = tally.failed > 0 ? 1 : 0;

/** What needs them says so itself when they can't be had: most tests need none. */
async function providePackages(): Promise<void> {
  try {
    await ensurePackages(reportToStderr, what === 'long' ? JUDGING_PACKAGES : []);
  } catch (thrown) {
    console.error(`test: ${messageOf(thrown)}`);
  }
}

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
  for await (const piece of stream.compose(new spec())) {
    process.stdout.write(String(piece));
    keepFailures(String(piece));
  }
}

async function runLab(some: readonly string[]): Promise<void> {
  if (some.length === 0) return;
  if (withoutLab) return runFiles(some, 1);
  if (chosen.length > 0) return withLaboratory(undefined, BOTH_LEVELS, () => runFiles(some, 1));
  const waiting = [...some].reverse(); // the longest stories come last by name; begun last they would end alone
  const { name } = laboratory();
  const [one, other] = [`${name}-1`, `${name}-2`];
  await Promise.all([
    runWaiting(waiting, one, BOTH_LEVELS, (file) => !needsHostsAlone(file)).then(() =>
      runWaiting(waiting, one, HOSTS_ALONE, needsHostsAlone),
    ),
    runWaiting(waiting, other, HOSTS_ALONE, needsHostsAlone).then(() =>
      runWaiting(waiting, other, BOTH_LEVELS, (file) => !needsHostsAlone(file)),
    ),
  ]);
}

/** Takes from the list what the laboratory of this making is for, until nothing of that waits. */
async function runWaiting(
  waiting: string[],
  laboratoryName: string,
  spec: LabSpec,
  isMeant: (file: string) => boolean,
): Promise<void> {
  if (!waiting.some(isMeant)) return;
  await withLaboratory(laboratoryName, spec, async () => {
    for (let next = waiting.findIndex(isMeant); next >= 0; next = waiting.findIndex(isMeant)) {
      for (const file of waiting.splice(next, 1)) await runApart(file, laboratoryName);
    }
  });
}

async function withLaboratory(
  name: string | undefined,
  spec: LabSpec,
  use: () => Promise<void>,
): Promise<void> {
  const lab = laboratory(name);
  const wasUp = lab.isUp();
  try {
    await lab.up(wasUp ? undefined : spec);
    await use();
  } catch (thrown) {
    // No laboratory is a failure of what it was to show, never a reason to pass without it.
    console.error(`test: the laboratory failed: ${messageOf(thrown)}`);
    tally.failed++;
  } finally {
    if (!wasUp) await lab.down();
  }
}

/** One file in a process of its own, which says what it has to say in one piece, and how it went in its last line. */
async function runApart(file: string, laboratoryName: string): Promise<void> {
  const argv = ['--import', 'tsx', import.meta.filename, 'lab', file];
  const child = spawn(process.execPath, argv, {
    env: { ...process.env, LAB_NAME: laboratoryName },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const output = await text(child.stdout);
  const [lastLine, passed, failed, skipped] = SUMMARY.exec(output) ?? [];
  process.stdout.write(`${file}\n${lastLine === undefined ? output : output.slice(0, -lastLine.length)}`);
  tally.passed += Number(passed ?? 0);
  tally.failed += Number(failed ?? 1);
  tally.skipped += Number(skipped ?? 0);
  if (lastLine === undefined) failures.push(`${file} did not come to its end\n`);
  else keepFailures(output);
}

function keepFailures(output: string): void {
  const start = output.indexOf('\n✖ failing tests:');
  if (start >= 0) failures.push(output.slice(start));
}
