import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { test } from 'node:test';
import { NAMES } from './benchmarks.ts';
import { documentFiles } from './document.ts';
import { readRecords } from './record.ts';

const DOCS = resolve(import.meta.dirname, '../../docs');

test('docs/benchmarks.md and its pictures are what the records give: npm run bench -- --write-docs', () => {
  for (const [path, text] of documentFiles(DOCS, NAMES)) {
    assert.equal(readFileSync(join(DOCS, path), 'utf8'), text, path);
  }
});

test('every benchmark has a record of a whole run, and every record a benchmark', () => {
  const records = readRecords(join(DOCS, 'benchmarks'));
  assert.deepEqual(
    records.map(({ name }) => name),
    NAMES.toSorted(),
  );
  for (const { name, isQuick } of records) assert.ok(!isQuick, `${name} was recorded with few runs`);
});

test('no record names a place on the machine', () => {
  const folder = join(DOCS, 'benchmarks');
  for (const file of readdirSync(folder).filter((name) => name.endsWith('.json'))) {
    const text = readFileSync(join(folder, file), 'utf8');
    assert.doesNotMatch(text, /\/(home|root|tmp|work|usr|var|run)\//, file);
  }
});
