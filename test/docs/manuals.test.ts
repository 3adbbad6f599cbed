/**
 * Laws of the manual pages, as they are made for the packages and as man shows them: every option that a program tells
 * of with --help is in its page and the other way round, and man finds no fault in any.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { promisify } from 'node:util';
import { makeManuals } from '../../.ci/package/manuals.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const run = promisify(execFile);
/** What each program has to be asked so that all its options are told of; vm-ctl lists its commands itself. */
const QUESTIONS: Readonly<Record<string, readonly (readonly string[])[]>> = {
  fence_vm: [[]],
  'vm-connect': [[]],
  'vm-connectd': [
    ['-t', 'host'],
    ['-t', 'guest'],
  ],
  'vm-managerd': [[]],
  'vm-stonithd': [[]],
};

/** Options as words: `-x`, `--long` and `--lo-ng`; a hyphen inside a word is none. */
const optionsIn = (text: string): Set<string> =>
  new Set(text.match(/(?<![\w-])--?[a-zA-Z][a-zA-Z-]*/g) ?? []);

const helpOf = async (program: string, words: readonly string[]): Promise<string> =>
  (await run(`dist/sbin/${program}`, [...words, '--help'], { env: { ...process.env, LC_ALL: 'C' } })).stdout;

/** `resource add|delete` are two commands. */
function commandsIn(help: string): string[][] {
  const lines = [...help.matchAll(/^ {2}([a-z]+)(?: ([a-z|]+))?(?= |$)/gm)];
  return lines.flatMap(([, group = '', names]) =>
    names === undefined ? [[group]] : names.split('|').map((name) => [group, name]),
  );
}

async function toldBy(program: string): Promise<Set<string>> {
  const general = program === 'vm-ctl' ? await helpOf(program, []) : '';
  const questions = program === 'vm-ctl' ? commandsIn(general) : (QUESTIONS[program] ?? []);
  assert.ok(questions.length > 0, `it is known how to ask ${program}`);
  const answers = await Promise.all(questions.map((words) => helpOf(program, words)));
  return optionsIn([general, ...answers].join('\n'));
}

let pages = '';
const shown = (page: string) =>
  run('man', ['--warnings', '--local-file', join(pages, page)], {
    env: { ...process.env, LC_ALL: 'C', MANROFFOPT: '-ww', MANWIDTH: '200', MANPAGER: 'cat' },
  });

before((t) => {
  assert.ok('after' in t);
  pages = temporaryDirectory(t);
  makeManuals(pages);
});

for (const program of [...Object.keys(QUESTIONS), 'vm-ctl']) {
  test(`the page of ${program} and its --help name the same options`, async () => {
    const { stdout } = await shown(`${program}.8`);
    const [told, written] = [await toldBy(program), optionsIn(stdout)];
    assert.ok(told.has('--help') || program === 'vm-ctl');
    assert.deepEqual([...written].sort(), [...told].sort());
  });
}

test('every program has its page, and man has nothing to say against any page', async () => {
  const names = readdirSync(pages);
  for (const program of readdirSync('dist/sbin')) assert.ok(names.includes(`${program}.8`), program);
  const faults = await Promise.all(names.map(async (name) => (await shown(name)).stderr));
  assert.deepEqual(
    faults.filter((fault) => fault !== ''),
    [],
  );
});
