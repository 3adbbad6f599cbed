import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, realpathSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { describeResult, runCommand } from '../../../shared/process/run-command.ts';
import { eventually } from '../../support/eventually.ts';
import { fixtureCommand, fixturePath, startFixture } from '../../support/run-fixture.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

const AMPLE_MS = 30_000;
const run = (argv: readonly string[], options = {}) => runCommand(argv, { deadlineMs: AMPLE_MS, ...options });

const HOSTILE = [
  '',
  ' ',
  '-n',
  '--',
  '$(id)',
  '`id`',
  ';id',
  '|id',
  '&',
  '\n',
  '*',
  '~',
  '"',
  "'",
  '\\',
  '%s',
  '#',
];

test('arguments reach the program byte for byte, and no shell reads them', async () => {
  const word = fc.oneof(fc.constantFrom(...HOSTILE), fc.string({ unit: 'binary' })).map(withoutNul);
  await fc.assert(
    fc.asyncProperty(fc.array(word, { maxLength: 8 }), async (words) => {
      const result = await run([fixturePath('print-arguments'), ...words]);
      assert.equal(result.kind, 'exited');
      assert.equal(result.stdout, words.map((each) => `${each}\0`).join(''));
    }),
    { numRuns: 40 },
  );
});

const withoutNul = (text: string) => text.replaceAll('\0', '');

test('input reaches the program byte for byte', async () => {
  await fc.assert(
    fc.asyncProperty(fc.string({ unit: 'binary', maxLength: 1000 }), async (input) => {
      const result = await run(['cat'], { input });
      assert.equal(result.stdout, Buffer.from(input).toString('utf8'));
    }),
    { numRuns: 30 },
  );
  const large = 'x'.repeat(3_000_000);
  assert.equal((await run(['cat'], { input: Buffer.from(large) })).stdout, large);
});

test('without input a program sees the end of it at once', async () => {
  assert.deepEqual(outcome(await run(['cat'])), { kind: 'exited', exitCode: 0 });
});

test('a program that reads none of its input is not hurt, and neither are we', async () => {
  const result = await run(['true'], { input: Buffer.alloc(8_000_000) });
  assert.deepEqual(outcome(result), { kind: 'exited', exitCode: 0 });
});

test('an exit status is reported as it is', async () => {
  for (const exitCode of [0, 1, 2, 42, 127, 255]) {
    assert.deepEqual(outcome(await run(['sh', '-c', `exit ${exitCode}`])), { kind: 'exited', exitCode });
  }
});

test('a command that a signal ended is no command that exited', async () => {
  for (const signal of ['TERM', 'KILL', 'SEGV']) {
    const result = await run(['sh', '-c', `kill -${signal} $$`]);
    assert.deepEqual(outcome(result), { kind: 'signalled', signal: `SIG${signal}` });
  }
});

test('standard output and standard error are kept apart', async () => {
  const result = await run(['sh', '-c', 'echo out; echo err >&2; exit 3']);
  assert.deepEqual([result.stdout, result.stderr], ['out\n', 'err\n']);
});

test('a program that is not there is a value, not an exception', async () => {
  for (const program of ['no-such-program-anywhere', '/no/such/program']) {
    const result = await run([program, 'x']);
    assert.deepEqual(outcome(result), {
      kind: 'not-started',
      fault: `${program} is not installed or not in PATH`,
    });
  }
});

test('a file that may not be executed is not started', async (t) => {
  const file = join(temporaryDirectory(t), 'file');
  writeFileSync(file, '#!/bin/sh\n', { mode: 0o644 });
  assert.deepEqual(outcome(await run([file])), {
    kind: 'not-started',
    fault: `${file} may not be executed`,
  });
});

test('a directory that is missing is named, not the program', async (t) => {
  const cwd = join(temporaryDirectory(t), 'missing');
  assert.deepEqual(outcome(await run(['true'], { cwd })), {
    kind: 'not-started',
    fault: `there is no directory ${cwd} to run true in`,
  });
});

test('what the kernel or Node refuses to start is not started, and its arguments are kept out of the fault', async () => {
  for (const [argument, reason] of [
    ['x'.repeat(3_000_000), 'E2BIG'],
    ['secret\0secret', 'an argument is invalid'],
  ] as const) {
    assert.deepEqual(outcome(await run(['true', argument])), {
      kind: 'not-started',
      fault: `true could not be started (${reason})`,
    });
  }
  assert.equal((await run([''])).kind, 'not-started');
});

