/** Laws of what ocf:extra:VirtualDomain reads in files: it judges as vm-stonithd and vm-ctl do, and executes nothing. */
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { type TestContext, test } from 'node:test';
import { isMisreadName } from '../../../host/libvirt/misread-name.ts';
import { wasSentAwayIn } from '../../../host/stonith/libvirt/domain-traces.ts';
import { isBetweenHosts } from '../../../host/stonith/libvirt/status-file.ts';
import { Random } from '../../support/random.ts';
import { drawn, runCases, trapsIn } from '../../support/shell-cases.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

const AGENT = readFileSync(resolve(import.meta.dirname, '../../../host/agents/VirtualDomain'), 'utf8');
const CASES = 80;

function functionNamed(name: string): string {
  const [text] = new RegExp(`^${name}\\(\\) ([{(])\\n[\\s\\S]*?^[})]$`, 'm').exec(AGENT) ?? [];
  assert.ok(text, `${name} is no function of the agent`);
  return text;
}

/** Reads each text as the file `name` of a directory of its own, by functions of the agent. */
async function readAll(
  t: TestContext,
  functions: readonly string[],
  { name, call, textOf }: { readonly name: string; readonly call: string; readonly textOf: Draw },
) {
  const directory = temporaryDirectory(t);
  const random = new Random(20_261_122);
  const texts = Array.from({ length: CASES }, () => textOf(random, trapsIn(directory)));
  const places = texts.map((text, index) => {
    const place = join(directory, String(index));
    mkdirSync(place);
    writeFileSync(join(place, name), text);
    return place;
  });
  const results = await runCases({
    directory,
    shell: ['sh'],
    begin: functions.map(functionNamed).join('\n'),
    cases: places.map((place) => `cd ${place}\nplace=${place}/none domain=web\n${call}`),
  });
  return texts.map((text, index) => ({ text, ...results[index] }));
}

type Draw = (random: Random, traps: readonly string[]) => string;

const AT = '2026-11-21 20:39:06.931+0000: ';
const LOG_PIECES = [
  ...[
    AT,
    `\n${AT}starting up libvirt version: 9.0.0\n`,
    'starting up ',
    'shutting down, reason=',
    '\n',
    ' ',
    ': ',
  ],
  ...['migrated', 'failed', 'destroyed', 'from snapshot', '\r', '-', "'", '"', '\\', '%s', '\u00ff', 'x'],
  ...['migrated', 'failed', 'crashed'].map((reason) => `\n${AT}shutting down, reason=${reason}\n`),
];

test('whether a machine has left it tells from its log as vm-stonithd does', async (t) => {
  const all = await readAll(t, ['is_place', 'read_logs', 'has_left_by_hand'], {
    name: 'web.log',
    call: 'logs=$PWD\nhas_left_by_hand',
    textOf: (random, traps) => drawn(random, [...LOG_PIECES, ...traps], 12),
  });
  for (const { text, status } of all) assert.equal(status === 0, wasSentAwayIn(text), JSON.stringify(text));
  const left = all.filter(({ status }) => status === 0).length;
  assert.ok(left > CASES / 10 && left < CASES, `${left} of ${CASES} have left`);
});

const STATUS_PIECES = [
  ...["<domstatus state='paused' reason='", "<domstatus state='running' reason='", 'migration', 'post-copy'],
  ...[
    "async='migration in'",
    "async='migration out'",
    "async='none'",
    "async='",
    'migration in',
    "'",
    '"',
    '&apos;',
  ],
  ...[' failed', 'booted', '\n', '\r', '<', '>', '\\', '\u00ff'],
];

test('whether a machine is between two hosts it tells from its status as vm-stonithd does', async (t) => {
  const all = await readAll(t, ['is_between_hosts'], {
    name: 'web.xml',
    call: 'run=$PWD\nis_between_hosts',
    textOf: (random, traps) => drawn(random, [...STATUS_PIECES, ...traps], 8),
  });
  for (const { text, status } of all) assert.equal(status === 0, isBetweenHosts(text), JSON.stringify(text));
  const between = all.filter(({ status }) => status === 0).length;
  assert.ok(between > CASES / 10 && between < CASES, `${between} of ${CASES} are between two hosts`);
});

const NAME_PIECES = [
  ...[
    'web',
    '1',
    '12',
    'a',
    'f',
    '0x',
    '-',
    '+',
    ' ',
    '\t',
    'ゲスト',
    '&',
    '&amp;',
    '<',
    '</name>',
    '<name>',
    '\\',
  ],
  ...['|', "'", '"', '*', '$HOME', '%s', '\\n', '12345678-1234-1234-1234-123456789abc', 'a'.repeat(32)],
];

test('the name of a machine is what stands in its line, and what virsh makes of it is told as vm-ctl does', async (t) => {
  const all = await readAll(t, ['read_domain', 'misread_of_digits'], {
    name: 'file.xml',
    call: 'config=$PWD/file.xml\nread_domain\nprintf \'%s\\001%s\' "$domain" "$misread"',
    textOf: (random, traps) =>
      `<domain>\n  <name>${drawn(random, [...NAME_PIECES, ...traps], 3)}</name>\n</domain>\n`,
  });
  for (const { text, status, stdout = '' } of all) {
    assert.equal(status, 0);
    const written = text.slice('<domain>\n  <name>'.length, -'</name>\n</domain>\n'.length);
    const [domain, misread] = stdout.split('\u0001');
    assert.equal(domain, written.includes('&') ? '' : written);
    assert.equal(misread !== '', domain !== '' && isMisreadName(written), JSON.stringify([written, misread]));
  }
});
