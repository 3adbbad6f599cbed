/**
 * The forms that values of /etc/vm-ctl.conf have. A form reads the words of a setting, or says how it is written.
 *
 * A plain string where a list belongs is split at white space, as the old shell script did when it used it.
 */
import type { ShellEntry } from '../../../shared/config/shell-config.ts';
import type { AgentName, AttributeTest, OperationSettings, OrderSettings } from './settings.ts';

export interface Form<T> {
  /** As it is written in the file, for messages: `(interval timeout on-fail)`. */
  readonly shape: string;
  /** A plain value is one word, blanks and all. */
  readonly isText?: boolean;
  /** Undefined: the words are not of this form. */
  read(words: readonly string[]): T | undefined;
}

export function wordsOf(entry: ShellEntry): readonly string[] {
  return entry.kind === 'list' ? entry.values : entry.value.split(/[ \t\n]+/).filter((word) => word !== '');
}

/** One value, kept as it stands: white space in it is part of it. */
function single<T>(shape: string, read: (word: string) => T | undefined): Form<T> {
  return {
    shape,
    isText: true,
    read: (words) => (words.length === 1 && words[0] !== undefined ? read(words[0]) : undefined),
  };
}

export const text = (shape: string): Form<string> => single(shape, (word) => word || undefined);

export const anyText = (shape: string): Form<string> => ({
  shape,
  isText: true,
  read: (words) => (words.length > 1 ? undefined : (words[0] ?? '')),
});

/** Words that are run as they are, without a shell. */
export const command: Form<readonly string[]> = {
  shape: '(program argument …)',
  read: (words) => (words.length === 0 || words[0] === '' ? undefined : words),
};

export const onOrOff: Form<boolean> = single('on or off', (word) => {
  if (word === 'on') return true;
  return word === 'off' ? false : undefined;
});

export const milliseconds: Form<number> = single('a number of milliseconds', (word) =>
  /^[1-9]\d{0,8}$/.test(word) ? Number(word) : undefined,
);

export const agentName: Form<AgentName> = single('ocf:PROVIDER:TYPE', (word) => {
  const [, provider, type] = /^ocf:([A-Za-z0-9_.-]+):([A-Za-z0-9_.-]+)$/.exec(word) ?? [];
  return provider === undefined || type === undefined ? undefined : { class: 'ocf', provider, type };
});

/** As the CIB writes it. */
function cibScore(word: string): string | undefined {
  const [, sign, infinite] = /^([-+]?)(inf(?:inity)?)$/i.exec(word) ?? [];
  if (infinite !== undefined) return sign === '-' ? '-INFINITY' : 'INFINITY';
  return /^[-+]?\d{1,7}$/.test(word) ? String(Number(word)) : undefined;
}

export const score: Form<string> = single('a whole number or INFINITY', cibScore);

const INTERVAL = /^\d{1,9}(?:ms|msec|us|s|sec|m|min|h|hr)?$/;
const ON_FAIL = ['ignore', 'block', 'demote', 'stop', 'restart', 'standby', 'fence', 'restart-container'];

export const operation: Form<OperationSettings> = {
  shape: `(interval timeout on-fail) with on-fail one of ${ON_FAIL.join(' ')}`,
  read(words) {
    const [interval = '', timeout = '', onFail = ''] = words;
    const isGood =
      words.length === 3 && INTERVAL.test(interval) && INTERVAL.test(timeout) && ON_FAIL.includes(onFail);
    return isGood ? { interval, timeout, onFail } : undefined;
  },
};

/** What follows a failure is decided by vm_stonith. */
export const fencedOperation: Form<OperationSettings> = {
  shape: '(interval timeout)',
  read(words) {
    const [interval = '', timeout = ''] = words;
    const isGood = words.length === 2 && INTERVAL.test(interval) && INTERVAL.test(timeout);
    return isGood ? { interval, timeout, onFail: undefined } : undefined;
  },
};

const TESTS = ['lt', 'gt', 'lte', 'gte', 'eq', 'ne'];

export const attributeTest: Form<AttributeTest> = {
  shape: `(operation value) with operation one of ${TESTS.join(' ')}`,
  read(words) {
    const [test = '', value = ''] = words;
    return words.length === 2 && TESTS.includes(test) && value !== ''
      ? { operation: test, value }
      : undefined;
  },
};

export const order: Form<OrderSettings> = {
  shape: '(score symmetrical) with symmetrical true or false',
  read(words) {
    const [word = '', symmetrical = ''] = words;
    const value = cibScore(word);
    if (words.length !== 2 || value === undefined || !['true', 'false'].includes(symmetrical))
      return undefined;
    return { kind: value === '0' ? 'Optional' : 'Mandatory', isSymmetrical: symmetrical === 'true' };
  },
};

export interface DependencyEntry {
  readonly clone: string;
  readonly attribute: string | undefined;
}

export const cloneAndAttribute: Form<DependencyEntry> = {
  shape: '(clone attribute) or (clone)',
  read([clone, attribute, ...rest]) {
    return clone === undefined || rest.length > 0 ? undefined : { clone, attribute };
  },
};

export const cloneAlone: Form<DependencyEntry> = {
  shape: '(clone)',
  read([clone, ...rest]) {
    return clone === undefined || rest.length > 0 ? undefined : { clone, attribute: undefined };
  },
};
