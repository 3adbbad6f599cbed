import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { type IniSection, printIniConfig, readIniConfig } from '../../../shared/config/ini-config.ts';
import { formatProblem } from '../../../shared/config/problem.ts';
import { assertSound, assertSwift, TEXTS } from './reader-laws.ts';

const SAMPLE = `[default_ping_set]
red = eq 0
yellow = lt 100
green = eq 100
[diskcheck_status]
red = eq ERROR
green = eq normal
`;

function meaningOf(text: string): IniSection[] | undefined {
  const result = readIniConfig('f', text);
  if (!result.ok) return undefined;
  return result.entries.map(({ name, settings }) => ({
    name,
    settings: settings.map(({ name, value }) => ({ name, value })),
  }));
}

/** Each section as `line [name]`, each setting as `line name=value`. */
function accepted(text: string): { lines: string[]; warnings: string[] } {
  const result = readIniConfig('vm-manager.conf', text);
  assert.ok(result.ok, result.ok ? '' : result.problems.map(formatProblem).join('\n'));
  return {
    lines: result.entries.flatMap(({ name, line, settings }) => [
      `${line} [${name}]`,
      ...settings.map((setting) => `${setting.line} ${setting.name}=${setting.value}`),
    ]),
    warnings: result.warnings.map(formatProblem),
  };
}

function refused(text: string): string[] {
  const result = readIniConfig('vm-manager.conf', text);
  assert.ok(!result.ok, 'it was accepted');
  return result.problems.map(formatProblem);
}

describe('readIniConfig', () => {
  it('keeps sections and settings in their order, with their lines', () => {
    assert.deepEqual(accepted(SAMPLE), {
      lines: [
        '1 [default_ping_set]',
        '2 red=eq 0',
        '3 yellow=lt 100',
        '4 green=eq 100',
        '5 [diskcheck_status]',
        '6 red=eq ERROR',
        '7 green=eq normal',
      ],
      warnings: [],
    });
  });

  const meanings: readonly (readonly [text: string, lines: readonly string[]])[] = [
    ['', []],
    ['# a\n ; b\n\t\n', []],
    ['[a]', ['1 [a]']],
    [' [ a ] \n\tx=1 ', ['1 [a]', '2 x=1']],
    ['[a]\nx y = b = c', ['1 [a]', '2 x y=b = c']],
    ['[a]\nx = b#c;d', ['1 [a]', '2 x=b#c;d']],
    ['[a]\nx = "b"', ['1 [a]', '2 x="b"']],
    ['[設定]\n赤 = eq\tERROR', ['1 [設定]', '2 赤=eq\tERROR']],
  ];
  for (const [text, lines] of meanings) {
    it(`takes ${JSON.stringify(text)}`, () => assert.deepEqual(accepted(text), { lines, warnings: [] }));
  }

  const doubts: readonly (readonly [text: string, lines: readonly string[], warning: string])[] = [
    [
      '[a]\nx=1\n[b]\ny=2\n[a]\nz=3',
      ['1 [a]', '2 x=1', '6 z=3', '3 [b]', '4 y=2'],
      "5: warning: section 'a' is in line 1 already; the two are read as one; move its settings there",
    ],
    [
      '[a]\nx=1\ny=2\nx=3',
      ['1 [a]', '4 x=3', '3 y=2'],
      "4: warning: 'x' is set again in its section, so the value in line 2 does not count; remove one of the two lines",
    ],
    [
      '[a]\nx =',
      ['1 [a]'],
      "2: warning: 'x' has no value and is passed over; write NAME = VALUE or remove it",
    ],
    [
      '[a]\nx = eq ERROR # y',
      ['1 [a]', '2 x=eq ERROR # y'],
      "2: warning: what looks like a comment is part of the value of 'x'; put the comment on a line of its own",
    ],
    ['\uFEFF[a]', ['1 [a]'], '1: warning: a byte order mark, ignored; save the file as UTF-8 without one'],
    [
      '[a]\nx=1\r\n',
      ['1 [a]', '2 x=1'],
      "2: warning: line ends with a carriage return (CRLF), ignored here and below; convert the file, for example with sed -i 's/\\r$//'",
    ],
  ];
  for (const [text, lines, warning] of doubts) {
    it(`warns of ${JSON.stringify(text)}`, () => {
      assert.deepEqual(accepted(text), { lines, warnings: [`vm-manager.conf:${warning}`] });
    });
  }

  it('read strictly, a name that comes twice makes two settings, in their order', () => {
    const result = readIniConfig('f', '[a]\nx=1\ny=2\nx=3\n', { isStrict: true });
    assert.ok(result.ok);
    assert.deepEqual(
      result.entries.flatMap(({ settings }) => settings.map(({ name, value }) => `${name}=${value}`)),
      ['x=1', 'y=2', 'x=3'],
    );
    assert.deepEqual(result.warnings, []);
  });

  const HEADER = 'write [name] and nothing else on the line';
  const faults: readonly (readonly [line: string, problem: string])[] = [
    [
      'x',
      "'x' is neither a setting nor a section; write NAME = VALUE or [section], and '#' before a comment",
    ],
    ['= x', "no name before '='; write NAME = VALUE"],
    ['=', "no name before '='; write NAME = VALUE"],
    ['[]', `'[]' is no section header; ${HEADER}`],
    ['[ ]', `'[ ]' is no section header; ${HEADER}`],
    ['[a', `'[a' is no section header; ${HEADER}`],
    ['[[a]]', `'[[a]]' is no section header; ${HEADER}`],
    ['[a] # x', `'[a] # x' is no section header; ${HEADER}`],
    ['[a\u001b]', "control character '\\u{1b}' in 'a\\u{1b}'; write it again as plain UTF-8 text"],
    ['a\u0007=x', "control character '\\u{7}' in 'a\\u{7}'; write it again as plain UTF-8 text"],
    ['a=x\ry', "control character '\\u{d}' in 'x\\u{d}y'; write it again as plain UTF-8 text"],
    ['a=\uFFFD', "characters that are not UTF-8 in '\uFFFD'; write it again as plain UTF-8 text"],
    ['# \0', 'a NUL byte, so this is no text file; save it as plain text in UTF-8'],
  ];
  for (const [line, problem] of faults) {
    it(`refuses ${JSON.stringify(line)}`, () => {
      assert.deepEqual(refused(`\n[ok]\n${line}\nx = 1\n`), [`vm-manager.conf:3: error: ${problem}`]);
    });
  }

  it('refuses a setting before the first section', () => {
    assert.deepEqual(refused('x = 1\n[a]\ny = 2'), [
      "vm-manager.conf:1: error: 'x' stands before the first section; put a [section] line before it",
    ]);
  });

  it('refuses a file larger than 1 MiB', () => {
    assert.deepEqual(refused('#'.repeat(1024 * 1024 + 1)), [
      'vm-manager.conf:1: error: the file is larger than 1 MiB; see whether this is the right file',
    ]);
  });

  it('reports every fault of a file, in order', () => {
    assert.deepEqual(
      refused('x=1\n[a\ny\n=\n[b]\nz=').map((problem) => problem.split(' ', 3).join(' ')),
      [
        "vm-manager.conf:1: error: 'x'",
        "vm-manager.conf:2: error: '[a'",
        "vm-manager.conf:3: error: 'y'",
        'vm-manager.conf:4: error: no',
        "vm-manager.conf:6: warning: 'z'",
      ],
    );
  });
});

