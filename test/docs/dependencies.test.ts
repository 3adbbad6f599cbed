/** CONTRIBUTING.md says why each dependency is there, and of no other. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

const ROOT = join(import.meta.dirname, '../..');
const textOf = (file: string) => readFileSync(join(ROOT, file), 'utf8');

function declared(kind: 'dependencies' | 'devDependencies'): readonly string[] {
  const all: Readonly<Record<string, Readonly<Record<string, string>>>> = JSON.parse(textOf('package.json'));
  return Object.keys(all[kind] ?? {}).toSorted();
}

/** The names in the first column of the table, before and behind the line that parts them. */
function explained(): readonly [programs: readonly string[], development: readonly string[]] {
  const [, section = ''] = /^## Dependencies\n([\s\S]*?)\n## /m.exec(textOf('CONTRIBUTING.md')) ?? [];
  const [programs = '', development = ''] = section.split('_for development_');
  const namesIn = (table: string) =>
    [...table.matchAll(/^\| ([\w@/-][^|]*?) +\|/gm)]
      .flatMap(([, names = '']) => names.split(/, */))
      .filter((name) => name !== 'package' && !name.startsWith('---'))
      .toSorted();
  return [namesIn(programs), namesIn(development)];
}

test('each dependency is listed with its reason, and none that is not there', () => {
  const [programs, development] = explained();
  assert.deepEqual(programs, declared('dependencies'));
  assert.deepEqual(development, declared('devDependencies'));
});
