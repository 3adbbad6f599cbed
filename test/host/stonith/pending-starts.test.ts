/** What libvirt was asked to start and has not answered may come up at any time: nothing may be called off meanwhile. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { StartResult } from '../../../host/libvirt/domain-control.ts';
import { type LibvirtProcesses, libvirtProcesses } from '../../../host/stonith/libvirt/libvirt-processes.ts';
import { PendingStarts } from '../../../host/stonith/libvirt/pending-starts.ts';
import { type ProcessId, startTicksOf } from '../../../host/stonith/libvirt/processes.ts';
import { startsFile } from '../../../host/stonith/libvirt/starts-file.ts';
import { silentLogger } from '../../../shared/log.ts';
import { eventually } from '../../support/eventually.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

const idOf = (pid = 0): ProcessId => ({ pid, startTicks: startTicksOf(pid) ?? '' });
/** As libvirt's process that lives. */
const SELF = idOf(process.pid);
const NOBODY: LibvirtProcesses = { daemons: () => [], isAsked: () => false };

function startsOf(
  t: TestContext,
  processes: Partial<LibvirtProcesses> = {},
  path = join(temporaryDirectory(t), 'run/starts'),
): PendingStarts {
  const file = startsFile(path);
  return new PendingStarts({ file, processes: { ...NOBODY, ...processes }, log: silentLogger });
}

const NOW = Promise.resolve();
const NEVER = new Promise<never>(() => {});
const started: StartResult = { ok: true, outcome: 'started' };
const failed = (kind: 'deadline' | 'unavailable' | 'refused', fault: string): StartResult => ({
  ok: false,
  kind,
  fault,
});

test('a start that is not waited for any longer stays pending until its answer, and no other domain with it', async (t) => {
  const starts = startsOf(t);
  let answer = (_result: StartResult) => {};
  const begun = starts.begin('vm1', () => new Promise((resolve) => (answer = resolve)), NOW);
  assert.equal(await begun, undefined);
  assert.deepEqual([starts.has('vm1'), starts.has('vm2')], [true, false]);
  answer(started);
  await new Promise(setImmediate);
  assert.equal(starts.has('vm1'), false);
});

test('what libvirt has said ends a start; a virsh that was killed and a connection that broke do not', async (t) => {
  const outcomes: [StartResult, boolean][] = [
    [started, false],
    [failed('refused', 'out of memory'), false],
    [failed('unavailable', 'failed to connect to the hypervisor'), false],
    [failed('unavailable', 'End of file while reading data'), true],
    [failed('deadline', 'virsh took longer than 600 s'), true],
  ];
  for (const [outcome, isPending] of outcomes) {
    const starts = startsOf(t, { daemons: () => [SELF] });
    assert.equal(await starts.begin('vm1', async () => outcome, NEVER), outcome);
    assert.equal(starts.has('vm1'), isPending, JSON.stringify(outcome));
  }
});

test('the answer to a later start ends those before it, and not those after it', async (t) => {
  const starts = startsOf(t);
  await starts.begin('vm1', () => NEVER, NOW);
  let answer = (_result: StartResult) => {};
  const second = starts.begin('vm1', () => new Promise((resolve) => (answer = resolve)), NEVER);
  await starts.begin('vm1', () => NEVER, NOW);
  answer(started);
  await second;
  assert.equal(starts.has('vm1'), true);
  await starts.begin('vm1', async () => started, NEVER);
  assert.equal(starts.has('vm1'), false);
});

test('what libvirt has not carried out says nothing of the starts before it', async (t) => {
  for (const outcome of [
    failed('unavailable', 'failed to connect to the hypervisor'),
    failed('refused', 'cannot acquire state change lock'),
    { ok: true, outcome: 'already-running' } as const,
  ]) {
    const starts = startsOf(t);
    await starts.begin('vm1', () => NEVER, NOW);
    await starts.begin('vm1', async () => outcome, NEVER);
    assert.equal(starts.has('vm1'), true, JSON.stringify(outcome));
  }
});

