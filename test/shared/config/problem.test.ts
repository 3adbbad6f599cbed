import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { excerpt, formatProblem, ProblemList } from '../../../shared/config/problem.ts';

describe('formatProblem', () => {
  it('is one line: file, line, severity, message, remedy', () => {
    const problem = {
      severity: 'error',
      file: '/etc/x.conf',
      line: 7,
      column: 3,
      message: 'm',
      remedy: 'r',
    } as const;
    assert.equal(formatProblem(problem), '/etc/x.conf:7: error: m; r');
  });

  it('spells out what a terminal would act upon or not show', () => {
    const problem = {
      severity: 'warning',
      file: 'a\nb',
      line: 1,
      message: '\u001b[31m \u202e \u3000',
      remedy: '\u200b\u2028\ud800',
    } as const;
    assert.equal(
      formatProblem(problem),
      'a\\u{a}b:1: warning: \\u{1b}[31m \\u{202e} \\u{3000}; \\u{200b}\\u{2028}\\u{d800}',
    );
  });
});

describe('excerpt', () => {
  it('is cut behind 40 characters, and never through one', () => {
    assert.equal(excerpt('設'.repeat(40)), `'${'設'.repeat(40)}'`);
    assert.equal(excerpt('🎉'.repeat(40)), `'${'🎉'.repeat(40)}'`);
    assert.equal(excerpt('🎉'.repeat(41)), `'${'🎉'.repeat(40)}…'`);
    assert.equal(excerpt('x'.repeat(1e6)), `'${'x'.repeat(40)}…'`);
  });
});

describe('a problem list', () => {
  it('keeps entries from a caller when there is an error, and only then', () => {
    const problems = new ProblemList('f');
    problems.warning({ line: 1 }, 'w', 'r');
    const warning = { severity: 'warning', file: 'f', line: 1, message: 'w', remedy: 'r' };
    assert.deepEqual(problems.result(['entry']), { ok: true, entries: ['entry'], warnings: [warning] });
    const entry = { line: 1, column: 2, name: 'a place with more to it' };
    problems.error(entry, 'e', 'r');
    const error = { severity: 'error', file: 'f', line: 1, column: 2, message: 'e', remedy: 'r' };
    assert.deepEqual(problems.result(['entry']), { ok: false, problems: [warning, error] });
  });

  it('is in the order of the file', () => {
    const problems = new ProblemList('f');
    for (const [line, column] of [
      [2, 1],
      [1, 5],
      [1, 3],
    ] as const) {
      problems.warning({ line, column }, 'w', 'r');
    }
    const result = problems.result([]);
    assert.deepEqual(result.ok && result.warnings.map(({ line, column }) => [line, column]), [
      [1, 3],
      [1, 5],
      [2, 1],
    ]);
  });

  it('lists a thousand and counts the rest, and an error among the rest is still one', () => {
    const problems = new ProblemList('f');
    for (let line = 1; line <= 1001; line++) problems.warning({ line }, 'w', 'r');
    problems.error({ line: 1002 }, 'e', 'r');
    const result = problems.result([]);
    assert.ok(!result.ok);
    assert.equal(result.problems.length, 1001);
    assert.deepEqual(result.problems.at(-1), {
      severity: 'error',
      file: 'f',
      line: 1000,
      message: '2 more problems are not listed',
      remedy: 'mend these first and look again',
    });
  });
});
