/**
 * What libvirt and vm-stonithd have left of a domain on the disks of a host without a cluster: by it a domain is called ended, or
 * is not. Each is read once more here in another way, and the two have to agree.
 */
import { wasSentAwayIn } from '../../../host/stonith/libvirt/domain-traces.ts';
import { pidIn } from '../../../host/stonith/libvirt/proc-text.ts';
import { type KeptStart, startsIn } from '../../../host/stonith/libvirt/starts-file.ts';
import { isBetweenHosts } from '../../../host/stonith/libvirt/status-file.ts';
import { type Family, law, same } from '../family.ts';

const AT = '2026-11-21 20:39:06.931+0000: ';
const START = `${AT}starting up libvirt version: 9.0.0\n`;
const end = (reason: string) => `${AT}shutting down, reason=${reason}\n`;
const STARTS = '[{"domain":"a","heldBy":[{"pid":7,"startTicks":"12"}]},{"heldBy":[]},{"domain":"b"}]';

export const libvirtTraces: Family = {
  name: 'libvirt-traces',
  seeds: () => [
    `${START}LC_ALL=C \\\n-msg timestamp=on\n${end('migrated')}${START}${end('failed')}${end('failed')}`,
    `${START}${end('shutdown')}qemu: terminating on signal 15\n${START}${START}${end('failed')}`,
    statusOf("state='running' reason='booted' pid='7'", 'none', 'a'),
    statusOf("state='paused' reason='migration' pid='7'", 'migration out', 'a'),
    statusOf("state='paused' reason='post-copy failed' pid='7'", 'migration in', 'a'),
    STARTS,
    '[]\n',
    '12345\n',
  ],
  words: [
    ...[
      START,
      AT,
      'starting up ',
      'shutting down, reason=',
      end('migrated'),
      end('failed'),
      end('destroyed'),
    ],
    ...[
      'migrated',
      'failed',
      'from snapshot',
      '\n',
      '\r',
      ': ',
      ' ',
      '\0',
      '-',
      '+',
      '.',
      "'",
      '"',
      '&apos;',
    ],
    ..."<domstatus state='paused' reason='|<domstatus |migration|post-copy|async='|migration in'|migration out'".split(
      '|',
    ),
    ...[
      '{"domain":"a"}',
      '"heldBy":',
      'null',
      '{"pid":1,"startTicks":"1"}',
      '"__proto__":',
      '[',
      ']',
      ',',
      '1e3',
    ],
  ],
  usualBytes: 500,
  longestBytes: 100_000,
  check(input) {
    const text = input.toString('latin1');
    lawfulLog(text);
    lawfulStatus(text);
    lawfulStarts(text);
    const word = text.trim();
    const isNumber = word.length < 1_000 && consistsOf(word, '0123456789');
    const pid = isNumber && BigInt(word) <= BigInt(Number.MAX_SAFE_INTEGER) ? Number.parseInt(word, 10) : 0;
    if (word.length < 1_000) same(pidIn(text), pid > 1 ? pid : undefined, 'a pid file means another process');
  },
};

/** A start that failed changes nothing: its end is passed over, and its beginning where libvirt has written one. */
function lawfulLog(told: string): void {
  const sent = wasSentAwayIn(told);
  const events = told.split('\n').flatMap(eventIn);
  let last = events.pop();
  while (last === 'failed') {
    last = events.pop();
    if (last === START) last = events.pop();
  }
  law(sent === (last === 'migrated'), 'read otherwise it was not sent, or was', told);
  const after = (more: string) => wasSentAwayIn(`${told}\n${more}`);
  law(!after(START), 'it runs here, and was sent away');
  law(after(end('migrated')), 'it was sent away just now, and was not');
  law(!after(START + end('destroyed')), 'it was ended here, and was sent away');
  law(after(START + end('failed')) === sent, 'a start that failed has changed something');
  if (events.length > 0 && last !== START)
    law(after(end('failed')) === sent, 'a start that failed early has');
}

/** Its reason for what ends, START for what starts. */
function eventIn(line: string): readonly string[] {
  const [date = '', time = '', ...rest] = line.split(' ', 6);
  const isTime =
    consistsOf(date, '-0123456789') &&
    time.length > 1 &&
    time.endsWith(':') &&
    consistsOf(time, '0123456789:.+');
  if (!isTime) return [];
  const words = rest.join(' ');
  if (rest.length > 2 && words.startsWith('starting up ')) return [START];
  const reason = words.startsWith('shutting down, reason=') ? line.slice(line.indexOf('=') + 1) : '';
  const length = [...reason].findIndex((one) => !consistsOf(one, ' abcdefghijklmnopqrstuvwxyz'));
  const known = length < 0 ? reason : reason.slice(0, length);
  return known === '' ? [] : [known];
}

const consistsOf = (text: string, letters: string) =>
  text !== '' && [...text].every((one) => letters.includes(one));

/** Such a document as libvirt writes it, whatever stands in the texts of the domain. */
function statusOf(state: string, job: string, text: string): string {
  const entities: Readonly<Record<string, string>> = {
    '<': '&lt;',
    '>': '&gt;',
    '&': '&amp;',
    "'": '&apos;',
    '"': '&quot;',
  };
  const escaped = text.replace(/[<>&'"]/g, (sign) => entities[sign] ?? '');
  return `<domstatus ${state}>\n  <job type='none' async='${job}'/>\n  <domain type='kvm' id='1'>\n    <name>${escaped}</name>\n<metadata a='${escaped}'/></domain>\n</domstatus>\n`;
}

const AWAY = [
  "<domstatus state='paused' reason='migration'",
  "async='migration in'",
  "async='migration out'",
];
const POSTCOPY = "<domstatus state='paused' reason='post-copy";

function lawfulStatus(text: string): void {
  const isAway = text.split('\n').some((line) => {
    const at = line.indexOf(POSTCOPY);
    const isPostcopy = at >= 0 && line.indexOf("'", at + POSTCOPY.length) >= 0;
    return isPostcopy || AWAY.some((words) => line.includes(words));
  });
  law(isBetweenHosts(text) === isAway, 'read otherwise it is between two hosts, or is not', text);
  const is = (state: string, job = 'none') => isBetweenHosts(statusOf(state, job, text));
  law(!is("state='running' reason='booted'"), 'a text of the domain is taken for what libvirt does', text);
  law(!is("state='paused' reason='user'"), 'a text of a paused domain is taken for what libvirt does', text);
  for (const reason of ['migration', 'post-copy', 'post-copy failed'])
    law(is(`state='paused' reason='${reason}'`), 'a text of the domain hides where it is', text);
  for (const job of ['migration in', 'migration out'])
    law(is("state='running' reason='booted'", job), 'a text of the domain hides that it goes', text);
}

/** No start that stands there is passed over: what is not understood as a whole throws, and then there may be any. */
function lawfulStarts(text: string): void {
  let starts: readonly KeptStart[];
  try {
    starts = startsIn(text);
  } catch {
    same(startsIn(JSON.stringify([{ domain: text }])), [{ domain: text }], 'a domain has another name');
    return;
  }
  const plain: unknown = JSON.parse(text);
  law(Array.isArray(plain) && plain.length === starts.length, 'starts are passed over', plain, starts);
  for (const { domain, heldBy } of starts) {
    law(domain === undefined || typeof domain === 'string', 'a domain without a name', domain);
    for (const { pid, startTicks } of heldBy ?? [])
      law(Number.isSafeInteger(pid) && typeof startTicks === 'string', 'no process', pid, startTicks);
  }
  same(startsIn(JSON.stringify(starts)), starts, 'written and read again they are other starts');
}
