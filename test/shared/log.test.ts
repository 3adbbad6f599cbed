import assert from 'node:assert/strict';
import { fstatSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import { createLogger, defaultLogFormat, type LogFormat, type LogLevel } from '../../shared/log.ts';
import { eventually } from '../support/eventually.ts';
import { fixtureCommand, startFixture } from '../support/run-fixture.ts';

const FORMATS = ['plain', 'journal', 'json'] as const;
const LEVELS = ['error', 'warning', 'info', 'debug'] as const;

function logInto(written: string[], format: LogFormat, level: LogLevel = 'debug') {
  const wallMs = () => Date.UTC(2026, 0, 2, 3, 4, 5, 6);
  return createLogger({ format, level, program: 'vm-x', wallMs, write: (line) => written.push(line) });
}

test('plain has time, program and level in front, and fields behind', () => {
  const written: string[] = [];
  logInto(written, 'plain').warning('guest guest1: connecting => up', {
    port: 5,
    again: true,
    why: undefined,
  });
  assert.deepEqual(written, [
    '2026-01-02T03:04:05.006Z vm-x warning: guest guest1: connecting => up port=5 again=true\n',
  ]);
});

test('journal has the priority of syslog in front and leaves the time to journald', () => {
  const written: string[] = [];
  const log = logInto(written, 'journal');
  for (const level of LEVELS) log[level]('said');
  assert.deepEqual(written, ['<3>said\n', '<4>said\n', '<6>said\n', '<7>said\n']);
});

test('json is one object a line, and a field never hides what is ours', () => {
  const written: string[] = [];
  logInto(written, 'json').error('said', { level: 'debug', message: 'forged', port: 5, why: undefined });
  assert.deepEqual(written.map(parse), [
    { time: '2026-01-02T03:04:05.006Z', level: 'error', program: 'vm-x', message: 'said', port: 5 },
  ]);
});

test('a value that could be misread is quoted', () => {
  const written: string[] = [];
  logInto(written, 'journal').info('x', {
    a: 'plain/1.5:2@h',
    b: 'two words',
    c: 'x=y',
    d: '"',
    e: '',
    f: '鍵',
  });
  assert.deepEqual(written, ['<6>x a=plain/1.5:2@h b="two words" c="x=y" d="\\"" e="" f="鍵"\n']);
});

test('nothing less important than the level is written', () => {
  for (const [index, level] of LEVELS.entries()) {
    const written: string[] = [];
    const log = logInto(written, 'journal', level);
    for (const each of LEVELS) log[each](each);
    assert.equal(written.length, index + 1);
  }
});

const hostile = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.constantFrom(
    'a\nb',
    '\r',
    '\u001b[2J',
    '\u009b31m',
    '\u2028',
    '\u202e',
    '\u{e0001}',
    '\ud800',
    '"',
    '\\n',
  ),
);

test('whatever is logged is one line of visible characters', () => {
  fc.assert(
    fc.property(fc.constantFrom(...FORMATS), hostile, hostile, hostile, (format, message, key, value) => {
      const written: string[] = [];
      logInto(written, format).info(message, { [key]: value });
      const [line = ''] = written;
      assert.equal(written.length, 1);
      assert.match(line, /^[^\p{Cc}\p{Cf}\p{Zl}\p{Zp}]*\n$/u);
      assert.ok(line.startsWith({ plain: '2026-', journal: '<6>', json: '{"' }[format]));
    }),
  );
});

test('what json says is what was logged', () => {
  const short = fc.string({ unit: 'binary', maxLength: 100 });
  fc.assert(
    fc.property(short, short, (message, value) => {
      const written: string[] = [];
      logInto(written, 'json').info(message, { value });
      const record = parse(written[0] ?? '');
      assert.deepEqual([record['message'], record['value']], [message, value]);
    }),
  );
});

test('a long message or value is cut', () => {
  for (const format of FORMATS) {
    const written: string[] = [];
    logInto(written, format).info('m'.repeat(1_000_000), { value: '\u001b'.repeat(1_000_000) });
    assert.ok((written[0] ?? '').length < 5000);
    assert.match(written[0] ?? '', /m…/);
  }
});

test('journald is recognised where it reads standard error itself, and a choice prevails', () => {
  const { dev, ino } = fstatSync(2);
  assert.equal(defaultLogFormat({}), 'plain');
  assert.equal(defaultLogFormat({ JOURNAL_STREAM: `${dev}:${ino}` }), 'journal');
  assert.equal(defaultLogFormat({ JOURNAL_STREAM: `${dev}:${ino + 1}` }), 'plain');
  assert.equal(defaultLogFormat({ JOURNAL_STREAM: `${dev}:${ino}`, PM_KVM_TOOLS_LOG: 'json' }), 'json');
  assert.equal(defaultLogFormat({ PM_KVM_TOOLS_LOG: 'nonsense' }), 'plain');
});

test('a program lives on when the reader of its log goes away', async () => {
  const fixture = startFixture(fixtureCommand('log-to-nobody.ts'));
  await fixture.says(/begun/);
  const { stderr } = fixture.process;
  stderr?.destroy();
  await eventually('standard error is closed', () => stderr?.closed);
  fixture.process.kill('SIGUSR1');
  assert.deepEqual(await fixture.ended, { exitCode: 0, signal: null });
  assert.equal(fixture.stdout(), 'alive\n');
});

function parse(line: string): Record<string, unknown> {
  return JSON.parse(line);
}