describe('printIniConfig', () => {
  it('parts sections by an empty line', () => {
    assert.equal(printIniConfig(meaningOf(SAMPLE) ?? []), SAMPLE.replace('\n[', '\n\n['));
  });

  it('throws on what it has no way to write', () => {
    const REMEDY = 'use plain text, no name that starts with # ; or [, and nothing empty';
    for (const section of ['', ' a', 'a]', 'a\nb']) {
      assert.throws(
        () => printIniConfig([{ name: section, settings: [] }]),
        /^PmError: cannot write the section/,
      );
    }
    for (const [name, value] of [
      ['', 'x'],
      ['a', ''],
      ['a', ' x'],
      ['a=b', 'x'],
      ['#a', 'x'],
      ['[a', 'x'],
    ] as const) {
      assert.throws(() => printIniConfig([{ name: 'a', settings: [{ name, value }] }]), {
        message: `cannot write the setting '${name} = ${value}': it would not read back as the same; ${REMEDY}`,
      });
    }
  });
});

describe('readIniConfig, whatever the file', () => {
  const char = fc.constantFrom(...'ab=[]#; \t\n\r設\u3000\0\uFEFF\uFFFD');
  const piece = fc.oneof(
    fc.constantFrom('\n[a]\n', '\n[b]\n', '\na = b\n', '\nb = a # b\n', '\n# a\n'),
    char,
  );
  const iniFile = fc.array(piece, { maxLength: 30 }).map((pieces) => pieces.join(''));

  it('gives entries or problems that each name file, line and remedy in one line', () => {
    for (const text of [...TEXTS, iniFile]) {
      fc.assert(fc.property(text, (sample) => assertSound(sample, readIniConfig('f', sample))));
    }
  });

  it('reads back what it prints of an accepted file', () => {
    fc.assert(
      fc.property(iniFile, (text) => {
        const meaning = meaningOf(text);
        if (meaning !== undefined) assert.deepEqual(meaningOf(printIniConfig(meaning)), meaning);
      }),
      { numRuns: 1000 },
    );
  });

  it('takes time in proportion to its size', () => {
    assertSwift(['', '[', '[a]\n', '[a]\nx=', '[a]\nx = y '], iniFile, (text) => readIniConfig('f', text));
  });
});
