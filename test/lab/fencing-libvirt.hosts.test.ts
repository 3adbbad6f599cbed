/**
 * Fencing without a cluster: vm-stonithd with libvirt alone, on a host whose Pacemaker knows nothing of the victim. What it
 * says is held against QEMU's processes on both hosts, in the moment of the answer.
 */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { type Answer, ASKER, reasonOf, resultOf, stateOf } from '../support/bridge-stand-in.ts';
import { threadsOf } from '../support/process-table.ts';
import { playBridge } from './fencing-bridge.ts';
import { isAlive, qemusOf } from './fencing-observer.ts';
import { makeKey, makeToken } from './fencing-tokens.ts';
import { diskXml, VICTIM, VICTIM_XML, writeVictim } from './fencing-victim.ts';
import { startProgram, stopProgram } from './fencing-world.ts';
import { HANGING_FILE, hangInRead, mountHangingFile, release, removeHangingFile } from './hanging-disk.ts';
import { holdNoMore, holdStarts, letStart, restartLibvirt } from './held-start.ts';
import type { Laboratory } from './lab.ts';
import { labTest } from './shared-lab.ts';
import { waitFor } from './wait-for.ts';

const DEADLINE_MS = 8_000;
const ELSEWHERE = 'qemu+tcp://hostb/system';

interface Asked {
  readonly answer: Answer | undefined;
  /** In the moment of the answer. */
  readonly wasAlive: boolean;
  readonly tookMs: number;
}

interface Story {
  readonly lab: Laboratory;
  readonly t: TestContext;
  readonly ask: (operation: string, deadlineMs?: number) => Promise<Asked>;
  /** Kills vm-stonithd and starts its successor. */
  readonly replace: () => Promise<void>;
}

const virsh = (lab: Laboratory, host: string, ...words: readonly string[]) =>
  lab.output(host, ['virsh', '-q', ...words]);

async function defineAndStart(lab: Laboratory): Promise<void> {
  await virsh(lab, 'hosta', 'define', VICTIM_XML);
  await virsh(lab, 'hosta', 'start', VICTIM);
}

/** Whatever a story did to it. */
async function removeVictim(lab: Laboratory): Promise<void> {
  for (const host of lab.spec().hosts) {
    await lab.on(host, ['pkill', '-CONT', '-f', `guest=${VICTIM},`]);
    for (const command of ['destroy', 'undefine']) await lab.on(host, ['virsh', '-q', command, VICTIM]);
  }
}

async function tell(
  lab: Laboratory,
  t: TestContext,
  stories: Readonly<Record<string, (story: Story) => Promise<void>>>,
) {
  await lab.pushPrograms();
  await writeVictim(lab);
  await makeKey(lab, 'hosta');
  const token = await makeToken(lab, { resource: VICTIM, guest: ASKER });
  const bridge = await playBridge(lab, 'hosta');
  try {
    const begin = async () => {
      await startProgram(lab, 'hosta', 'vm-stonithd', '--backend', 'libvirt', '--log-level', 'debug');
      await bridge.waitForService();
    };
    const replace = async () => {
      await lab.output('hosta', ['pkill', '-KILL', '-f', '^[^ ]*node [^ ]*/sbin/vm-stonithd ']);
      await waitFor('its end is seen', 10_000, () => !bridge.isServed);
      await begin();
    };
    await begin();
    const ask = async (operation: string, deadlineMs = DEADLINE_MS): Promise<Asked> => {
      const startedMs = performance.now();
      const answer = await bridge.ask(`${operation} ${token}`, deadlineMs);
      return { answer, wasAlive: isAlive(lab, VICTIM), tookMs: Math.round(performance.now() - startedMs) };
    };
    for (const [name, story] of Object.entries(stories)) {
      await t.test(name, async (step) => {
        await defineAndStart(lab);
        try {
          await story({ lab, t: step, ask, replace });
        } finally {
          await removeVictim(lab);
        }
      });
    }
  } finally {
    await stopProgram(lab, 'hosta', 'vm-stonithd');
    await bridge.close();
  }
}

