/** Laws of what stands between two tests: whatever one does, the next finds the laboratory as it came up. */
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isAlive } from './fencing-observer.ts';
import { VICTIM, writeVictim } from './fencing-victim.ts';
import type { Laboratory } from './lab.ts';
import { labSpec } from './layout.ts';
import { labTest, withinLimit } from './shared-lab.ts';

const shell = (lab: Laboratory, target: string, script: string) =>
  lab.output(target, ['/bin/sh', '-c', script]);
const lives = async (lab: Laboratory, target: string, marker: string) => {
  const run = target.startsWith('host') ? lab.on : lab.in;
  const found = await run(target, ['pgrep', '-fx', marker]);
  return found.kind === 'exited' && found.exitCode === 0;
};

const SPOIL = `
setsid --fork sh -c 'sleep 4321; true' </dev/null >/dev/null 2>&1
mkdir -p /etc/pm-kvm-tools /opt/left /usr/local/sbin
echo spoilt >/etc/pm-kvm-tools/left
echo spoilt >/opt/left/file
echo spoilt >>/etc/passwd
rm /etc/group /usr/sbin/crm_mon
printf '#!/bin/sh\\nexit 1\\n' >/usr/local/sbin/crm_attribute
chmod 755 /usr/local/sbin/crm_attribute`;

for (const target of ['hosta', 'guest1']) {
  labTest(
    `processes and files that a test leaves are gone, and its changes undone (${target})`,
    async (lab) => {
      const files = ['/etc/passwd', '/etc/group', '/usr/sbin/crm_mon'];
      const sums = await lab.output(target, ['sha256sum', ...files]);
      await shell(lab, target, SPOIL);
      assert.ok(await lives(lab, target, 'sleep 4321'));
      await lab.reset();
      assert.equal(await lives(lab, target, 'sleep 4321'), false);
      assert.equal(await lab.output(target, ['sha256sum', ...files]), sums);
      for (const path of ['/etc/pm-kvm-tools/left', '/opt/left/file', '/usr/local/sbin/crm_attribute']) {
        await assert.rejects(lab.output(target, ['test', '-e', path]), `${path} is gone`);
      }
    },
  );
}

labTest('daemons that a test has killed or stopped run again', async (lab) => {
  await lab.signalDaemon('hosta', 'libvirtd', 'KILL');
  await lab.signalDaemon('hostb', 'virtlogd', 'STOP');
  await lab.reset();
  assert.equal((await lab.output('hosta', ['virsh', '-q', 'domstate', 'guest1'])).trim(), 'running');
  assert.match(await shell(lab, 'hostb', 'cat /proc/$(pidof virtlogd)/stat'), /^\d+ \(virtlogd\) S /);
});

labTest(
  'a test that hangs is given up at its limit, and can do nothing to the laboratory then',
  async (lab) => {
    let late: unknown;
    const hanging = withinLimit(300, async (lent) => {
      await sleep(900);
      try {
        await lent.kill('hosta');
      } catch (thrown) {
        late = thrown;
      }
    });
    await assert.rejects(hanging, /the test was given up: it was not done within 0.3 s/);
    await sleep(1_200);
    assert.match(String(late), /the test was given up/);
    assert.equal(lab.isRunning('hosta'), true);
  },
);

labTest('a push that is too large is refused, and the next one arrives', async (lab) => {
  const folder = mkdtempSync(join(tmpdir(), 'lab-push-'));
  try {
    const [large, small] = [join(folder, 'large'), join(folder, 'small')];
    writeFileSync(large, '');
    truncateSync(large, 300 * 1024 * 1024);
    writeFileSync(small, 'words\n');
    await assert.rejects(lab.push('guest1', large, '/opt/large'), /larger than the disk for it/);
    await lab.push('guest1', small, '/opt/small');
    assert.equal(await lab.output('guest1', ['cat', '/opt/small']), 'words\n');
  } finally {
    rmSync(folder, { recursive: true });
  }
});

labTest(
  'a command in a guest that stands still takes no longer than its deadline and a moment',
  async (lab) => {
    await lab.freeze('guest1');
    const result = await lab.in('guest1', ['true'], { deadlineMs: 1_000 });
    assert.notEqual(result.kind, 'exited');
    assert.ok(result.elapsedMs < 5_000, `${result.elapsedMs} ms`);
  },
);

labTest('a host that was off knows of guests what the others know', async (lab) => {
  await lab.define('guest8', 'hosta', { cluster: false });
  await lab.define('guest9', 'hostb', { cluster: false });
  lab.setPowerSwitch('fails');
  await lab.kill('hostb');
  await lab.undefine('guest8');
  await lab.define('guest9', 'hostb', { cluster: false, memoryMiB: 200 });
  lab.setPowerSwitch('works');
  await lab.start('hostb');
  await lab.waitForOnline('hosts');
  const known = await lab.output('hostb', ['virsh', '-q', 'list', '--all', '--name']);
  assert.ok(!known.includes('guest8'));
  await lab.start('guest9');
  assert.match(await lab.output('hostb', ['virsh', '-q', 'dominfo', 'guest9']), /Max memory: +204800 KiB/);
});

labTest('a cluster whose administration hangs for once is waited for all the same', async (lab) => {
  const marker = '/run/has-hung';
  const script = `#!/bin/sh\n[ -e ${marker} ] || { : >${marker}; sleep 60; }\nexec /usr/sbin/crmadmin "$@"\n`;
  const path = join(lab.rootOf('hosta') ?? '', 'usr/local/sbin/crmadmin');
  writeFileSync(path, script, { mode: 0o755 });
  const startedMs = performance.now();
  await lab.waitForIdle('hosts', 40_000);
  assert.ok(performance.now() - startedMs < 40_000);
  assert.ok(existsSync(join(lab.rootOf('hosta') ?? '', marker)), 'it did hang');

  writeFileSync(path, '#!/bin/sh\necho the DC is away >&2\nexit 1\n', { mode: 0o755 });
  await assert.rejects(lab.waitForIdle('hosts', 1_000), /nothing more to do.*the DC is away/s);
});

labTest('a laboratory that stands is not taken for one of another making', async (lab) => {
  await lab.up();
  await assert.rejects(lab.up(labSpec(3, 2)), /it stands, made differently/);
});

labTest('a laboratory that there can not be is refused before anything is made', async (lab) => {
  for (const [hosts, guests] of [
    [0, 2],
    [Number.NaN, 2],
    [27, 0],
    [2, -1],
    [2.5, 2],
  ] as const) {
    assert.throws(() => labSpec(hosts, guests), /there can be no such laboratory/);
  }
  assert.throws(() => labSpec(2, 100), /from 0 to 99/);
  assert.equal(lab.isUp(), true);
});

labTest('a machine that a test has made is off, also when its cluster has let go of it', async (lab) => {
  const xml = await writeVictim(lab);
  await lab.output('hostb', ['virsh', '-q', 'create', xml]);
  assert.ok(isAlive(lab, VICTIM));
  await lab.reset({ isWhole: false });
  assert.equal(isAlive(lab, VICTIM), false);
});