test('a successor holds nothing for off before the processes of libvirt that it found have ended', async (t) => {
  const path = join(temporaryDirectory(t), 'run/starts');
  const [old, next] = [0, 1].map(() => spawn('sleep', ['1000'], { stdio: 'ignore' }));
  t.after(() => [old, next].forEach((child) => void child?.kill('SIGKILL')));
  const [oldId, nextId] = [idOf(old?.pid), idOf(next?.pid)];
  await startsOf(t, {}, path).begin('vm1', () => NEVER, NOW);

  const second = startsOf(t, { daemons: () => [oldId] }, path);
  assert.deepEqual([second.has('vm1'), second.has('vm2')], [true, false]);
  const third = startsOf(t, { daemons: () => [oldId, nextId] }, path);
  assert.equal(third.has('vm1'), true);
  old?.kill('SIGKILL');
  await eventually('libvirt is another process', () => !third.has('vm1'));
  assert.equal(existsSync(path), false);
});

test('as long as some virsh asks for a start it is not known which of libvirt will have it', async (t) => {
  const path = join(temporaryDirectory(t), 'run/starts');
  await startsOf(t, {}, path).begin('vm1', () => NEVER, NOW);
  let isAsked = true;
  const starts = startsOf(t, { isAsked: () => isAsked }, path);
  assert.equal(starts.has('vm1'), true);
  isAsked = false;
  assert.equal(starts.has('vm1'), false);
});

test('it is written down before libvirt is asked, until it has answered, and not asked when it can not be', async (t) => {
  const path = join(temporaryDirectory(t), 'run/starts');
  const starts = startsOf(t, {}, path);
  let seen = '';
  const asked = async () => {
    seen = readFileSync(path, 'utf8');
    return started;
  };
  assert.equal(await starts.begin('vm1', asked, NEVER), started);
  assert.equal(seen, '[{"domain":"vm1"}]\n');
  assert.equal(existsSync(path), false);
  mkdirSync(`${path}.new`);
  const refused = await starts.begin('vm1', assert.fail, NEVER);
  assert.equal(refused?.ok === false && refused.kind, 'refused');
  assert.equal(starts.has('vm1'), false);
});

test('a file that can not be read may hold any start', (t) => {
  for (const text of ['', '{', '{}', '[7]', '[{"domain":7}]', '[{"heldBy":[7]}]']) {
    const path = join(temporaryDirectory(t), 'starts');
    writeFileSync(path, text);
    assert.equal(startsOf(t, { daemons: () => [SELF] }, path).has('vm1'), true, text);
    assert.equal(startsOf(t, {}, path).has('vm2'), true, 'nor does its successor forget that');
  }
});

test("libvirt's processes are known by their names, and who asks for a start by its words", async (t) => {
  const { daemons, isAsked } = libvirtProcesses;
  const path = join(temporaryDirectory(t), 'virtqemud');
  copyFileSync('/bin/sleep', path);
  const daemon = spawn(path, ['1000'], { stdio: 'ignore' });
  const virsh = spawn('/bin/sh', ['-c', 'while :; do sleep 1; done', 'start'], {
    argv0: 'virsh',
    stdio: 'ignore',
  });
  t.after(() => [daemon, virsh].forEach((child) => void child.kill('SIGKILL')));
  await eventually('it is one', () => daemons().some(({ pid }) => pid === daemon.pid));
  assert.deepEqual(
    daemons().find(({ pid }) => pid === daemon.pid),
    idOf(daemon.pid),
  );
  await eventually('it asks', isAsked);
});

test('a file that can not be written leaves no draft beside it', (t) => {
  const folder = temporaryDirectory(t);
  const path = join(folder, 'starts');
  mkdirSync(path);
  assert.throws(() => startsFile(path).write([{ domain: 'web', heldBy: undefined }]));
  assert.deepEqual(readdirSync(folder), ['starts']);
});