test('out of descriptors a command is not started, and started again when there are some', async () => {
  const limited = ['sh', '-c', 'ulimit -n 256; exec "$@"', 'sh', ...fixtureCommand('out-of-descriptors.ts')];
  const fixture = startFixture(limited);
  assert.deepEqual(await fixture.ended, { exitCode: 0, signal: null }, fixture.stderr());
  assert.equal(fixture.stdout(), 'not-started exited\n');
});

test('a command runs where it is told to, and elsewhere than in a directory that is gone', async (t) => {
  const cwd = realpathSync(temporaryDirectory(t));
  assert.equal((await run(['pwd', '-P'], { cwd })).stdout, `${cwd}\n`);
  const own = process.cwd();
  const gone = join(cwd, 'gone');
  mkdirSync(gone);
  process.chdir(gone);
  try {
    rmdirSync(gone);
    assert.equal((await run(['pwd', '-P'])).stdout, '/\n');
  } finally {
    process.chdir(own);
  }
});

test('the environment is ours with what is added, and always speaks C', async () => {
  const result = await run(['env'], { env: { ADDED: 'a b', LC_ALL: 'de_DE.UTF-8' } });
  const lines = result.stdout.split('\n');
  assert.ok(lines.includes('ADDED=a b'));
  assert.ok(lines.includes(`PATH=${process.env['PATH']}`));
  assert.deepEqual(
    lines.filter((line) => line.startsWith('LC_ALL=')),
    ['LC_ALL=C'],
  );
});

test('an aborted command is not even begun', async (t) => {
  const file = join(temporaryDirectory(t), 'file');
  const result = await run(['touch', file], { signal: AbortSignal.abort() });
  assert.equal(result.kind, 'aborted');
  assert.equal(existsSync(file), false);
});

test('any number of commands run at once, one signal stops them all, and nobody is warned of leaks', async () => {
  const warnings: Error[] = [];
  const onWarning = (warning: Error) => warnings.push(warning);
  process.on('warning', onWarning);
  const stop = new AbortController();
  const { signal } = stop;
  const quick = Array.from({ length: 200 }, (_, i) => run(['echo', String(i)], { signal }));
  for (const [i, result] of (await Promise.all(quick)).entries()) assert.equal(result.stdout, `${i}\n`);
  const slow = Array.from({ length: 50 }, () => run(['sleep', '600'], { signal }));
  stop.abort();
  for (const result of await Promise.all(slow)) assert.equal(result.kind, 'aborted');
  process.off('warning', onWarning);
  assert.deepEqual(warnings, []);
});

test('commands leave no descriptor and no listener behind, however they end', async () => {
  const { signal } = new AbortController();
  const round = async () => {
    await run(['true'], { signal });
    await run(['no-such-program-anywhere'], { signal });
    await run(['true', '\0'], { signal });
    await run(['yes'], { signal, maxOutputBytes: 1000 });
    await run(['sleep', '600'], { signal, deadlineMs: 20 });
  };
  const held = () => ({
    descriptors: readdirSync('/proc/self/fd').length,
    listeners: process.eventNames().map((name) => [name, process.listenerCount(name)]),
  });
  await round();
  const before = held();
  for (let i = 0; i < 10; i++) await round();
  await eventually('as many descriptors as before', () => held().descriptors <= before.descriptors);
  assert.deepEqual(held().listeners, before.listeners);
});

test('a command that is done keeps nothing waiting', async () => {
  const fixture = startFixture(fixtureCommand('one-command.ts'));
  assert.deepEqual(await fixture.ended, { exitCode: 0, signal: null });
  assert.equal(fixture.stdout(), 'exited\n');
});

test('a command without a program is a defect of the caller', async () => {
  await assert.rejects(run([]), TypeError);
});

test('a description names command, ending and last words, and no more of a long story than it needs', async () => {
  const argv = ['sh', '-c', 'seq 100000 >&2; echo cannot do it >&2; exit 7'];
  const words = describeResult(argv, await run(argv));
  assert.match(words, /^sh -c exited with 7 \(.*cannot do it\)$/);
  assert.ok(words.length < 500);
  const hanging = ['sleep', '600'];
  assert.equal(
    describeResult(hanging, await run(hanging, { deadlineMs: 50 })),
    'sleep 600 did not end within 50 ms and was killed',
  );
});

/** A result without its output and time. */
function outcome({ stdout, stderr, elapsedMs, ...rest }: Awaited<ReturnType<typeof run>>) {
  assert.ok(stdout.length + stderr.length >= 0 && elapsedMs >= 0);
  return rest;
}
