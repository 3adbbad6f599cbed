/**
 * What guests are told for a node attribute's value: /etc/vm-manager.conf, as rules.
 *
 *   [attribute]
 *   WORD = OP VALUE          eq ne lt gt lte gte
 *
 * The first rule that matches gives its word; a word may have several, where version 1 took the last alone. Without a match,
 * and in a section without rules, guests are told the value itself. An attribute that isn't set has no word.
 *
 * Comparison is that of a rule of a location constraint: eq and ne compare text and don't tell upper from lower case; the
 * others compare numbers (with a decimal point on either side as floating point, else as integers; what stands behind a
 * number doesn't count), and text where one side begins with no number. INFINITY is no integer: `lt 100` of it compares text, and
 * so does Pacemaker. The tests hold every pair of many odd values against the scheduler of the Pacemaker that is installed.
 *
 * Invariant: what can't be told apart in an answer (`name=value,name=value`) can't come from a rule.
 */
import { type IniEntry, type IniSettingEntry, readIniConfig } from '../../shared/config/ini-config.ts';
import { excerpt, ProblemList, type ReadResult } from '../../shared/config/problem.ts';

const OPERATORS = ['eq', 'ne', 'lt', 'gt', 'lte', 'gte'] as const;
export type Operator = (typeof OPERATORS)[number];

export interface Rule {
  readonly word: string;
  readonly operator: Operator;
  readonly value: string;
}

export interface AttributeRules {
  readonly attribute: string;
  readonly rules: readonly Rule[];
}

export type RuleBook = ReadonlyMap<string, readonly Rule[]>;

export const ruleBook = (entries: readonly AttributeRules[]): RuleBook =>
  new Map(entries.map(({ attribute, rules }) => [attribute, rules]));

export function readRules(file: string, text: string): ReadResult<AttributeRules> {
  const syntax = readIniConfig(file, text, { isStrict: true });
  const problems = new ProblemList(file);
  const entries = sectionsOf(file, text, syntax).map((section) => rulesOf(section, problems));
  const meaning = problems.result(entries);
  const all = inOrder([...listed(syntax), ...listed(meaning)]);
  return syntax.ok && meaning.ok ? { ok: true, entries, warnings: all } : { ok: false, problems: all };
}

/** Where the syntax has faults, what its sound lines say: so that all problems of a file are told at once. */
function sectionsOf(file: string, text: string, syntax: ReadResult<IniEntry>): readonly IniEntry[] {
  if (syntax.ok) return syntax.entries;
  const faulty = new Set(
    syntax.problems.filter(({ severity }) => severity === 'error').map(({ line }) => line),
  );
  const sound = text.split('\n').map((line, index) => (faulty.has(index + 1) ? '' : line));
  const again = readIniConfig(file, sound.join('\n'), { isStrict: true });
  return again.ok ? again.entries : [];
}

const listed = <Entry>(result: ReadResult<Entry>) => (result.ok ? result.warnings : result.problems);

const inOrder = <T extends { readonly line: number }>(problems: readonly T[]): readonly T[] =>
  problems.toSorted((one, other) => one.line - other.line);

function rulesOf({ name, line, settings }: IniEntry, problems: ProblemList): AttributeRules {
  if (/[\s,=]/.test(name)) {
    problems.error(
      { line },
      `${excerpt(name)} is no name that a guest could ask for`,
      'a section is called like a node attribute: no blanks, no comma, no =',
    );
  }
  const lines = new Map<string, number>();
  for (const setting of settings) {
    const former = lines.get(setting.name);
    if (former !== undefined) {
      problems.warning(
        setting,
        `${excerpt(setting.name)} has a rule in line ${former} already, and both count`,
        'remove the one that is not meant, if any',
      );
    }
    lines.set(setting.name, setting.line);
  }
  return { attribute: name, rules: settings.flatMap((setting) => ruleOf(setting, problems)) };
}

const FORM = 'write WORD = OP VALUE, OP being one of eq ne lt gt lte gte';

