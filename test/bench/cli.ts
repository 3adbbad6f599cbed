/**
 * Runs benchmarks: `npm run bench -- [--quick] [--out FILE] [NAME…]`, all of them unless some are named.
 *
 * Prints a table for each; with --out the figures go to a file as JSON, with what they were measured on.
 */
import { writeFileSync } from 'node:fs';
import { arch, cpus, loadavg, release, totalmem } from 'node:os';
import { parseArgs } from 'node:util';
import type { Json } from '../../shared/protocol/message.ts';
import { type Benchmark, table } from './benchmark.ts';
import { bridge } from './bridge.ts';
import { fence } from './fence.ts';
import { vmCtlBenchmark } from './vm-ctl.ts';

const BENCHMARKS: readonly Benchmark[] = [bridge, fence, vmCtlBenchmark];

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { quick: { type: 'boolean', default: false }, out: { type: 'string' } },
});
const unknown = positionals.filter((name) => !BENCHMARKS.some((benchmark) => benchmark.name === name));
if (unknown.length > 0) {
  const known = BENCHMARKS.map(({ name, about }) => `  ${name.padEnd(12)}${about}`).join('\n');
  console.error(`bench: there is no benchmark ${unknown.join(', ')}; choose from\n${known}`);
  process.exit(1);
}
const results: { [name: string]: Json } = {};
for (const benchmark of BENCHMARKS) {
  if (positionals.length > 0 && !positionals.includes(benchmark.name)) continue;
  console.log(`${benchmark.name}: ${benchmark.about}`);
  const result = await benchmark.run({
    quick: values.quick,
    report: (words) => console.error(`  ${words}`),
  });
  console.log(`${table(result)}\n`);
  results[benchmark.name] = result.json;
}
if (values.out !== undefined) {
  const machine = {
    cpu: cpus()[0]?.model ?? '',
    cores: cpus().length,
    memoryMiB: Math.round(totalmem() / 1024 / 1024),
    kernel: release(),
    arch: arch(),
    node: process.version,
    load: loadavg(),
    date: new Date().toISOString(),
  };
  writeFileSync(values.out, `${JSON.stringify({ machine, results }, undefined, 2)}\n`);
}
