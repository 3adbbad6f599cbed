/** How commands are ended that don't end by themselves, and that nothing of them is left. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { runCommand } from '../../../shared/process/run-command.ts';
import { eventually } from '../../support/eventually.ts';
import { isAlive, membersOfGroup } from '../../support/process-table.ts';
import { fixtureCommand, startFixture } from '../../support/run-fixture.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

const AMPLE_MS = 30_000;
const DEADLINE_MS = 500;
/** By when after its deadline a command must have been given up, with nothing of it left. */
const SLACK_MS = 1000;

test('a command that does not end is killed at its deadline', async () => {
  const result = await runCommand(['sh', '-c', 'echo $$; exec sleep 600'], { deadlineMs: DEADLINE_MS });
  assertGivenUp(result);
  await assertGroupIsGone(result.stdout);
});

test('a grandchild that holds the output keeps us no longer than the deadline and a second, and is gone by then', async () => {
  const startedMs = performance.now();
  const script = 'sleep 600 & echo $$ $!; exit 0';
  const result = await runCommand(['sh', '-c', script], { deadlineMs: DEADLINE_MS });
  assertGivenUp(result);
  await assertGroupIsGone(result.stdout);
  const grandchild = Number(result.stdout.split(' ')[1]);
  assert.ok(grandchild > 1 && !isAlive(grandchild), 'the grandchild');
  const elapsedMs = performance.now() - startedMs;
  assert.ok(elapsedMs >= DEADLINE_MS && elapsedMs < DEADLINE_MS + SLACK_MS, `${elapsedMs} ms`);
});

test('a whole family that ignores every other signal is gone after the deadline', async () => {
  const script = `trap '' TERM INT HUP; echo $$; for i in 1 2 3; do (sleep 600; sleep 600) & done; wait; sleep 600`;
  const result = await runCommand(['sh', '-c', script], { deadlineMs: DEADLINE_MS });
  assertGivenUp(result);
  await assertGroupIsGone(result.stdout);
});

test('a grandchild that left the group while it holds the output keeps us no longer either', async (t) => {
  const script = `setsid sh -c 'echo $$; exec sleep 600' & wait`;
  const result = await runCommand(['sh', '-c', script], { deadlineMs: DEADLINE_MS });
  const outsider = Number(result.stdout);
  t.after(() => process.kill(outsider, 'SIGKILL'));
  assertGivenUp(result);
  assert.ok(isAlive(outsider), 'it was none of ours any more');
});

test('what a command leaves behind in its group ends with it', async () => {
  const script = 'sleep 600 >/dev/null 2>&1 & echo $$';
  const result = await runCommand(['sh', '-c', script], { deadlineMs: AMPLE_MS });
  assert.equal(result.kind, 'exited');
  await assertGroupIsGone(result.stdout);
});

test('an abort ends a command that runs', async (t) => {
  const stop = new AbortController();
  const begun = join(temporaryDirectory(t), 'begun');
  const running = runCommand(['sh', '-c', 'echo $$; : >"$0"; sleep 600; true', begun], {
    deadlineMs: AMPLE_MS,
    signal: stop.signal,
  });
  await eventually('the command runs', () => existsSync(begun));
  stop.abort();
  const result = await running;
  assert.equal(result.kind, 'aborted');
  assert.ok(result.elapsedMs < AMPLE_MS / 2);
  await assertGroupIsGone(result.stdout);
});

test('an answer as large as the limit is whole, and a larger one is no answer', async () => {
  const head = (bytes: number) =>
    runCommand(['head', '-c', String(bytes), '/dev/zero'], { deadlineMs: AMPLE_MS, maxOutputBytes: 100_000 });
  const whole = await head(100_000);
  assert.deepEqual([whole.kind, whole.stdout.length], ['exited', 100_000]);
  assert.equal((await head(100_001)).kind, 'overflow');
});

test('each of the two outputs has its limit', async () => {
  for (const to of ['', '>&2']) {
    const result = await runCommand(['sh', '-c', `echo $$; yes ${to}`], {
      deadlineMs: AMPLE_MS,
      maxOutputBytes: 1_000_000,
    });
    assert.ok(result.kind === 'overflow' && result.maxOutputBytes === 1_000_000);
    assert.ok(result.stdout.length <= 1_000_000 && result.stderr.length <= 1_000_000);
    await assertGroupIsGone(result.stdout);
  }
});

test('output without end, that nobody can stop, costs no memory', async (t) => {
  const before = process.memoryUsage().arrayBuffers;
  let most = 0;
  const watch = setInterval(() => {
    most = Math.max(most, process.memoryUsage().arrayBuffers - before);
  }, 5);
  const script = `setsid sh -c 'echo $$; exec yes' & wait`;
  const result = await runCommand(['sh', '-c', script], { deadlineMs: AMPLE_MS, maxOutputBytes: 1_000_000 });
  clearInterval(watch);
  t.after(() => eventually('the writer ends by itself', () => !isAlive(Number.parseInt(result.stdout, 10))));
  assert.equal(result.kind, 'overflow');
  assert.ok(most < 128 * 1024 * 1024, `${most} bytes`);
});

for (const [way, expected] of [
  ['its-end', { exitCode: 0, signal: null }],
  ['exit', { exitCode: 3, signal: null }],
  ['exception', { exitCode: 1, signal: null }],
  ['rejection', { exitCode: 1, signal: null }],
] as const) {
  test(`a program that leaves by ${way} leaves no command behind`, async () => {
    const fixture = startFixture(fixtureCommand('leave-a-command.ts', way));
    assert.deepEqual(await fixture.ended, expected, fixture.stderr());
    await assertGroupIsGone(fixture.stdout().replace('group ', ''));
  });
}

for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGKILL'] as const) {
  test(`a program that ${signal} ends leaves no command behind, and is seen to have ended by it`, async () => {
    const fixture = startFixture(fixtureCommand('leave-a-command.ts', 'signal'));
    const [, group = ''] = await fixture.says(/group (\d+)/);
    fixture.process.kill(signal);
    assert.deepEqual(await fixture.ended, { exitCode: null, signal });
    await assertGroupIsGone(group);
  });
}

function assertGivenUp(result: Awaited<ReturnType<typeof runCommand>>): void {
  assert.equal(result.kind, 'deadline');
  assert.ok(result.elapsedMs < DEADLINE_MS + SLACK_MS, `${result.elapsedMs} ms`);
}

/** `output` begins with the number of the group. */
async function assertGroupIsGone(output: string): Promise<void> {
  const group = Number.parseInt(output, 10);
  assert.ok(group > 1, `a group's number: ${output.slice(0, 80)}`);
  await eventually(`group ${group} is gone`, () => membersOfGroup(group).length === 0);
}
