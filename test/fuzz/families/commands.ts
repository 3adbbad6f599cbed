/** What commands, processes and the cluster's attributes give us to read, and what fence_vm is given. */

import { readAction } from '../../../guest/fence/actions.ts';
import { fenceVm } from '../../../guest/fence/fence-vm.ts';
import { fromInput } from '../../../guest/fence/read-parameters.ts';
import { readSettings } from '../../../guest/fence/settings.ts';
import { loadTargets } from '../../../guest/fence/targets.ts';
import { formatMark, formatRecord, parseMark, parseRecord } from '../../../host/stonith/decide/record.ts';
import { isQemuOf, statFieldsIn } from '../../../host/stonith/libvirt/proc-text.ts';
import {
  finishedIn,
  formatTombstones,
  parseTombstones,
  type Tombstone,
} from '../../../host/stonith/pacemaker/finished-jobs.ts';
import { type Family, law, lawfulWords, same } from '../family.ts';

export const fenceInput: Family = {
  name: 'fence-input',
  seeds: () => [
    'action=off\nplug=guest2\ntoken=guest2:TOKENTOKENTOKEN\npower_timeout=60\n',
    'action=list\ntokens=guest2:TOKENTOKENTOKEN guest3:OTHEROTHER\nseparator=,\nverbose=1\n',
    '# c\n port = "guest2" \nnodename=guest2\ndelay=3s\ndelay_max=9\ndisable-timeout=true\naction=monitor\ntoken_file=/t\n',
    'action=metadata\n',
    'action=validate-all\ntokens=a:b\n',
  ],
  words: [
    ...[
      'action=',
      'plug=',
      'port=',
      'nodename=',
      'token=',
      'tokens=',
      'token_file=',
      'delay=',
      'power_timeout=',
      'shell_timeout=',
      'separator=',
    ],
    ...[
      'socket=',
      'verbose=',
      'quiet=',
      'help=1',
      'version=1',
      'off',
      'on',
      'reboot',
      'list',
      'monitor',
      'list-status',
      '=',
      '\n',
      ':',
      ' ',
      '"',
      '#',
    ],
    ...['\0', '\u001b', '\u0085', '\u2028', '-', '_', '1e9', '99999999999', '-1', 'yes', 'no', '__proto__=1'],
  ],
  usualBytes: 400,
  longestBytes: 50_000,
  check(input) {
    const text = input.toString('utf8');
    const given = fromInput(text);
    let isFile = false;
    for (const isUnderPacemaker of [true, false]) {
      const read = readSettings(given, isUnderPacemaker);
      if (!read.ok) {
        lawfulComplaints(read.problems, given);
        continue;
      }
      const { settings } = read;
      law(settings.leastDelayMs <= settings.mostDelayMs, 'a delay that ends before it begins', settings);
      law(settings.powerTimeoutMs > 0 && settings.queryTimeoutMs > 0, 'no time at all', settings);
      isFile ||= settings.tokens.kind === 'file';
      if (settings.tokens.kind === 'file') continue;
      const loaded = loadTargets(settings);
      if (!loaded.ok) lawfulComplaints(loaded.problems, given);
    }
    const action = readAction(given.get('action') || 'reboot');
    const asksNobody =
      action === undefined || action === 'metadata' || action === 'list' || action === 'validate-all';
    return asksNobody && !isFile ? lawfulRun(text) : undefined;
  },
};

/** Whoever reads a complaint may not know the token. */
const TELLING_LETTERS = 12;

function lawfulComplaints(problems: readonly string[], given: ReadonlyMap<string, string>): void {
  // A name may be shown, and a token of this making may be a part of one.
  const names = wordsOf(given).map((word) => word.slice(0, Math.max(0, word.indexOf(':'))));
  const named = [...new Set(names)].join('\n');
  const tokens = [...new Set(tokensOf(given))].filter((token) => !named.includes(token));
  for (const problem of problems) {
    lawfulWords(problem, 'a complaint');
    for (const token of tokens) law(!problem.includes(token), 'a complaint shows a token', problem, token);
  }
}

const wordsOf = (given: ReadonlyMap<string, string>) => [
  given.get('token') ?? '',
  ...(given.get('tokens') ?? '').split(/[\s,;]+/),
];

/** Whatever may be one, in both parameters: all of it, each word, and what stands behind the name of a word. */
function tokensOf(given: ReadonlyMap<string, string>): readonly string[] {
  return wordsOf(given)
    .flatMap((word) => (word.includes(':') ? [word, word.slice(word.indexOf(':') + 1)] : [word]))
    .filter(({ length }) => length >= TELLING_LETTERS);
}

