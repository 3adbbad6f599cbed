/** Words of command lines, one a line: what people, scripts and the cluster start our programs with. */

import { readCommandLine } from '../../../guest/connect/command-line.ts';
import { parameters } from '../../../guest/fence/parameters.ts';
import { fromArguments } from '../../../guest/fence/read-parameters.ts';
import { expiryOf } from '../../../host/ctl/command/expiry.ts';
import { parseCommandLine } from '../../../host/ctl/command/options.ts';
import { splitNames } from '../../../host/ctl/plan/guest-names.ts';
import { PmError } from '../../../shared/errors.ts';
import { type Family, law, lawfulWords, same } from '../family.ts';

/** commander builds some thirty commands for each. */
const OF_COMMANDER = 0.02;
const NOW_MS = Date.parse('2026-01-01T00:00:00Z');

export const commandLines: Family = {
  name: 'command-lines',
  seeds: () => [
    '--action=off\n--plug=guest2\n--token\nguest2:TOKENTOKENTOKEN\n-v\n-q',
    '-o\noff\n-n\nguest2\n-vq\n--power-timeout=60',
    '-t\nstonith\n-r\noff TOKEN\n-i\nid-1\n--timeout=60\n--json',
    'ping\n-c\n3\n--socket\n/s\n-q',
    'resource\nmove\nguest1,guest2\n--node\nhostB\n--wait\n--timeout\n60\n-y',
    'token\nmake\n-g\nguest1\n-r\nprm\n--expires\n90d\n--\nweb*',
    '2027-01-01T00:00:00Z',
  ],
  words: [
    ...[
      '--',
      '\n',
      '=',
      '-',
      '--action',
      '--plug',
      '-n',
      '--token',
      '--tokens',
      '--verbose',
      '--help',
      '-o',
      '-v',
    ],
    ...[
      'ping',
      'status',
      '-t',
      '-r',
      '-R',
      '-i',
      '--known',
      '--count',
      '--timeout',
      'monitor',
      'stonith',
      'timeout',
    ],
    ...[
      'resource',
      'add',
      'delete',
      'check',
      'help',
      '--dry-run',
      '--config',
      '--json',
      'undo',
      'host',
      'init',
    ],
    ...[
      '90d',
      '1y',
      '2026-02-30',
      '\u001b[2J',
      '\u0085',
      '\u2028',
      '\ud83d',
      "'",
      '"',
      '\\,',
      ',',
      '*',
      '1e3',
      '-1',
      '',
    ],
  ],
  usualBytes: 200,
  // A group of short options costs Node's own parseArgs the square of its length.
  longestBytes: 4_000,
  check(input, random) {
    const text = input.toString('utf8');
    const words = text.split('\n');
    lawfulParameters(words);
    lawfulQuestion(words);
    const expiry = expiryOf(words[0], NOW_MS);
    law(expiry === 'unreadable' || Number.isSafeInteger(expiry), 'an expiry that is no time', expiry);
    const names = splitNames(words);
    law(
      names.every((name) => name.trim() === name && name !== ''),
      'a name of blanks',
      names,
    );
    law(new Set(names).size === names.length, 'a name twice', names);
    if (random.next() < OF_COMMANDER) lawfulCommand(words);
  },
};

const NAMES = new Set(parameters.map(({ name }) => name));

/** A value is what stands there, letter by letter, of a parameter that there is. */
function lawfulParameters(words: readonly string[]): void {
  const read = fromArguments(words);
  if (!read.ok) {
    lawfulWords(read.problem, 'what is wrong with an option');
    return;
  }
  for (const [name, value] of read.given) {
    law(NAMES.has(name), 'a parameter that there is not', name);
    law(value === '1' || words.some((word) => word.endsWith(value)), 'a value from nowhere', name, value);
  }
  const again = [...read.given].flatMap(([name, value]) => {
    const takes = parameters.find((one) => one.name === name)?.type !== 'boolean';
    return takes ? [`--${name}`, value] : [`--${name}`];
  });
  const reread = fromArguments(again);
  law(reread.ok, 'what was given is refused', again);
  same([...reread.given], [...read.given], 'written and read again it is something else');
}

function lawfulQuestion(words: readonly string[]): void {
  try {
    const command = readCommandLine(words);
    if (command.kind === 'request') {
      law(
        command.text.trim() !== '' && words.some((word) => word.endsWith(command.text)),
        'no request',
        command,
      );
      law(!(command.service === 'stonith' && command.text === 'timeout'), 'a call-off is a request', command);
    }
    if ('timeoutMs' in command)
      law(command.timeoutMs > 0 && Number.isSafeInteger(command.timeoutMs), 'no time', command);
  } catch (thrown) {
    if (!(thrown instanceof PmError)) throw thrown;
    law(thrown.code === 'usage', 'refused as something else', thrown.code);
    lawfulWords(thrown.fault, 'a fault');
  }
}

/** Whoever only looks, or whose words are not understood, changes nothing. */
function lawfulCommand(words: readonly string[]): void {
  const line = parseCommandLine(words);
  if (line.kind !== 'command') return;
  const [first = '', second] = line.command.split(' ');
  law(words.includes(first) && (second === undefined || words.includes(second)), 'another command', line);
  const options = words.slice(0, words.includes('--') ? words.indexOf('--') : words.length);
  law(!options.includes('-h') && !options.includes('--help'), 'help is a command', line);
  for (const { text } of line.names) law(splitNames(words).includes(text), 'a name from nowhere', text);
}
