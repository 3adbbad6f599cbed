/** Files that admins write: vm-ctl.conf in the words of a shell, the others as sections, rules, keys and tokens among them. */

import { tokensFromFile, tokensFromParameter } from '../../../guest/fence/token-map.ts';
import { readSettings } from '../../../host/ctl/config/read-settings.ts';
import { answerTo } from '../../../host/manager/monitor-desk.ts';
import { readRules, ruleBook } from '../../../host/manager/rules.ts';
import { printKeys, readKeys } from '../../../host/stonith/token/key-text.ts';
import { printIniConfig, readIniConfig } from '../../../shared/config/ini-config.ts';
import { formatProblem, type Problem, type ReadResult } from '../../../shared/config/problem.ts';
import { printShellConfig, readShellConfig } from '../../../shared/config/shell-config.ts';
import { type Family, law, lawfulWords, same } from '../family.ts';

const FILE = '/etc/file';

/** A thousand of the syntax and of the meaning each, and a word on the rest. */
const MOST_PROBLEMS = 2 * 1_001;

function lawfulProblems(problems: readonly Problem[]): void {
  law(problems.length <= MOST_PROBLEMS, 'so many problems', problems.length);
  for (const problem of problems) lawfulWords(formatProblem(problem), 'a problem');
}

function lawfulResult<Entry>(result: ReadResult<Entry>): readonly Entry[] {
  lawfulProblems(result.ok ? result.warnings : result.problems);
  law(
    result.ok || result.problems.some(({ severity }) => severity === 'error'),
    'refused without an error',
    result,
  );
  return result.ok ? result.entries : [];
}

export const shellConfig: Family = {
  name: 'shell-config',
  seeds: () => [
    'vm_cfg_dir="/etc/libvirt/qemu"\nvm_cfg_ext=.xml # the files\nvm_allow_migrate=on\n',
    "vm_start_op=(0 120s restart)\nvm_stop_op=(0 '90s')\nvm_pingd1=(clnPingd default_ping_set)\n",
    'vm_pingd_loc=(lt 100)\nvm_pingd_col=INFINITY\nvm_pingd_odr=(0 false)\nvm_stonithd1=(clnVmStonithd)\ncrmadmin_timeout=10000\n',
    'a=$(id)\nb=`id`\nexport c=d\ne+=f\ng[1]=h\ni=~/x\nj=${k\n',
    'x=a\\\nb\ny="a\\"b\\$c"\nz=(\'a b\' #c\n d)\n',
  ],
  words: [
    ...[
      'vm_cfg_dir=',
      'vm_start_op=(',
      'vm_pingd1=(',
      'vm_diskd2=(',
      'vm_ocf=',
      'ocf:extra:x',
      'vm_stonith=off',
      'vm_remote_shell=(ssh -l root)',
    ],
    ...[
      '=',
      '(',
      ')',
      '"',
      "'",
      '\\',
      '\\\n',
      '\n',
      '\r\n',
      '#',
      ' #',
      '$',
      '${',
      '$((',
      '`',
      '~',
      '*',
      '[',
      ']',
      '{',
      '}',
      ';',
      '&',
      '|',
      '<',
      '>',
      '+=',
    ],
    ...[
      'export ',
      '\t',
      '\0',
      '\ufeff',
      '\u001b',
      '\u0085',
      '\u2028',
      '\u00a0',
      'é',
      'INFINITY',
      '-INFINITY',
      'restart',
      'fence',
      '120s',
    ],
  ],
  usualBytes: 400,
  longestBytes: 100_000,
  check(input) {
    const text = input.toString('utf8');
    const entries = lawfulResult(readShellConfig(FILE, text));
    const settings = entries.map(({ line: _line, ...setting }) => setting);
    const again = readShellConfig(FILE, printShellConfig(settings));
    law(again.ok, 'what is printed is not read', again);
    same(
      again.entries.map(({ line: _line, ...setting }) => setting),
      settings,
      'printed and read again it is another one',
    );
    const meaning = readSettings(FILE, text);
    lawfulProblems(meaning.ok ? meaning.warnings : meaning.problems);
  },
};

const SECRET = Buffer.alloc(32, 5).toString('base64');