async function lawfulRun(input: string): Promise<void> {
  let complaints = '';
  const exitStatus = await fenceVm({
    parameters: [],
    readInput: () => input,
    print: () => undefined,
    complain: (text) => {
      complaints += text;
    },
    isUnderPacemaker: true,
    random: () => 0,
    sleep: async () => undefined,
  });
  law(exitStatus === 0 || exitStatus === 1, 'another exit status', exitStatus);
  for (const line of complaints.split('\n')) lawfulWords(line, 'a complaint');
}

export const records: Family = {
  name: 'records',
  seeds: () => [
    'off:1893456000:guest1:hostA:Started:3f9a1c07-0000-4000-8000-000000000001',
    'reset:1:g%201:h%3A:-:a:b:c',
    '3f9a1c07:1893456000',
    '1893456000/confirmed/off/guest1/off/prmVMCTL_guest2/3f9a1c07 1893456001/confirmed/on/g%2F/reset/r/x',
  ],
  words: [
    'off',
    'on',
    'reset',
    ':',
    '/',
    ' ',
    '-',
    '%',
    '%2F',
    '%3A',
    '%ff',
    '%2D',
    '%00',
    '%ed%a0%80',
    'confirmed',
    '1893456000',
    '\n',
    '\0',
    'é',
    '\ud83d\ude00',
  ],
  usualBytes: 300,
  longestBytes: 50_000,
  check(input) {
    const text = input.toString('utf8');
    const record = parseRecord(text);
    // No role is called like the sign for none.
    if (record !== undefined && record.formerRole !== '-')
      same(parseRecord(formatRecord(record)), record, 'written and read again it is another record');
    const mark = parseMark(text);
    if (mark !== undefined)
      same(
        parseMark(formatMark(mark.id, mark.untilWallMs)),
        mark,
        'written and read again it is another mark',
      );
    const stones = parseTombstones(text);
    same(parseTombstones(formatTombstones(stones)), stones, 'written and read again they are other jobs');
    for (const stone of stones.slice(0, 3)) lawfulEnd(text, stone, stones);
  },
};

const NEVER_MS = 1e18;

/** One request has the end that was written of it, of nobody else's, and not for ever. */
function lawfulEnd(text: string, stone: Tombstone, stones: readonly Tombstone[]): void {
  const end = (asked: Tombstone, wallMs = stone.atWallMs) => finishedIn(['x', text], asked, wallMs);
  const isSame = (one: Tombstone) =>
    (['requester', 'operation', 'resource', 'id'] as const).every((name) => one[name] === stone[name]);
  const states = stones.filter(isSame).map(({ state }) => state);
  const found = end(stone);
  law(found !== undefined && states.includes(found.state), 'a request has another end', stone, found);
  law(end(stone, NEVER_MS) === undefined, 'a request has an end for ever', stone);
  for (const name of ['requester', 'resource', 'id'] as const) {
    const other = { ...stone, [name]: `${stone[name]}\n` };
    law(end(other) === undefined, "a request has another's end", other);
  }
}

const STAT = '(qemu) S 1 2 2 0 -1 4194560 1 0 0 0 1 2 3 4 20 0 6 0 12345 1000 200 18446744073709551615';

export const processes: Family = {
  name: 'processes',
  seeds: () => [
    '/usr/bin/qemu-system-x86_64\0-name\0guest=guest1,debug-threads=on\0-S\0',
    'qemu\0-name\0guest=a,,b,x=y\0',
    STAT,
    '(a) Z (b\n) R 1',
  ],
  words: [
    '\0',
    '-name',
    '-name\0guest=',
    'guest=',
    'guest1',
    ',',
    ',,',
    ', ',
    ') ',
    '(',
    ')',
    '\n',
    ' S ',
    ' Z ',
    '-1',
    'é',
    '\u00ff',
  ],
  usualBytes: 300,
  longestBytes: 100_000,
  check(input) {
    const text = input.toString('utf8');
    // A process chooses its own name, and its name stands before all that is read of it.
    const fields = 'S 1 2 2 0 -1 4194560 1 0 0 0 1 2 3 4 20 0 6 0 12345 1000';
    same(
      statFieldsIn(`77 (${text}) ${fields}\n`),
      `${fields}\n`.split(' '),
      'a name is taken for what stands behind it',
    );
    statFieldsIn(text);
    const [domain = ''] = text.split(/[\0/]/);
    const argv = ['/usr/bin/qemu', '-name', `guest=${domain.replaceAll(',', ',,')},debug-threads=on`, ''];
    law(isQemuOf(argv.join('\0'), domain), 'a domain is not told by its arguments', domain);
    law(!isQemuOf(argv.join('\0'), `${domain}x`), 'a domain is taken for one of a longer name', domain);
    const longer = ['qemu', '-name', `guest=${domain.replaceAll(',', ',,')},,x`].join('\0');
    law(!isQemuOf(longer, domain), 'a domain is taken for one of a shorter name', domain);
    if (isQemuOf(text, 'guest1'))
      law(text.includes('-name\0guest=guest1'), 'another process is taken for guest1', text);
  },
};