function assertDead({ answer, wasAlive }: Asked): void {
  assert.equal(resultOf(answer), 'confirmed', reasonOf(answer));
  assert.equal(wasAlive, false, 'it was said to be off');
}

async function answersAllOperations({ lab, t, ask }: Story): Promise<void> {
  assert.equal(stateOf((await ask('status')).answer), 'on');
  const off = await ask('off');
  assertDead(off);
  t.diagnostic(`off: ${off.tookMs} ms`);
  const { answer: told } = await ask('status');
  assert.equal(stateOf(told), 'off', reasonOf(told));
  assertDead(await ask('off'));
  const on = await ask('on');
  assert.equal(resultOf(on.answer), 'confirmed', reasonOf(on.answer));
  const [before] = qemusOf(lab, VICTIM);
  assert.ok(before !== undefined, 'it was said to be on');
  const reboot = await ask('reboot');
  assert.equal(resultOf(reboot.answer), 'confirmed', reasonOf(reboot.answer));
  t.diagnostic(`reboot: ${reboot.tookMs} ms, ${reasonOf(reboot.answer)}`);
  await waitFor('it runs again', 10_000, () => isAlive(lab, VICTIM));
  assert.ok(!qemusOf(lab, VICTIM).includes(before), 'it is another process');
  const list = (await ask('list')).answer;
  assert.match(JSON.stringify(list?.detail), /"states":\[\{"result":"confirmed","state":"on"/);
}

/** libvirt itself would wait 10 s for the signal that such a process can't take. */
async function endsTheFrozen({ lab, t, ask }: Story): Promise<void> {
  for (const pid of qemusOf(lab, VICTIM)) process.kill(pid, 'SIGSTOP');
  const off = await ask('off');
  assertDead(off);
  t.diagnostic(`off, frozen: ${off.tookMs} ms`);
}

/** Whoever asks a QEMU that hangs waits for it, and whoever asks libvirt about that QEMU after him waits for him. */
async function endsTheAsked({ lab, t, ask }: Story): Promise<void> {
  for (const pid of qemusOf(lab, VICTIM)) process.kill(pid, 'SIGSTOP');
  let isAnswered = false;
  const asked = lab
    .on('hosta', ['virsh', '-q', 'qemu-monitor-command', VICTIM, '--hmp', 'info version'])
    .finally(() => {
      isAnswered = true;
    });
  const inVain = { deadlineMs: 3_000 };
  await waitFor('others wait for that', 30_000, async () => {
    const { kind } = await lab.on('hosta', ['virsh', '-q', 'domjobinfo', VICTIM], inVain);
    return kind === 'deadline';
  });
  assert.equal(isAnswered, false);
  const off = await ask('off');
  assertDead(off);
  t.diagnostic(`off, asked by others: ${off.tookMs} ms`);
  const told = await asked;
  assert.ok(told.kind === 'exited' && told.exitCode !== 0, 'it ended without an answer');
}

/** Its first thread is dead at once; the one that hangs in the disk might still write there. */
async function waitsForTheDisk({ lab, ask }: Story): Promise<void> {
  await removeVictim(lab);
  await mountHangingFile(lab, 'hosta');
  try {
    await writeVictim(lab, VICTIM, diskXml(HANGING_FILE));
    await defineAndStart(lab);
    const [pid] = qemusOf(lab, VICTIM);
    await hangInRead(lab, 'hosta', VICTIM);
    for (const operation of ['off', 'reboot', 'off']) {
      const asked = await ask(operation, 3_000);
      assert.notEqual(resultOf(asked.answer), 'confirmed', operation);
      assert.ok(asked.wasAlive);
      assert.ok(pid !== undefined && !threadsOf(pid).includes(pid), 'it was killed');
    }
    const off = ask('off', 20_000);
    await release(lab, 'hosta');
    assertDead(await off);
  } finally {
    await removeHangingFile(lab, 'hosta');
    await writeVictim(lab);
  }
}

async function waitsForLibvirt({ lab, ask }: Story): Promise<void> {
  await lab.signalDaemon('hosta', 'libvirtd', 'KILL');
  const off = await ask('off', 3_000);
  assert.notEqual(resultOf(off.answer), 'confirmed');
  const again = ask('off', 20_000);
  await lab.startDaemon('hosta', 'libvirtd');
  assertDead(await again);
}

/** Slowly. */
function migrate(lab: Laboratory, from = 'hosta', to = 'hostb'): Promise<unknown> {
  const words = ['migrate', '--live', '--unsafe', '--bandwidth', '1', VICTIM, `qemu+tcp://${to}/system`];
  return lab.on(from, ['virsh', '-q', ...words]);
}

/** Where it comes from it would go on if it were ended here only. */
async function waitsForTheArriving({ lab, t, ask }: Story): Promise<void> {
  await removeVictim(lab);
  for (const deadlineMs of [500, DEADLINE_MS]) {
    await virsh(lab, 'hostb', 'create', VICTIM_XML);
    const migrated = migrate(lab, 'hostb', 'hosta');
    await waitFor(
      'it is on its way here',
      10_000,
      async () => (await lab.on('hosta', ['virsh', '-q', 'list', '--name'])).stdout.includes(VICTIM),
      { pollMs: 1 },
    );
    const off = await ask('off', deadlineMs);
    t.diagnostic(`off, arriving, ${deadlineMs} ms: ${resultOf(off.answer)}, ${reasonOf(off.answer)}`);
    assert.notEqual(resultOf(off.answer), off.wasAlive ? 'confirmed' : 'failed');
    await migrated;
    if (resultOf(off.answer) === 'confirmed')
      assert.equal(isAlive(lab, VICTIM), false, 'nor does it live later');
    for (const host of lab.spec().hosts) await lab.on(host, ['virsh', '-q', 'destroy', VICTIM]);
  }
}

async function endsTheMigrating({ lab, t, ask }: Story): Promise<void> {
  const migrated = migrate(lab);
  await waitFor('it is under way', 10_000, async () => {
    const job = await lab.on('hosta', ['virsh', '-q', 'domjobinfo', VICTIM]);
    return /Job type: +Unbounded/.test(job.stdout);
  });
  const off = await ask('off');
  assertDead(off);
  t.diagnostic(`off, migrating: ${off.tookMs} ms`);
  await migrated;
  assert.equal(isAlive(lab, VICTIM), false, 'also when the migration has ended');
}

async function knowsWhatHasLeft({ lab, ask }: Story): Promise<void> {
  for (const flags of [[], ['--undefinesource']]) {
    await virsh(lab, 'hosta', 'migrate', '--live', '--unsafe', ...flags, VICTIM, ELSEWHERE);
    const off = await ask('off', 2_000);
    assert.notEqual(resultOf(off.answer), 'confirmed', 'it lives on another host');
    assert.equal(off.wasAlive, true);
    assert.notEqual(stateOf((await ask('status')).answer), 'off');
    if (flags.length === 0) await virsh(lab, 'hostb', 'destroy', VICTIM);
    if (flags.length === 0) await virsh(lab, 'hosta', 'start', VICTIM);
  }
}

/** libvirtd forgets why it is off; and a start would make it run twice. */
async function neverStartsWhatHasLeft({ lab, ask }: Story): Promise<void> {
  await virsh(lab, 'hosta', 'migrate', '--live', '--unsafe', VICTIM, ELSEWHERE);
  for (const isForgotten of [false, true]) {
    if (isForgotten) {
      await restartLibvirt(lab, 'hosta');
      assert.match(await virsh(lab, 'hosta', 'domstate', '--reason', VICTIM), /shut off \(unknown\)/);
    }
    for (const operation of ['on', 'reboot', 'off']) {
      const asked = await ask(operation, 3_000);
      assert.notEqual(resultOf(asked.answer), 'confirmed', operation);
      assert.match(reasonOf(asked.answer), /it was sent to another host/);
    }
    assert.equal(stateOf((await ask('status')).answer), 'unknown');
    assert.equal(qemusOf(lab, VICTIM).length, 1);
  }
}

/** What is fenced must not go on where it was. */
async function forgetsSavedMemory({ lab, ask }: Story): Promise<void> {
  const whatItSays = () => virsh(lab, 'hosta', 'domstate', '--reason', VICTIM);
  await virsh(lab, 'hosta', 'managedsave', VICTIM);
  assert.notEqual(stateOf((await ask('status')).answer), 'off');
  assertDead(await ask('off'));
  await virsh(lab, 'hosta', 'start', VICTIM);
  assert.match(await whatItSays(), /running \(booted\)/);
  await virsh(lab, 'hosta', 'managedsave', VICTIM);
  const reboot = await ask('reboot');
  assert.equal(resultOf(reboot.answer), 'confirmed', reasonOf(reboot.answer));
  await waitFor('it runs again', 10_000, () => isAlive(lab, VICTIM));
  await waitFor('libvirt has started it', 10_000, async () => /running/.test(await whatItSays()));
  assert.match(await whatItSays(), /running \(booted\)/);
}

async function endsWhatIsNotDefined({ lab, ask }: Story): Promise<void> {
  await virsh(lab, 'hosta', 'undefine', VICTIM);
  assertDead(await ask('off'));
  const off = await ask('off');
  assert.equal(resultOf(off.answer), 'failed', 'libvirt knows it no longer, and that is no proof');
  assert.match(reasonOf(off.answer), /^libvirt knows no such virtual machine$/);
}

/** libvirt goes on with a start of which nobody hears any more. */
async function remembersTheStart({ lab, ask, replace }: Story): Promise<void> {
  await virsh(lab, 'hosta', 'destroy', VICTIM);
  await holdStarts(lab, 'hosta');
  try {
    const on = await ask('on', 3_000);
    assert.notEqual(resultOf(on.answer), 'confirmed');
    assert.equal(on.wasAlive, false);
    await replace();
    await letStart(lab, 'hosta');
    await waitFor('libvirt has carried it out', 20_000, () => isAlive(lab, VICTIM));
    for (const _again of [1, 2]) {
      const off = await ask('off', 5_000);
      assert.notEqual(resultOf(off.answer), 'confirmed', 'the start may still come');
      assert.match(reasonOf(off.answer), /libvirt has not answered to its start/);
    }
    await restartLibvirt(lab, 'hosta');
    assertDead(await ask('off'));
  } finally {
    await holdNoMore(lab, 'hosta');
  }
}

labTest('with libvirt alone', (lab, t) =>
  tell(lab, t, {
    'off, on, reboot, status and list do what they say': answersAllOperations,
    'a frozen one is ended at once': endsTheFrozen,
    'one that hangs while others ask about it is ended at once': endsTheAsked,
    'one that hangs in its disk is off when that lets it go, and not before': waitsForTheDisk,
    'without libvirtd nothing is proven, and with it again it is': waitsForLibvirt,
    'one that is being migrated ends on both hosts': endsTheMigrating,
    'one that is being migrated to this host is not ended before it is here': waitsForTheArriving,
    'one that has been migrated is not said to be off': knowsWhatHasLeft,
    'one that has been migrated is not started here, nor off when libvirt has forgotten it':
      neverStartsWhatHasLeft,
    'one whose memory is saved does not come back with it': forgetsSavedMemory,
    'one that is not defined any more is ended, and afterwards not known': endsWhatIsNotDefined,
    'a start without an answer is remembered by the next vm-stonithd, until libvirtd is another one':
      remembersTheStart,
  }),
);
