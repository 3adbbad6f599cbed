/**
 * The whole story, by what the packages bring and nothing of the tree: two hosts and two guests whose first process is systemd,
 * put together step by step as the README says, until a guest that freezes is fenced by its peer and its service taken over.
 *
 * A guest's root is in its memory: the package comes into guests that have been started for good.
 */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import type { PackageName } from '../../.ci/package/contents.ts';
import { makeDerivedFiles } from '../../.ci/package/stage.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { startProgram } from './bridge-programs.ts';
import { isAlive } from './fencing-observer.ts';
import { configureService, REQUESTER, VICTIM, waitForService, watchStory, wordsOf } from './fencing-story.ts';
import { resourceOf } from './fencing-tokens.ts';
import { GUESTS, HOSTS, waitForLink } from './fencing-world.ts';
import {
  defineBare,
  hideTree,
  letHostsReachEachOther,
  plugDisk,
  readmeStep,
  types,
} from './installed-admin.ts';
import { assertConfined } from './installed-confinement.ts';
import { buildDeb, install, prepareHost } from './installed-packages.ts';
import { mainPid } from './installed-units.ts';
import { type Laboratory, laboratory } from './lab.ts';
import { seconds } from './report.ts';
import { ownLabTest } from './shared-lab.ts';
import { waitFor } from './wait-for.ts';

const VERSION = '2.0.0~dev1';
const UNITS = { host: ['vm-connectd', 'vm-stonithd', 'vm-managerd'], guest: ['vm-connectd'] } as const;
/** systemd, udev, corosync and Pacemaker, emulated, on a machine that does other work as well. */
const BOOT_MS = 600_000;
const PATIENCE_MS = 180_000;

ownLabTest(
  'installed from the packages and put together as the README says, a frozen guest is fenced by its peer',
  async (t) => {
    for (const step of [2, 3, 4, 5, 6]) {
      assert.deepEqual(readmeStep(step, 'README.ja.md'), readmeStep(step), 'both READMEs say the same');
    }
    const directory = temporaryDirectory(t);
    makeDerivedFiles();
    const [hostDeb, guestDeb] = (['pm-kvm-tools-host', 'pm-kvm-tools-guest'] as const).map((name) =>
      buildDeb(name, directory, VERSION),
    );
    assert.ok(hostDeb !== undefined && guestDeb !== undefined);
    const lab = laboratory(`${laboratory().name}-story`);
    const startedMs = performance.now();
    const say = (text: string) => t.diagnostic(`${seconds(startedMs)}: ${text.trimEnd()}`);
    try {
      await lab.up({ hosts: [...HOSTS], guests: [], init: 'systemd' });
      say('hosts are up');
      for (const host of HOSTS) {
        await prepareHost(lab, host, directory);
        await install(lab, host, hostDeb);
      }
      await hideTree(lab);
      await letHostsReachEachOther(lab);
      await plugDisk(lab);
      await defineBare(lab, GUESTS);
      await setUpHosts(lab, say);
      await setUpGuests(lab, say);
      await Promise.all(GUESTS.map((guest) => equip(lab, guest, guestDeb, say)));
      await setUpFencing(lab, say);
      await assertChecked(lab, say);
      await Promise.all([
        ...HOSTS.map((host) => assertInstalled(lab, host, 'host')),
        ...GUESTS.map((guest) => assertInstalled(lab, guest, 'guest')),
      ]);
      say('all that runs is installed and confined');
      await tell(lab, t, say);
    } finally {
      await lab.down();
    }
  },
  { limitMs: 1_400_000 },
);

type Say = (text: string) => void;

async function type(lab: Laboratory, target: string, command: string, say: Say): Promise<string> {
  const said = await types(lab, target, command);
  say(`${target}# ${command}\n${said}`);
  return said;
}

async function setUpHosts(lab: Laboratory, say: Say): Promise<void> {
  // For who watches.
  const debug = 'printf "[stonith]\\nlog-level = debug\\n" >/etc/pm-kvm-tools/vm-stonithd.conf';
  for (const host of HOSTS) await types(lab, host, debug);
  const [key = '', copy = '', look = '', ...rest] = readmeStep(2);
  for (const [host, command] of [
    ['hosta', key],
    ['hosta', copy],
    ['hostb', look],
    ...rest.map((line) => ['hosta', line] as const),
  ] as const) {
    const said = await type(lab, host, command, say);
    if (command === look) assert.match(said, /^-rw------- 1 root root /);
  }
  // No ssh for libvirt, either.
  for (const host of HOSTS) await types(lab, host, 'echo vm_migration_transport=tcp >>/etc/vm-ctl.conf');
  await lab.waitForIdle('hosts', PATIENCE_MS);
  for (const host of HOSTS)
    for (const unit of UNITS.host)
      assert.equal(await lab.output(host, ['systemctl', 'is-active', unit]), 'active\n');
}

async function setUpGuests(lab: Laboratory, say: Say): Promise<void> {
  const commands = readmeStep(3).filter((line) => !/--format pcs/.test(line));
  for (const command of commands) await type(lab, 'hosta', command, say);
  for (const guest of GUESTS) {
    const definition = await lab.output('hostb', ['virsh', '-q', 'dumpxml', '--inactive', guest]);
    assert.match(definition, /name='vmconnectd'/, 'libvirt of the other host has the channel, too');
  }
  await Promise.all(GUESTS.map((guest) => lab.waitForMembership(guest, BOOT_MS)));
  await Promise.all(GUESTS.map((guest) => lab.waitForAgent(guest, BOOT_MS)));
  say('the guests are a cluster');
}

