import assert from 'node:assert/strict';
import { test } from 'node:test';
import { followCommand } from '../../../shared/process/follow-command.ts';
import { eventually } from '../../support/eventually.ts';
import { isAlive, membersOfGroup } from '../../support/process-table.ts';

/** Follows a script to its end. */
async function follow(script: string, maxLineBytes?: number) {
  const lines: string[] = [];
  const command = followCommand(['sh', '-c', script], { onLine: (line) => lines.push(line), maxLineBytes });
  const { lastWords } = await command.ended;
  return { lines, lastWords };
}

test('lines arrive in order, each when it is there', async () => {
  const lines: string[] = [];
  const command = followCommand(['sh', '-c', 'echo $$; sleep 600; true'], {
    onLine: (line) => lines.push(line),
  });
  const group = Number(await eventually('the first line', () => lines[0]));
  command.stop();
  await command.ended;
  await eventually('the group is gone', () => membersOfGroup(group).length === 0);
  assert.deepEqual((await follow('seq 10000')).lines, numbers(10_000));
});

test('a line is one line, however slowly its parts come', async () => {
  const { lines } = await follow(
    `printf on; sleep 0.1; printf 'e\\ntw'; sleep 0.1; printf 'o\\303'; sleep 0.1; printf '\\251\\n'`,
  );
  assert.deepEqual(lines, ['one', 'twoé']);
});

test('only a newline ends a line', async () => {
  const { lines } = await follow(`printf 'a\\rb\\342\\200\\250c\\0d\\n'`);
  assert.deepEqual(lines, ['a\rb\u2028c\0d']);
});

test('half a line is no line', async () => {
  assert.deepEqual((await follow('printf "whole\\nhalf"')).lines, ['whole']);
});

test('an endless line ends the command and costs no memory', async () => {
  const before = process.memoryUsage().arrayBuffers;
  const { lines, lastWords } = await follow('echo first; exec cat /dev/zero', 100_000);
  assert.deepEqual(lines, ['first']);
  assert.match(lastWords, /a line of more than 100000 bytes/);
  assert.ok(process.memoryUsage().arrayBuffers - before < 64 * 1024 * 1024);
});

test('after stop no line arrives and the command has ended', async () => {
  let lines = 0;
  const command = followCommand(['yes'], {
    onLine() {
      lines++;
      command.stop();
    },
  });
  const { lastWords } = await command.ended;
  assert.equal(lines, 1);
  assert.match(lastWords, /was ended by SIGKILL/);
  command.stop();
});

test('a command that could not be started has ended with the reason', async () => {
  const command = followCommand(['no-such-program-anywhere'], { onLine: () => undefined });
  assert.deepEqual(await command.ended, {
    lastWords: 'no-such-program-anywhere is not installed or not in PATH',
  });
});

test('its last words are what it said last on standard error, or else how it ended', async () => {
  assert.equal(
    (await follow('seq 1000 >&2; echo error: gone >&2; exit 1')).lastWords.endsWith('error: gone'),
    true,
  );
  assert.ok((await follow('seq 1000 >&2')).lastWords.length <= 400);
  assert.equal((await follow('exit 4')).lastWords, 'sh -c exited with 4');
});

test('when the leader has gone, a child that still holds the output ends too', async () => {
  const { lines } = await follow('sleep 600 & echo $!; exit 0');
  await eventually('the child is gone', () => !isAlive(Number(lines[0])));
});

test('a child that left the group does not keep the end from being seen', async (t) => {
  const hasLeft = '[ "$(cut -d" " -f5 /proc/$!/stat)" = $! ]';
  const { lines } = await follow(`setsid sleep 600 & until ${hasLeft}; do sleep 0.01; done; echo $!`);
  const outsider = Number(lines[0]);
  t.after(() => process.kill(outsider, 'SIGKILL'));
  assert.ok(isAlive(outsider));
});

const numbers = (count: number) => Array.from({ length: count }, (_, i) => String(i + 1));
