/**
 * How one job ends a domain: a real process with the arguments of a QEMU, and libvirt's files beside it. virsh's answers
 * are written down, for what they miss is the point: a list tells of no migration.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { FenceRecord } from '../../../host/stonith/decide/record.ts';
import { DomainTarget } from '../../../host/stonith/libvirt/domain-target.ts';
import { PendingStarts } from '../../../host/stonith/libvirt/pending-starts.ts';
import { silentLogger } from '../../../shared/log.ts';
import type { CommandRunner } from '../../../shared/process/run-command.ts';
import { eventually } from '../../support/eventually.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

const DOMAIN = `target-${process.pid}`;
const UUID = '11111111-2222-3333-4444-555555555555';
const RECORD: FenceRecord = {
  id: 'r1',
  operation: 'off',
  untilWallMs: 0,
  requester: 'peer',
  host: 'h',
  formerRole: undefined,
};
const HERE = "<domstatus state='running' reason='booted' pid='7'>\n<job type='none' async='none'/>\n";
const LEAVING = HERE.replace("async='none'", "async='migration out'");

const noStarts = new PendingStarts({
  file: { read: () => [], write: () => assert.fail() },
  processes: { daemons: assert.fail, isAsked: assert.fail },
  log: silentLogger,
});

interface Arrangement {
  readonly status?: string;
  readonly log?: string;
  /** What virsh says to `destroy`, if it is an error. */
  readonly refusal?: string;
}

function arranged(t: TestContext, { status, log = '', refusal }: Arrangement) {
  const folder = temporaryDirectory(t);
  const argv = ['-c', 'while :; do sleep 1; done', '-name', `guest=${DOMAIN},debug-threads=on`];
  const qemu = spawn('/bin/sh', argv, { stdio: 'ignore' });
  t.after(() => qemu.kill('SIGKILL'));
  const note = (text: string) => writeFileSync(join(folder, `${DOMAIN}.xml`), text);
  if (status !== undefined) note(status);
  writeFileSync(join(folder, `${DOMAIN}.log`), log);
  const changes: string[] = [];
  const run: CommandRunner = async (argv) => {
    changes.push(...argv.filter((word) => ['domjobabort', 'destroy'].includes(word)));
    const stdout = `${UUID} 7 ${DOMAIN}\n\nDomain: '${DOMAIN}'\n  state.state=1\n  state.reason=1\n\n`;
    const stderr = argv.includes('destroy') ? (refusal ?? '') : '';
    return { kind: 'exited', exitCode: stderr === '' ? 0 : 1, stdout, stderr, elapsedMs: 1 };
  };
  const target = new DomainTarget(DOMAIN, {
    host: 'h',
    virsh: { run, uri: 'qemu:///system' },
    folders: { pids: folder, logs: folder, saves: folder },
    sleep: (ms) => sleep(ms),
    requester: 'peer',
    ending: new Set(),
    starts: noStarts,
  });
  const hasEnded = () => qemu.signalCode !== null;
  return { target, qemu, hasEnded, note, changes };
}

const processState = (pid = 0) => readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/.*\) /, '').slice(0, 1);

async function activeOn(target: DomainTarget): Promise<readonly string[] | undefined> {
  const looked = await target.look({ configuration: true, settled: false }, 2_000);
  return looked.ok ? looked.facts.target?.activeOn : undefined;
}

test('one that libvirt has here is ended, and that is its end', async (t) => {
  const { target, hasEnded, changes } = arranged(t, { status: HERE });
  assert.deepEqual(await activeOn(target), ['h']);
  assert.deepEqual(await target.order('Stopped', RECORD, 5_000), { ok: true });
  await eventually('it has ended', hasEnded);
  assert.deepEqual(await activeOn(target), []);
  assert.deepEqual(changes, []);
});

test('one whose migration has begun since libvirt was asked is not ended, and goes on', async (t) => {
  const { target, hasEnded, qemu, changes } = arranged(t, { status: LEAVING });
  assert.deepEqual(await activeOn(target), ['h']);
  const ordered = await target.order('Stopped', RECORD, 300);
  assert.equal(ordered.ok, false);
  assert.equal(hasEnded(), false);
  assert.notEqual(processState(qemu.pid), 'T');
  assert.deepEqual(await activeOn(target), ['h']);
  assert.deepEqual(changes, ['domjobabort']);
});

test('one that comes is not ended, and whence it comes it is not held back', async (t) => {
  const status = HERE.replace("async='none'", "async='migration in'");
  const { target, hasEnded, changes } = arranged(t, { status });
  await activeOn(target);
  assert.equal((await target.order('Stopped', RECORD, 300)).ok, false);
  assert.equal(hasEnded(), false);
  assert.deepEqual(changes, []);
});

test('one that libvirt has no note of is left to libvirt', async (t) => {
  const { target, hasEnded, qemu, changes } = arranged(t, {});
  await activeOn(target);
  await target.order('Stopped', RECORD, 5_000);
  assert.deepEqual(changes, ['destroy']);
  assert.equal(hasEnded(), false);
  assert.notEqual(processState(qemu.pid), 'T');
});

test('one that libvirt has forgotten, and calls off, is ended all the same; what it has sent away is not', async (t) => {
  const refusal = 'error: Requested operation is not valid: domain is not running';
  const migrated = `2026-01-01 10:00:00.000+0000: starting up \n2026-01-01 11:00:00.000+0000: shutting down, reason=migrated\n`;
  for (const log of ['', migrated]) {
    const { target, hasEnded, changes } = arranged(t, { refusal, log });
    await activeOn(target);
    assert.deepEqual(await target.order('Stopped', RECORD, 5_000), { ok: true });
    assert.deepEqual(changes, ['destroy']);
    if (log === '') await eventually('it has ended', hasEnded);
    assert.equal(hasEnded(), log === '');
  }
});

test('it is ended when libvirt has it here alone again', async (t) => {
  const { target, hasEnded, note } = arranged(t, { status: LEAVING });
  await activeOn(target);
  const ordered = target.order('Stopped', RECORD, 20_000);
  await sleep(100);
  assert.equal(hasEnded(), false);
  note(HERE);
  assert.deepEqual(await ordered, { ok: true });
  await eventually('it has ended', hasEnded);
});

test('what is ended proves nothing when libvirt has logged that it was sent away', async (t) => {
  const log = '2026-01-01 00:00:00.000+0000: shutting down, reason=migrated\n';
  const { target, hasEnded } = arranged(t, { status: HERE, log });
  await activeOn(target);
  const ordered = await target.order('Stopped', RECORD, 5_000);
  assert.equal(!ordered.ok && ordered.fault, 'it was sent to another host');
  await eventually('it has ended', hasEnded);
  assert.deepEqual(await activeOn(target), ['h']);
});
