import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { printShellConfig, readShellConfig, type ShellSetting } from '../../../shared/config/shell-config.ts';
import { assertSound, assertSwift, TEXTS } from './reader-laws.ts';
import { nearMiss, shellFile } from './shell-files.ts';

/** What the line numbers of a setting can't change. */
function meaningOf(text: string): ShellSetting[] | undefined {
  const result = readShellConfig('f', text);
  return result.ok ? result.entries.map(({ line: _, ...setting }) => setting) : undefined;
}

describe('readShellConfig, whatever the file', () => {
  it('gives entries or problems that each name file, line and remedy in one line', () => {
    for (const text of [...TEXTS, shellFile, nearMiss]) {
      fc.assert(fc.property(text, (sample) => assertSound(sample, readShellConfig('f', sample))));
    }
  });

  it('reads back what it prints of an accepted file', () => {
    fc.assert(
      fc.property(fc.oneof(shellFile, nearMiss), (text) => {
        const meaning = meaningOf(text);
        if (meaning !== undefined) assert.deepEqual(meaningOf(printShellConfig(meaning)), meaning);
      }),
      { numRuns: 1000 },
    );
  });

  it('reads back any value that can be printed, and nothing beside it', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary' }),
        fc.array(fc.string({ unit: 'grapheme' })),
        (value, values) => {
          const settings: ShellSetting[] = [
            { kind: 'value', name: 'a', value },
            { kind: 'list', name: 'b', values },
          ];
          let text: string;
          try {
            text = printShellConfig(settings);
          } catch {
            return;
          }
          assert.deepEqual(meaningOf(text), settings);
        },
      ),
    );
  });

  it('takes time in proportion to its size', () => {
    assertSwift(['', 'a=', 'a=(', 'a="', "a='", 'a=$(', 'a=(x\n'], nearMiss, (text) =>
      readShellConfig('f', text),
    );
  });
});