export const iniConfig: Family = {
  name: 'ini-config',
  seeds: () => [
    '[host]\nsocket = /run/vmconnectd.sock\nlog-level = info\n\n[guest a b]\nmode = bind\npath = /run/s\n',
    '# c\n; d\n[stonith]\nbackend = pacemaker\ndecrypt-command = openssl -k "x" # y\n[stonith]\nkeys = /k\nkeys = /l\n',
    `[3f9a1c07]\nstate = active\ncreated = 2026-01-01T00:00:00.000Z\nsecret = ${SECRET}\n`,
    `[a]\nstate = withdrawn\ncreated = 2026-01-01\nsecret = ${SECRET}\n[b]\nstate = accepted\ncreated = x\nsecret = AAAA\n`,
    'guest2 pkt2.a.b\n# c\nguest3\tTOKEN\n',
    'guest2:pkt2.a.b guest3:TOKEN;guest4:x,guest5:y',
  ],
  words: [
    ...[
      '[',
      ']',
      '=',
      ' = ',
      '#',
      ';',
      '\n',
      '\r\n',
      '\t',
      ' ',
      '\0',
      '\ufeff',
      '\u001b[2J',
      '\u0085',
      '\u2028',
      '\u00a0',
      'é',
      '[a]\n',
      'a = b\n',
    ],
    ...[
      'state = ',
      'active',
      'accepted',
      'created = ',
      'secret = ',
      SECRET,
      'T00:00:00Z',
      '9999-99-99',
      ':',
      ',',
      '[__proto__]\n',
      'constructor = x\n',
    ],
  ],
  usualBytes: 400,
  longestBytes: 100_000,
  check(input) {
    const text = input.toString('utf8');
    const sections = lawfulResult(readIniConfig(FILE, text));
    same(
      plainOf(readIniConfig(FILE, printIniConfig(sections))),
      plainOf({ ok: true, entries: sections }),
      'printed and read again it is another one',
    );
    lawfulResult(readIniConfig(FILE, text, { isStrict: true }));
    lawfulKeys(text);
    for (const read of [tokensFromFile(FILE, text), tokensFromParameter(text)])
      if (!read.ok) for (const problem of read.problems) lawfulWords(problem, 'a problem of tokens');
  },
};

function plainOf(result: {
  readonly ok: boolean;
  readonly entries?: ReturnType<
    typeof lawfulResult<{ name: string; settings: readonly { name: string; value: string }[] }>
  >;
}) {
  return result.entries?.map(({ name, settings }) => [name, settings.map((one) => [one.name, one.value])]);
}

function lawfulKeys(text: string): void {
  const read = readKeys(FILE, text);
  // Whoever reads keys takes a warning for an error.
  lawfulProblems(read.ok ? read.warnings : read.problems);
  const keys = read.ok ? read.entries : [];
  for (const { message } of read.ok ? [] : read.problems)
    law(!message.includes(SECRET.slice(0, 24)), 'a problem shows a secret', message);
  const again = readKeys(FILE, printKeys(keys));
  law(again.ok && again.entries.length === keys.length, 'keys that are printed are not read', again);
}

export const rules: Family = {
  name: 'rules',
  seeds: () => [
    '[default_ping_set]\nred = eq 0\nyellow = lt 100\ngreen = eq 100\n',
    '[diskcheck_status]\nred = eq ERROR\ngreen = eq normal\n[a]\nx = gte 1.5\ny = ne 0x1p4\nz = lte -INFINITY\n',
    '[a]\nb = gt inf\nc = lt nan\nd = eq\ne = xx 1\n',
  ],
  words: [
    ...[
      '[a]\n',
      '[b]\n',
      'x = eq ',
      'x = ne ',
      'lt ',
      'gt ',
      'lte ',
      'gte ',
      '\n',
      '=',
      ',',
      '1.5',
      '0x',
      'p99999999999',
      '1e999',
      'e-400',
    ],
    ...['INFINITY', 'nan', '-', '+', '.', '9223372036854775808', '\u001b', '\u2028', '#', 'é', ' ', '\t'],
  ],
  usualBytes: 300,
  longestBytes: 100_000,
  check(input) {
    const text = input.toString('utf8');
    const entries = lawfulResult(readRules(FILE, text));
    const book = ruleBook(entries);
    const names = [...book.keys()].slice(0, 4);
    for (const value of ['100', 'ERROR', '0x1.8p3', text.slice(0, 100), entries[0]?.rules[0]?.value ?? '']) {
      const answer = answerTo({ names, known: undefined }, book, new Map(names.map((name) => [name, value])));
      law(
        answer.text === '' || answer.text.split(',').length === names.length,
        'an answer of more parts than names',
        answer,
      );
      law(!/[\p{Cc}]/u.test(answer.text), 'an answer of several lines', answer);
    }
  },
};
