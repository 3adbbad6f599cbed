/**
 * Runs benchmarks: `npm run bench -- [--quick] [--json DIR] [--record] [NAME…]`, all of them unless some are named.
 *
 * Prints tables. With --json the figures go to files in a directory; with --record they go to docs/benchmarks, and
 * docs/benchmarks.md is made of them. `--write-docs` measures nothing: it makes the document of the records there are.
 */
import { accessSync, constants, mkdirSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { messageOf, PmError, systemCodeOf } from '../../shared/errors.ts';
import { type Laboratory, laboratory } from '../lab/lab.ts';
import { labSpec } from '../lab/layout.ts';
import { claimMachine } from '../lab/lock.ts';
import { refuse, scriptWords } from '../support/script-words.ts';
import type { Benchmark, Needs } from './benchmark.ts';
import { BENCHMARKS, NAMES } from './benchmarks.ts';
import { writeDocument } from './document.ts';
import { verdictsOf } from './limits.ts';
import { loadNow, type Machine, machineNow } from './machine.ts';
import { needPrograms } from './needed-programs.ts';
import { type BenchmarkRecord, writeRecord } from './record.ts';
import { plainText, rowTable, verdictTable } from './tables.ts';

const DOCS = resolve(import.meta.dirname, '../../docs');

const USAGE = `usage: npm run bench [-- OPTIONS] [NAME…]

  --quick         few runs, and of what takes long nothing, or less
  --json DIR      the figures go to files there, too
  --record        they go to docs/benchmarks, and docs/benchmarks.md is made of them; on a laboratory of its own
  --write-docs    measures nothing: makes docs/benchmarks.md of what is recorded

${BENCHMARKS.map(({ name, about }) => `  ${name.padEnd(12)}${about}`).join('\n')}`;

const { values, positionals } = scriptWords(USAGE, {
  allowPositionals: true,
  options: {
    quick: { type: 'boolean', default: false },
    record: { type: 'boolean', default: false },
    'write-docs': { type: 'boolean', default: false },
    json: { type: 'string' },
  },
});
const unknown = positionals.filter((name) => !NAMES.includes(name));
if (values.quick && values.record) refuse(USAGE, 'a quick run is not recorded: it says too little');
if (unknown.length > 0) refuse(USAGE, `there is no benchmark ${unknown.join(', ')}`);
if (values.json === '') refuse(USAGE, '--json takes a directory');
const measuring = [values.quick, values.record, values.json !== undefined, positionals.length > 0];
if (values['write-docs'] && measuring.includes(true))
  refuse(USAGE, '--write-docs measures nothing, and takes neither names nor other options');
if (values.record && laboratory().isUp()) {
  refuse(
    USAGE,
    'a record takes a laboratory of its own; one stands: take it down first: npm run lab -- down',
  );
}
const directories = [
  ...(values.record ? [join(DOCS, 'benchmarks')] : []),
  ...(values.json === undefined ? [] : [values.json]),
];
for (const directory of directories) makeDirectory(directory);
try {
  if (!values['write-docs']) await runAll();
  if (values.record || values['write-docs']) writeDocument(DOCS, NAMES);
} catch (thrown) {
  const isDefect = !(thrown instanceof PmError) && systemCodeOf(thrown) === undefined;
  console.error(`bench: ${isDefect && thrown instanceof Error ? thrown.stack : messageOf(thrown)}`);
  process.exit(1); // whatever still runs, or is waited for
}

async function runAll(): Promise<void> {
  const startedMs = performance.now();
  const chosen = BENCHMARKS.filter(({ name, isLong }) =>
    positionals.length === 0 ? !(values.quick && isLong) : positionals.includes(name),
  );
  if (!(await claimMachine('bench')))
    throw new PmError({
      code: 'environment',
      what: 'cannot measure',
      fault: 'another bench runs on this machine, and neither would measure what it means to',
      remedy: 'wait for its end',
    });
  needPrograms(chosen.flatMap(({ programs }) => programs));
  const machine = machineNow();
  const needing = (wanted: Needs) =>
    chosen.filter(({ needs, quickNeeds = needs }) => (values.quick ? quickNeeds : needs) === wanted);
  for (const benchmark of needing('nothing')) await runOne(benchmark, machine);
  const lab = laboratory();
  const leave = lab.isUp() ? resetAlsoWhenInterrupted(lab) : () => lab.down();
  for (const needs of ['hosts', 'guests'] as const) {
    const benchmarks = needing(needs);
    if (benchmarks.length === 0) continue;
    if (!lab.isUp()) await lab.up(labSpec(2, needs === 'hosts' ? 0 : 2));
    try {
      await runInLaboratory(lab, benchmarks, machine);
    } catch (thrown) {
      await leave().catch((second: unknown) => console.error(`bench: and afterwards: ${messageOf(second)}`));
      throw thrown;
    }
    await leave();
  }
  console.log(`all of them: ${((performance.now() - startedMs) / 1000).toFixed(0)} s`);
}

/** Its parent has to be there: for one that never can be, as below /proc, Node's own way to make all of them has no end. */
function makeDirectory(directory: string): void {
  try {
    if (!statSync(directory, { throwIfNoEntry: false })?.isDirectory()) mkdirSync(directory);
    accessSync(directory, constants.W_OK);
  } catch (thrown) {
    const remedy = 'name a directory that can be written, or a new one in a directory that is there';
    refuse(USAGE, `no figures can be written to ${directory} (${messageOf(thrown)}): ${remedy}`);
  }
}

/** One that stood before is not taken down, and an interrupted benchmark has no time to put it in order. */
function resetAlsoWhenInterrupted(lab: Laboratory): () => Promise<void> {
  const words = `bench: interrupted: laboratory ${lab.name} is not in order: npm run lab -- reset`;
  const interrupted = () => console.error(words);
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  for (const signal of signals) process.on(signal, interrupted);
  return async () => {
    await lab.reset();
    for (const signal of signals) process.off(signal, interrupted);
  };
}

async function runInLaboratory(
  lab: Laboratory,
  benchmarks: readonly Benchmark[],
  machine: Omit<Machine, 'load'>,
): Promise<void> {
  await lab.pushPrograms();
  for (const benchmark of benchmarks) {
    await runOne(benchmark, machine);
    if (benchmark !== benchmarks.at(-1)) await lab.reset();
  }
}

async function runOne(benchmark: Benchmark, measuredOn: Omit<Machine, 'load'>): Promise<void> {
  const { name, about } = benchmark;
  const loadBefore = loadNow();
  const startedMs = performance.now();
  console.log(`${name}: ${about}`);
  const isQuick = values.quick;
  const result = await benchmark.run({ quick: isQuick, report: (words) => console.error(`  ${words}`) });
  const machine = { ...measuredOn, load: `${loadBefore} before, ${loadNow()} after` };
  const record: BenchmarkRecord = { name, about, isQuick, machine, ...result };
  console.log(`\n${plainText(rowTable(record.rows))}`);
  if (isQuick) console.log('\nno limit is judged by a quick run: it says too little');
  else if (record.limits.length > 0) console.log(`\n${plainText(verdictTable(verdictsOf(record)))}`);
  console.log(`\nload ${record.machine.load}; ${((performance.now() - startedMs) / 1000).toFixed(0)} s\n`);
  for (const directory of directories) writeRecord(directory, record);
}
