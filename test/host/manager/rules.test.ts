/** Laws of vm-managerd's rules; comparison is held against Pacemaker's own scheduler. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { type Operator, type Rule, readRules, ruleBook, wordFor } from '../../../host/manager/rules.ts';
import { printXml } from '../../../host/xml/print-xml.ts';
import { xmlElement } from '../../../host/xml/xml-element.ts';
import { formatProblem } from '../../../shared/config/problem.ts';
import { describeResult, runCommand } from '../../../shared/process/run-command.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

const PUBLISHED = `[default_ping_set]
red = eq 0
yellow = lt 100
green = eq 100
[diskcheck_status]
red = eq ERROR
green = eq normal
`;

function accepted(text: string) {
  const result = readRules('vm-manager.conf', text);
  assert.ok(result.ok, result.ok ? '' : result.problems.map(formatProblem).join('\n'));
  const book = ruleBook(result.entries);
  return {
    word: (attribute: string, value?: string) => wordFor(book.get(attribute) ?? [], value),
    warnings: result.warnings.map(formatProblem),
  };
}

function refused(text: string): string[] {
  const result = readRules('vm-manager.conf', text);
  assert.ok(!result.ok, 'it was accepted');
  return result.problems.map(formatProblem);
}

describe('rules', () => {
  it('the published file means what the talk says', () => {
    const { word, warnings } = accepted(PUBLISHED);
    assert.deepEqual(
      ['0', '99', '100', '200'].map((value) => word('default_ping_set', value)),
      ['red', 'yellow', 'green', '200'],
    );
    assert.deepEqual(
      ['ERROR', 'normal'].map((value) => word('diskcheck_status', value)),
      ['red', 'green'],
    );
    assert.deepEqual(warnings, []);
  });

  it('the first match wins, and without a match the value itself is told', () => {
    const { word } = accepted('[a]\nlow = lt 10\nmiddle = lt 20\nalso = lt 20\n');
    assert.deepEqual(
      ['5', '15', '25'].map((value) => word('a', value)),
      ['low', 'middle', '25'],
    );
  });

  it('a word with several rules is told when any of them matches, and a warning says that both count', () => {
    const { word, warnings } = accepted('[a]\nred = eq 0\nyellow = lt 50\nred = gt 100\n');
    assert.deepEqual(
      ['0', '20', '70', '101'].map((value) => word('a', value)),
      ['red', 'yellow', '70', 'red'],
    );
    assert.deepEqual(warnings, [
      "vm-manager.conf:4: warning: 'red' has a rule in line 2 already, and both count; remove the one that is not meant, if any",
    ]);
    assert.match(refused('[a]\nred = eq 0\nred = like 1\nblue =\n').join('\n'), /:3: error: 'like' is no/);
  });

  it('an attribute that is not set has no word, whatever the rules', () => {
    const { word } = accepted('[a]\nany = ne x\nless = lt 5\n[b]\n');
    assert.deepEqual([word('a'), word('a', ''), word('b')], ['', '', '']);
  });

  it('a section without rules tells the value', () => {
    assert.equal(accepted('[a]\n').word('a', 'as it is'), 'as it is');
  });

  it('every problem is told at once, with file, line and remedy', () => {
    assert.deepEqual(
      refused('[a]\nred = equals 0\nbad line\nyellow = lt\nx, y = eq 1\n[b\nc = gte\n[two words]\n').map(
        (line) => line.replace(/;.*/, ''),
      ),
      [
        "vm-manager.conf:2: error: 'equals' is no operator",
        "vm-manager.conf:3: error: 'bad' is neither a setting nor a section",
        "vm-manager.conf:4: error: the rule for 'yellow' compares with nothing",
        "vm-manager.conf:5: error: the word 'x, y' has a comma, which parts the values of an answer",
        "vm-manager.conf:6: error: '[b' is no section header",
        "vm-manager.conf:7: error: the rule for 'c' compares with nothing",
        "vm-manager.conf:8: error: 'two words' is no name that a guest could ask for",
      ],
    );
    for (const problem of refused('[a]\nred = equals 0\n')) assert.match(problem, /; write WORD = OP VALUE/);
  });

  it('a section twice and a rule without a value are errors: no rule is passed over', () => {
    assert.deepEqual(refused('[a]\nred = eq 0\n[b]\n[a]\ngreen = eq 1\nblue =\nwhite = like\n').slice(0, 2), [
      "vm-manager.conf:4: error: section 'a' is in line 1 already; move its settings there",
      "vm-manager.conf:6: error: 'blue' has no value; write NAME = VALUE or remove it",
    ]);
    assert.match(refused('[a]\n[a]\nwhite = like 1\n').join('\n'), /:2: error.*\n.*:3: error: 'like' is no/);
  });

  it('no text makes the reader throw', () => {
    const pieces = fc.constantFrom(
      '[',
      ']',
      'a',
      '=',
      ' ',
      'eq',
      'lt',
      '0',
      ',',
      '\n',
      '\r\n',
      '#',
      '\0',
      'é',
    );
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 30 }), (words) => {
        const result = readRules('f', words.join(''));
        if (!result.ok) assert.ok(result.problems.some(({ severity }) => severity === 'error'));
      }),
    );
  });
});

