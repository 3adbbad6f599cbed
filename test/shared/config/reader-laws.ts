/** What holds of a reader of configuration files whatever it is given. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { formatProblem, type ReadResult } from '../../../shared/config/problem.ts';
import { MAX_CONFIG_BYTES } from '../../../shared/config/source-text.ts';

/** Texts that know nothing of any syntax. */
export const TEXTS: readonly fc.Arbitrary<string>[] = [
  fc.string({ unit: 'binary', maxLength: 200 }),
  fc.string({ unit: 'grapheme', maxLength: 200 }),
  fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes).toString('utf8')),
];

export function assertSound(text: string, result: ReadResult<{ readonly line: number }>): void {
  const lastLine = text.split('\n').length;
  const problems = result.ok ? result.warnings : result.problems;
  assert.equal(result.ok, !problems.some(({ severity }) => severity === 'error'));
  for (const problem of problems) {
    assert.match(formatProblem(problem), /^f:\d+: (error|warning): [^\p{C}]+; [^\p{C}]+$/u);
    assert.ok(formatProblem(problem).length < 500);
  }
  for (const { line } of [...problems, ...(result.ok ? result.entries : [])]) {
    assert.ok(line >= 1 && line <= lastLine, `line ${line} of ${lastLine}`);
  }
}

/** Some ten times what such a file takes; were the time quadratic, it would be minutes. */
const LONGEST_MS = 5000;

const ONE_CHARACTER = [...'#;=[](){}$`\'"\\~*?<&| \t\nx\u3000\r'];

/** The largest file allowed, made of one piece over and over behind each of the beginnings. */
export function assertSwift(
  beginnings: readonly string[],
  piece: fc.Arbitrary<string>,
  read: (text: string) => void,
) {
  const pieces = [...ONE_CHARACTER, ...fc.sample(piece, 8)].filter((text) => text !== '');
  for (const [index, repeated] of pieces.entries()) {
    const beginning = beginnings[index % beginnings.length] ?? '';
    const text = fillFile(beginning, repeated);
    const startedMs = performance.now();
    read(text);
    const tookMs = performance.now() - startedMs;
    assert.ok(
      tookMs < LONGEST_MS,
      `${tookMs} ms for ${JSON.stringify(beginning)} and ${JSON.stringify(repeated)}`,
    );
  }
}

function fillFile(beginning: string, repeated: string): string {
  const room = MAX_CONFIG_BYTES - Buffer.byteLength(beginning);
  return beginning + repeated.repeat(Math.floor(room / Buffer.byteLength(repeated)));
}
