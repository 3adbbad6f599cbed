/**
 * docs/benchmarks.md and its pictures, made of the records and of what was written about each benchmark: every file
 * that it consists of, so that a test can hold the tree to it.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { verdictsOf } from './limits.ts';
import { plotSvg } from './plot.ts';
import { type BenchmarkRecord, readRecords } from './record.ts';
import { markdown, rowTable, verdictTable } from './tables.ts';

/** Below `docs/`: records, pictures, and words about each in a file of its name, `about` for all of them. */
const FOLDER = 'benchmarks';

/** The files of the document by their path below `docs/`; the names say in which order the benchmarks come. */
export function documentFiles(docs: string, names: readonly string[]): ReadonlyMap<string, string> {
  const records = readRecords(join(docs, FOLDER)).toSorted(
    (one, other) => names.indexOf(one.name) - names.indexOf(other.name),
  );
  const wordsOf = (name: string) => {
    const file = join(docs, FOLDER, `${name}.md`);
    return existsSync(file) ? readFileSync(file, 'utf8').trim() : '';
  };
  const parts = [wordsOf('about'), goals(records), ...records.map((one) => section(one, wordsOf(one.name)))];
  return new Map([
    ['benchmarks.md', `${parts.join('\n\n')}\n`],
    ...records.map((record) => [pictureOf(record), plotSvg(record, record.about)] as const),
  ]);
}

export function writeDocument(docs: string, names: readonly string[]): void {
  for (const [path, text] of documentFiles(docs, names)) writeFileSync(join(docs, path), text);
}

const pictureOf = ({ name }: BenchmarkRecord) => `${FOLDER}/${name}.svg`;

function goals(records: readonly BenchmarkRecord[]): string {
  return ['## What has to hold', markdown(verdictTable(records.flatMap(verdictsOf)))].join('\n\n');
}

function section(record: BenchmarkRecord, words: string): string {
  const { name, about, rows } = record;
  return [
    `## ${name}`,
    `${about[0]?.toUpperCase()}${about.slice(1)}.`,
    `![${about}](${pictureOf(record)})`,
    markdown(rowTable(rows)),
    measuredOn(record),
    ...(words === '' ? [] : [words]),
  ].join('\n\n');
}

function measuredOn({ machine, versions }: BenchmarkRecord): string {
  const { date, revision, cpus, cpu, memoryMiB, kernel, node, load } = machine;
  const peers = Object.entries(versions).map(([peer, version]) => `${peer} ${version}`);
  const parts = [
    date,
    `revision ${revision}`,
    `${cpus} × ${cpu}`,
    `${(memoryMiB / 1024).toFixed(0)} GiB`,
    `Linux ${kernel}`,
    `Node ${node}`,
    `load ${load}`,
    ...peers,
  ];
  return `Measured ${parts.join(' · ')}.`;
}