const VALUES = [
  ...['0', '99', '100', '100.0', '99.5', '1e2', '-1.5', '+5', ' 5', 'ERROR', 'error', '100x', '.5', 'b'],
  ...['9223372036854775808', '9223372036854775807', '-9223372036854775809', '-9223372036854775808'],
  ...['0x10', '0x.8p1', '0x.', '16.5', 'inf', '-INFINITY', 'INFINITY', 'infin.', '-nan(1.5)', '-0.0', '0.0'],
  ...['1e400', '-1.5e999', '1.0e-400', '2.2250738585072014e-308', '1.7976931348623157e308', '0x1.p99999'],
  ...['1.5e2.5', '1e+.', '.', '-', '+-5', '.e5', '\u00a05.5', '\u00e4', '\u00c4', '\u0661', '1 000'],
];
const OPERATORS: readonly Operator[] = ['eq', 'ne', 'lt', 'gt', 'lte', 'gte'];
const MATCHED = 7;

/** One node for each value, and one resource for each rule. */
it("rules match when and only when Pacemaker's scheduler finds that they do", async (t) => {
  const file = join(temporaryDirectory(t), 'cib.xml');
  const rules = VALUES.flatMap((value): Rule[] =>
    OPERATORS.map((operator) => ({ word: 'matched', operator, value })),
  );
  writeFileSync(file, cibOf(rules));
  const argv = ['crm_simulate', '--show-scores', '--xml-file', file];
  const result = await runCommand(argv, { deadlineMs: 100_000, maxOutputBytes: 64 * 1024 * 1024 });
  assert.ok(result.kind === 'exited' && result.exitCode === 0, describeResult(argv, result));
  const scores = new Map(
    [...result.stdout.matchAll(/: (r\d+) allocation score on (node\d+): (\S+)$/gm)].map(
      ([, resource, node, score]) => [`${resource} ${node}`, score === String(MATCHED)],
    ),
  );
  assert.equal(scores.size, rules.length * VALUES.length);
  const differing = rules.flatMap((rule, r) =>
    VALUES.filter((value, n) => (wordFor([rule], value) === 'matched') !== scores.get(`r${r} node${n}`)).map(
      (value) => `${value} ${rule.operator} ${rule.value}`,
    ),
  );
  assert.deepEqual(differing, []);
});

function cibOf(rules: readonly Rule[]): string {
  const version = { admin_epoch: '0', epoch: '1', num_updates: '0', 'have-quorum': '1' };
  const option = xmlElement('nvpair', { id: 'p', name: 'stonith-enabled', value: 'false' });
  const sections = [
    xmlElement('crm_config', {}, [xmlElement('cluster_property_set', { id: 'o' }, [option])]),
    xmlElement('nodes', {}, VALUES.map(nodeElement)),
    xmlElement('resources', {}, rules.map(resourceElement)),
    xmlElement('constraints', {}, rules.map(constraintElement)),
  ];
  const up = { in_ccm: 'true', crmd: 'online', join: 'member', expected: 'member' };
  const states = VALUES.map((_value, n) =>
    xmlElement('node_state', { id: String(n + 1), uname: `node${n}`, ...up }),
  );
  return printXml(
    xmlElement('cib', { 'validate-with': 'pacemaker-3.9', ...version }, [
      xmlElement('configuration', {}, sections),
      xmlElement('status', {}, states),
    ]),
  );
}

const nodeElement = (value: string, n: number) =>
  xmlElement('node', { id: String(n + 1), uname: `node${n}` }, [
    xmlElement('instance_attributes', { id: `i${n}` }, [
      xmlElement('nvpair', { id: `v${n}`, name: 'health', value }),
    ]),
  ]);

const resourceElement = (_rule: Rule, r: number) =>
  xmlElement('primitive', { id: `r${r}`, class: 'ocf', provider: 'pacemaker', type: 'Dummy' });

const constraintElement = ({ operator, value }: Rule, r: number) =>
  xmlElement('rsc_location', { id: `l${r}`, rsc: `r${r}` }, [
    xmlElement('rule', { id: `u${r}`, score: String(MATCHED) }, [
      xmlElement('expression', { id: `e${r}`, attribute: 'health', operation: operator, value }),
    ]),
  ]);
