/** The golden test of the catalogues: every sentence is there in every language, with the same values in it. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { helpText } from '../../../host/ctl/command/help.ts';
import { helpEn } from '../../../host/ctl/command/help-en.ts';
import { helpJa } from '../../../host/ctl/command/help-ja.ts';
import { COMMAND_NAMES } from '../../../host/ctl/command/options.ts';
import { en } from '../../../host/ctl/messages/en.ts';
import { ja } from '../../../host/ctl/messages/ja.ts';
import { languageOf } from '../../../host/ctl/messages/language.ts';
import { message } from '../../../host/ctl/messages/message.ts';
import { render } from '../../../host/ctl/messages/render.ts';
import { forReader, widthOf } from '../../../host/ctl/report/columns.ts';
import { program, vmCtl, workbench } from './vm-ctl.ts';

const valuesIn = (sentence: string) => new Set(sentence.match(/\{\w+\}/g));

test('no key is missing in either language, and each sentence has the same values in both', () => {
  assert.deepEqual(Object.keys(ja), Object.keys(en));
  const japanese = new Map(Object.entries(ja));
  for (const [key, sentence] of Object.entries(en)) {
    assert.deepEqual(valuesIn(japanese.get(key) ?? ''), valuesIn(sentence), key);
  }
});

test('all of Japanese is Japanese, but for what is data in every language', () => {
  const data = ['plain', 'yes-or-no', 'move-progress', 'key-refused'];
  for (const [key, sentence] of Object.entries(ja)) {
    if (!data.includes(key)) assert.match(sentence, /[\u3040-\u30ff\u4e00-\u9fff]/, key);
  }
});

test('every command has its help in both languages, with an example', () => {
  for (const help of [helpEn, helpJa]) {
    const topics = new Map(Object.entries(help));
    for (const name of COMMAND_NAMES)
      assert.match(topics.get(name) ?? '', new RegExp(`vm-ctl ${name}[\\s\\S]*\\n  vm-ctl `), name);
  }
  assert.deepEqual(Object.keys(helpJa), Object.keys(helpEn));
});

test('the language is that of messages, as every program chooses it', () => {
  assert.equal(languageOf({ LANG: 'ja_JP.UTF-8' }), 'ja');
  assert.equal(languageOf({ LANG: 'ja_JP.UTF-8', LC_MESSAGES: 'C' }), 'en');
  assert.equal(languageOf({ LANG: 'C', LC_ALL: 'ja' }), 'ja');
  assert.equal(languageOf({ LC_ALL: '', LANG: 'ja_JP.eucJP' }), 'ja');
  assert.equal(languageOf({ LANG: 'jam_JM' }), 'en');
  assert.equal(languageOf({}), 'en');
});

test('a name can play no tricks on a terminal', () => {
  const text = render(message('guest-not-registered', { guest: 'x\u001b[2J\u0007{guest}' }), en);
  assert.ok(text.startsWith('x\\u{1b}[2J\\u{7}{guest}: is not registered'));
  const all = Array.from({ length: 0x2100 }, (_, code) => String.fromCharCode(code)).join('');
  const shown = render(message('guest-not-registered', { guest: `${all}\ufeff` }), en);
  assert.doesNotMatch(shown.replaceAll('\n', ''), /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
});

test('help and refusals come in the language of the environment, on every level', async () => {
  const japanese = { env: { LANG: 'ja_JP.UTF-8' } };
  for (const words of [
    [],
    ['--help'],
    ['resource', '--help'],
    ['resource', 'add', '--help'],
    ['help', 'key'],
  ]) {
    assert.match((await vmCtl(words)).stdout, /^usage: vm-ctl/);
    assert.match((await vmCtl(words, japanese)).stdout, /^使い方: vm-ctl/);
  }
  const refused = await vmCtl(['resource', 'fly'], japanese);
  assert.equal(refused.exitCode, 1);
  assert.match(
    refused.stderr,
    /"resource fly" という vm-ctl のコマンドはありません\n使い方: vm-ctl resource/,
  );
});

test('no line of any help is wider than 80 columns, but for what a shell is to read', async () => {
  for (const language of ['en', 'ja'] as const) {
    for (const topic of ['', 'resource', ...COMMAND_NAMES]) {
      for (const line of (await helpText(topic, language)).split('\n')) {
        assert.ok(widthOf(line) <= 80 || line.startsWith('  vm-ctl '), `${topic}: ${line}`);
      }
    }
  }
});

test('a message is as wide as its terminal, loses no word there, and is one line everywhere else', async () => {
  for (const [catalogue, joint] of [
    [en, ' '],
    [ja, ''],
  ] as const) {
    const text = render(message('key-copy', { path: '/etc/pm-kvm-tools/keys' }), catalogue);
    assert.equal(forReader(text, {}), text);
    const lines = forReader(text, { isTTY: true, columns: 60 }).split('\n');
    assert.ok(lines.length > 1 && lines.every((line) => widthOf(line) <= 60), lines.join('\n'));
    assert.equal(forReader(text, { isTTY: true, columns: 0 }), forReader(text, { isTTY: true, columns: 80 }));
    assert.equal(lines.join(joint).replaceAll(' ', ''), text.replaceAll(' ', ''));
  }
  const words = ['token', 'explain', 'one', 'two'];
  const inPipe = (await vmCtl(words)).stderr;
  assert.match(inPipe, /^vm-ctl: there are 2 tokens; .{60,}\nvm-ctl: see vm-ctl --help\n$/);
  const command = `stty cols 50; ${process.execPath} ${program()} ${words.join(' ')}; true`;
  const env = { ...process.env, LC_ALL: 'C' };
  const screen = execFileSync('script', ['-qec', command, '/dev/null'], { env, encoding: 'utf8' });
  const shown = screen.trimEnd().split('\r\n');
  assert.ok(shown.length > 1 && shown.every((line) => line.length <= 50), screen);
  assert.equal(shown.join(' '), inPipe.trimEnd().replaceAll('\n', ' '));
});

test('the list of guests fits 80 columns in both languages, with names as long as those of the manual', async (t) => {
  const { done, run } = workbench(t);
  await done(['resource', 'add', 'guest1', 'guest2', '-a', 'host1']);
  for (const env of [{ LANG: 'C' }, { LANG: 'ja_JP.UTF-8' }]) {
    const { stdout } = await run(['resource', 'list'], { env });
    assert.match(stdout, /guest2 +prmVMCTL_guest2/);
    for (const line of stdout.split('\n')) assert.ok(widthOf(line) <= 80, line);
  }
});