async function equip(lab: Laboratory, guest: string, deb: string, say: Say): Promise<void> {
  await install(lab, guest, deb);
  const input = await lab.output('hosta', ['cat', '/tmp/tokens']);
  await lab.output(guest, ['/bin/sh', '-c', 'cat >/tmp/tokens'], { input });
  const [tokens = '', unit = '', look = ''] = readmeStep(4);
  for (const command of [tokens, unit]) await type(lab, guest, command, say);
  await waitForLink(lab, guest);
  say(`${guest} can fence`);
  // A guest that gets little of the machine may not answer in the 5 s that the command waits.
  const status = await waitFor(`${guest} tells its status`, PATIENCE_MS, async () => {
    const shown = await lab.in(guest, ['/bin/sh', '-c', look]);
    return shown.kind === 'exited' && shown.exitCode === 0 && shown.stdout;
  });
  assert.match(status, /^host +hosta, up for/);
  say(`${guest}# ${look}\n${status}`);
}

async function setUpFencing(lab: Laboratory, say: Say): Promise<void> {
  const input = await lab.output('hosta', ['cat', '/tmp/fencing.crm']);
  await lab.output(REQUESTER, ['/bin/sh', '-c', 'cat >/tmp/fencing.crm'], { input });
  const [load = ''] = readmeStep(5);
  await type(lab, REQUESTER, load, say);
  await configureService(lab);
  await waitForService(lab, BOOT_MS);
  say(`the service runs on ${VICTIM}`);
}

async function assertChecked(lab: Laboratory, say: Say): Promise<void> {
  await lab.waitForIdle('hosts', PATIENCE_MS);
  const [check = ''] = readmeStep(6);
  const checked = await type(lab, 'hosta', check, say);
  assert.match(checked, /nothing is wrong \(2 guests, 2 hosts\)/);
}

/** What runs is what dpkg knows, unchanged but for the configuration, and each unit is active and confined. */
async function assertInstalled(lab: Laboratory, target: string, side: 'host' | 'guest'): Promise<void> {
  const name: PackageName = `pm-kvm-tools-${side}`;
  const output = (...argv: readonly string[]) => lab.output(target, argv, { deadlineMs: PATIENCE_MS });
  const node = await output('/bin/sh', '-c', 'readlink -f "$(command -v node)"');
  for (const unit of UNITS[side]) {
    assert.equal(await output('systemctl', 'is-active', unit), 'active\n');
    const pid = await mainPid(lab, target, unit);
    assert.equal(await output('readlink', `/proc/${pid}/exe`), node);
    const [, program = ''] = (await output('cat', `/proc/${pid}/cmdline`)).split('\0');
    assert.equal(program, `/usr/sbin/${unit}`);
    assert.equal(await output('readlink', '-f', program), `${program}\n`, 'no link to anything else');
    assert.equal(await output('dpkg', '-S', program), `${name}: ${program}\n`);
    await assertConfined(lab, target, unit, side);
  }
  const changed = await output('/bin/sh', '-c', `dpkg --verify ${name} || :`);
  assert.equal(changed.replace(/^\S+ c \/etc\/.*\n/gm, ''), '');
}

/** In no order: the set of attributes that fencing has put back comes behind the operations. */
async function configurationOf(lab: Laboratory): Promise<string[]> {
  const text = await lab.output('hosta', ['cibadmin', '--query', '--scope', 'configuration']);
  return text.split('\n').sort();
}

async function tell(lab: Laboratory, t: TestContext, say: Say): Promise<void> {
  await type(lab, 'hosta', `vm-ctl resource move ${VICTIM} -n hostB`, say);
  assert.equal(lab.hostOf(VICTIM), 'hostb');
  const former = await configurationOf(lab);
  for (const host of HOSTS) {
    const argv = ['journalctl', '--follow', '--lines=0', '--unit=vm-stonithd', '--output=cat'];
    await startProgram(lab, host, 'vm-stonithd', argv);
  }
  t.diagnostic(`ms after the freeze: ${wordsOf(await watchStory(lab))}`);
  assert.equal(isAlive(lab, VICTIM), false);
  const journal = await lab.output('hosta', [
    'journalctl',
    '--unit=vm-stonithd',
    '--output=cat',
    '--no-pager',
  ]);
  assert.match(journal, new RegExp(`off: confirmed guest=${REQUESTER} target=${resourceOf(VICTIM)} `));
  const [, fence = ''] = readmeStep(6);
  await type(lab, REQUESTER, fence, say);
  await lab.waitForOnline('guests', undefined, BOOT_MS);
  await waitForService(lab, BOOT_MS);
  assert.deepEqual(await configurationOf(lab), former, 'nothing is left of the fencing');
  const mark = `force_stop-${resourceOf(VICTIM)}`;
  const marked = await lab.on('hosta', ['attrd_updater', '--query', '--all', `--name=${mark}`]);
  assert.doesNotMatch(marked.stdout, /value="[^"]/);
}
