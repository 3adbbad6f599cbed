import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readCommandLine } from '../../../guest/connect/command-line.ts';
import { PmError } from '../../../shared/errors.ts';

const common = {
  socketPath: '/run/vmconnectd.sock',
  timeoutMs: 120_000,
  isJson: false,
  isQuiet: false,
  isVerbose: false,
};

test('the flags of version 1 mean what they meant, short, long and in one word', () => {
  const request = {
    kind: 'request',
    service: 'stonith',
    text: 'off x',
    id: 'one',
    awaitsReply: true,
    known: undefined,
    ...common,
  };
  assert.deepEqual(readCommandLine(['-t', 'stonith', '-r', 'off x', '-i', 'one']), request);
  assert.deepEqual(readCommandLine(['--type=stonith', '--request', 'off x', '--reqid=one']), request);
  assert.deepEqual(readCommandLine(['-tstonith', '-roff x', '-ione']), request);
  assert.deepEqual(readCommandLine(['-Vqt', 'monitor', '-R', 'a b']), {
    kind: 'request',
    service: 'monitor',
    text: 'a b',
    id: undefined,
    awaitsReply: false,
    known: undefined,
    ...common,
    isQuiet: true,
    isVerbose: true,
  });
});

test('who knows a reply of monitor can wait for another one', () => {
  const words = ['-t', 'monitor', '-r', 'ping', '--known', 'ping=green'];
  const read = readCommandLine(words);
  assert.equal(read.kind === 'request' ? read.known : read.kind, 'ping=green');
  assert.throws(() => readCommandLine(['-t', 'stonith', '-r', 'status T', '--known', 'OK']), PmError);
  assert.throws(() => readCommandLine(['-t', 'monitor', '-R', 'ping', '--known', 'x']), PmError);
});

test('only the service stonith knows "timeout" as a word of its own', () => {
  const off = { kind: 'call-off', id: 'one', ...common };
  assert.deepEqual(readCommandLine(['-t', 'stonith', '-R', 'timeout', '-i', 'one']), off);
  assert.equal(readCommandLine(['-t', 'monitor', '-r', 'timeout']).kind, 'request');
});

test('ping and status wait for 5 s unless told otherwise', () => {
  assert.deepEqual(readCommandLine(['ping', '-c', '7', '--timeout', '0.5', '--json']), {
    kind: 'ping',
    count: 7,
    ...common,
    timeoutMs: 500,
    isJson: true,
  });
  assert.deepEqual(readCommandLine(['status', '--socket', '/s']), {
    kind: 'status',
    ...common,
    timeoutMs: 5_000,
    socketPath: '/s',
  });
});

const faults: readonly (readonly [words: string, expected: RegExp])[] = [
  ['', /nothing to do; say -t monitor\|stonith, ping or status/],
  ['-t disk -r x', /there is no type disk; say -t monitor or -t stonith/],
  ['-t stonith', /no request is given; say -r REQUEST or -R REQUEST/],
  ['-t stonith -r x -R y', /both -r and -R are given; choose/],
  ['-t stonith -r _', /the request is empty; say what to ask for/],
  ['-t stonith -r off token', /token is one word too many|there is no command token/],
  ['-t stonith -r x -i a/b', /"a\/b" can't be an id; use 1 to 63 characters/],
  ['-t stonith -R timeout', /which request to call off\?; name it with -i/],
  ['-t stonith -r', /argument missing; see vm-connect --help/],
  ['ping -c 0', /--count 0; give a number above 0/],
  ['ping --timeout never', /--timeout never; give a number above 0, at most 3600/],
  ['pong', /there is no command pong; say ping or status/],
  ['--nonsense', /Unknown option '--nonsense'; see vm-connect --help/],
];

test('each mistake is named with its remedy, and is a usage error', () => {
  for (const [words, expected] of faults) {
    const argv = words.split(' ').flatMap((word) => (word === '' ? [] : [word === '_' ? ' ' : word]));
    assert.throws(
      () => readCommandLine(argv),
      (thrown) => thrown instanceof PmError && thrown.exitCode === 1 && expected.test(thrown.message),
      words,
    );
  }
});