function ruleOf(setting: IniSettingEntry, problems: ProblemList): readonly Rule[] {
  const [, first = '', value = ''] = /^(\S+)[ \t]*(.*)$/.exec(setting.value) ?? [];
  const operator = OPERATORS.find((known) => known === first);
  if (operator === undefined) {
    problems.error(setting, `${excerpt(first)} is no operator`, FORM);
  } else if (value === '') {
    problems.error(setting, `the rule for ${excerpt(setting.name)} compares with nothing`, FORM);
  }
  if (setting.name.includes(',')) {
    const fault = `the word ${excerpt(setting.name)} has a comma, which parts the values of an answer`;
    problems.error(setting, fault, 'choose a word without one');
  }
  return operator === undefined ? [] : [{ word: setting.name, operator, value }];
}

/** Empty for an attribute that is not set. */
export function wordFor(rules: readonly Rule[], value: string | undefined): string {
  if (value === undefined || value === '') return '';
  return rules.find((rule) => matches(rule, value))?.word ?? value;
}

function matches({ operator, value }: Rule, actual: string): boolean {
  switch (operator) {
    case 'eq':
      return compareText(actual, value) === 0;
    case 'ne':
      return compareText(actual, value) !== 0;
    case 'lt':
      return compareNumbers(actual, value) < 0;
    case 'gt':
      return compareNumbers(actual, value) > 0;
    case 'lte':
      return compareNumbers(actual, value) <= 0;
    case 'gte':
      return compareNumbers(actual, value) >= 0;
  }
}

function compareNumbers(actual: string, value: string): number {
  const isFloating = actual.includes('.') || value.includes('.');
  const [one, other] = isFloating ? [floating(actual), floating(value)] : [integer(actual), integer(value)];
  if (one === undefined || other === undefined) return compareText(actual, value);
  return one < other ? -1 : one > other ? 1 : 0;
}

const LEAST = -(2n ** 63n);
const MOST = 2n ** 63n - 1n;

/** As strtoll reads it, which stops at the first character that is no digit; Pacemaker takes no number that is too large. */
function integer(text: string): bigint | undefined {
  const [, sign, digits] = /^[ \t-\r]*([-+]?)(\d+)/.exec(text) ?? [];
  if (digits === undefined) return undefined;
  const value = sign === '-' ? -BigInt(digits) : BigInt(digits);
  return value < LEAST || value > MOST ? undefined : value;
}

const FLOATING =
  /^[ \t-\r]*(?<sign>[-+]?)(?:(?<infinite>inf)|(?<none>nan)|0x(?=\.?[\da-f])(?<whole>[\da-f]*)\.?(?<part>[\da-f]*)(?:p(?<power>[-+]?\d+))?|(?<decimal>(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?))/i;
const LEAST_FLOATING = 2 ** -1022;

/** As strtod reads it, hexadecimal too; Pacemaker takes no number that is too large or too small, and no -0. */
function floating(text: string): number | undefined {
  const found = FLOATING.exec(text)?.groups;
  if (found === undefined) return undefined;
  const { sign, infinite, none, whole, part = '', power = '0', decimal = '' } = found;
  const isNegative = sign === '-';
  if (infinite !== undefined) return isNegative ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  if (none !== undefined) return Number.NaN;
  const digits = whole === undefined ? decimal.replace(/e.*/i, '') : `${whole}${part}`;
  if (!/[1-9a-f]/i.test(digits)) return isNegative ? undefined : 0;
  const size =
    whole === undefined ? Number(decimal) : Number(`0x${digits}`) * 2 ** (Number(power) - 4 * part.length);
  if (size <= LEAST_FLOATING || size === Number.POSITIVE_INFINITY) return undefined;
  return isNegative ? -size : size;
}

/** As strcasecmp does: byte by byte, A to Z taken for a to z. */
function compareText(one: string, other: string): number {
  return Buffer.compare(Buffer.from(lower(one)), Buffer.from(lower(other)));
}

const lower = (text: string) => text.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
