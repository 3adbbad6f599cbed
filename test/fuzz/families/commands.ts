/** What commands, processes and the cluster's attributes give us to read, and what fence_vm is given. */

import { readAction } from '../../../guest/fence/actions.ts';
import { fenceVm } from '../../../guest/fence/fence-vm.ts';
import { fromInput } from '../../../guest/fence/read-parameters.ts';
import { readSettings } from '../../../guest/fence/settings.ts';
import { loadTargets } from '../../../guest/fence/targets.ts';
import { parseDomainEvent } from '../../../host/libvirt/domain-events.ts';
import { parseDomainList } from '../../../host/libvirt/domain-list.ts';
import { parseDomainJob } from '../../../host/libvirt/job-info.ts';
import { formatMark, formatRecord, parseMark, parseRecord } from '../../../host/stonith/decide/record.ts';
import { isQemuOf, statFieldsIn } from '../../../host/stonith/libvirt/proc-text.ts';
import { formatTombstones, parseTombstones } from '../../../host/stonith/pacemaker/finished-jobs.ts';
import { lineSplitter } from '../../../shared/process/line-splitter.ts';
import { type Family, law, lawfulWords, same } from '../family.ts';
import { recorded } from './samples.ts';

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
  for (const problem of problems) {
    lawfulWords(problem, 'a complaint');
    const token = given.get('token') ?? '';
    law(token.length < TELLING_LETTERS || !problem.includes(token), 'a complaint shows the token', problem);
  }
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
  },
};

const LIST =
  "4b2d1c3a-0000-4000-8000-000000000001 3 guest1\n4b2d1c3a-0000-4000-8000-000000000002 - guest 2\n\nDomain: 'guest1'\n  state.state=1\n  state.reason=1\n";

export const virshOutput: Family = {
  name: 'virsh-output',
  seeds: () => [
    LIST,
    recorded('libvirt/domjobinfo.txt'),
    recorded('libvirt/events.txt'),
    "event 'lifecycle' for domain 'a': Started Booted\n",
  ],
  words: [
    ...[
      '\n',
      "Domain: '",
      "'\n",
      '  state.state=',
      '  state.reason=',
      '-',
      ' - ',
      "event '",
      "' for domain '",
      "': ",
      'lifecycle',
      'Stopped',
      'Job type:',
    ],
    ...[
      'Bounded',
      '4b2d1c3a-0000-4000-8000-000000000003',
      ' 7 ',
      '\r',
      '\0',
      '\u001b',
      '\u0085',
      '\u2028',
      'error: ',
      '   2',
      '99999999999999999999',
    ],
  ],
  usualBytes: 500,
  longestBytes: 100_000,
  check(input, random) {
    const text = input.toString('utf8');
    const list = parseDomainList(text);
    if (!list.ok) lawfulWords(list.fault, 'the fault of a list');
    const job = parseDomainJob(text);
    if (!job.ok) lawfulWords(job.fault, 'the fault of a job');
    const at = random.between(0, input.length);
    const lines = linesOf([input]);
    same(linesOf([input.subarray(0, at), input.subarray(at)]), lines, 'cut elsewhere there are other lines');
    for (const line of lines) parseDomainEvent(line);
  },
};

function linesOf(chunks: readonly Buffer[]): readonly string[] {
  const lines: string[] = [];
  const splitter = lineSplitter(65_536, (line) => lines.push(line));
  // Behind a line that is too long the stream is of no more use.
  for (const chunk of chunks) if (!splitter.add(chunk)) break;
  return lines;
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
