/**
 * vm-ctl and the health of hosts: they are set up by one command, guests leave a host whose ping target or disk is
 * gone and come back, and what is down is said.
 */
import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Laboratory } from './lab.ts';
import { labTest } from './shared-lab.ts';
import {
  bothOnHosta,
  CONFIG,
  constraints,
  done,
  exitCode,
  install,
  letStop,
  refused,
  vmCtl,
} from './vm-ctl-world.ts';
import { waitFor } from './wait-for.ts';

/** hostb: what hosta pings over the wire, and hostb in itself. */
const TARGET = '10.77.0.2';
const GUESTS = ['guest3', 'guest4'];

const areOn = (lab: Laboratory, host: string) => () =>
  Promise.resolve(GUESTS.every((guest) => lab.hostOf(guest) === host));

labTest(
  'guests leave a host whose ping target or disk is gone, both of them, and come back',
  async (lab, t) => {
    await install(lab);
    const config = join(lab.rootOf('hosta') ?? '', 'etc/vm-ctl.conf');
    rmSync(config);
    await refused(lab, ['host', 'init', '--ping', '10.77.0.99'], /10\.77\.0\.99 does not answer ping/);
    await refused(lab, ['host', 'init', '--disk', '/dev/none'], /\/dev\/none is not on this host/);
    const init = ['host', 'init', '--ping', TARGET, '--daemons', 'none'];
    assert.match(await done(lab, ...init, '--dry-run'), /start clone|start .*pingCheck|pingCheck/);
    assert.doesNotMatch(await lab.output('hosta', ['cibadmin', '--query']), /pingCheck/);
    t.diagnostic(await done(lab, ...init));
    const before = await lab.output('hosta', ['cibadmin', '--query', '--scope', 'configuration']);
    assert.match(await done(lab, ...init), /is there already/);
    assert.equal(await lab.output('hosta', ['cibadmin', '--query', '--scope', 'configuration']), before);

    // The disk check is an attribute to vm-ctl; what keeps it is another matter.
    const dummy =
      '<clone id="clnDiskd1"><primitive id="diskCheck1" class="ocf" provider="pacemaker" type="Dummy"/></clone>';
    await lab.output('hosta', ['cibadmin', '--create', '--scope', 'resources', '--xml-text', dummy]);
    const lines =
      'vm_ocf=ocf:heartbeat:VirtualDomain\nvm_migration_transport=tcp\nvm_allow_migrate=on\nvm_diskd1=(clnDiskd1 diskcheck_status)\n';
    await lab.output('hosta', ['/bin/sh', '-c', 'cat >>/etc/vm-ctl.conf'], { input: lines });
    const disk = (host: string, value: string) =>
      lab.output('hosta', [
        'attrd_updater',
        '--name=diskcheck_status',
        `--node=${host}`,
        `--update=${value}`,
      ]);
    for (const host of ['hosta', 'hostb']) await disk(host, 'normal');
    // They are to come back.
    await lab.output('hosta', [
      ...['crm_attribute', '--type', 'rsc_defaults', '--name', 'resource-stickiness', '--update', '0'],
    ]);
    await done(lab, 'resource', 'add', 'guest3,', 'guest4', '-a', 'hosta');
    await letStop(lab);
    await done(lab, 'resource', 'start', 'guest*');
    assert.ok(await areOn(lab, 'hosta')());

    await disk('hosta', 'ERROR');
    await waitFor('both guests leave the host with the bad disk', 60_000, areOn(lab, 'hostb'));
    await lab.waitForIdle('hosts'); // the cluster hears of it later than we
    const screen = await vmCtl(lab, ['status']);
    t.diagnostic(`\n${screen.stdout}`);
    assert.match(screen.stdout, /hosta +online.* diskcheck_status=ERROR \(bad\)/);
    assert.match(screen.stdout, /guest3 +Started +hostb +hosta/);
    await disk('hosta', 'normal');
    await waitFor('both guests come back', 60_000, areOn(lab, 'hosta'));

    const nft = (text: string) => lab.output('hosta', ['nft', '-f', '-'], { input: text });
    await nft('add table ip lost\nadd chain ip lost out { type filter hook output priority 0 ; }\n');
    await nft(`add rule ip lost out ip daddr ${TARGET} ip protocol icmp drop\n`);
    await waitFor('both guests leave the host without its ping target', 120_000, areOn(lab, 'hostb'));
    const bad = await lab.output('hosta', ['attrd_updater', '--query', '--name=default_ping_set', '--all']);
    assert.match(bad, /host="hosta" value="0"/);
    await nft('delete table ip lost\n');
    await waitFor('both guests come back', 120_000, areOn(lab, 'hosta'));
    assert.doesNotMatch(await constraints(lab), /cli-/);
  },
  { limitMs: 600_000 },
);

labTest(
  'when libvirtd or Pacemaker is down, that is said, and nothing is changed',
  async (lab, t) => {
    await bothOnHosta(lab);
    await lab.signalDaemon('hosta', 'libvirtd', 'KILL');
    const before = await lab.output('hosta', ['cibadmin', '--query', '--scope', 'configuration']);
    await refused(
      lab,
      ['resource', 'add', 'guest2', '-a', 'hosta'],
      /libvirt does not answer at qemu:\/\/\/system/,
    );
    await refused(lab, ['guest', 'init', 'guest3'], /libvirt does not answer/);
    assert.equal(await lab.output('hosta', ['cibadmin', '--query', '--scope', 'configuration']), before);
    await lab.startDaemon('hosta', 'libvirtd');
    await lab.signalDaemon('hostb', 'pacemakerd', 'TERM');
    await waitFor('Pacemaker has ended on hostb', 60_000, async () => {
      const asked = await lab.on('hostb', ['pgrep', '-x', 'pacemakerd']);
      return asked.kind === 'exited' && asked.exitCode === 1;
    });
    for (const words of [['resource', 'start', 'guest3'], ['resource', 'list'], ['check'], ['status']]) {
      const ran = await vmCtl(lab, words, 'hostb');
      assert.equal(exitCode(ran), 2, words.join(' '));
      assert.match(ran.stdout + ran.stderr, /Pacemaker does not\s+run\s+on\s+this\s+host/, words.join(' '));
    }
    const status = await vmCtl(lab, ['status']);
    t.diagnostic(`\n${status.stdout}`);
    // Its corosync runs on, so Pacemaker takes it for one that is about to come.
    assert.match(status.stdout, /hostb +(?:offline|pending)/);
    assert.match(status.stdout, /not asked, links of guests/);
    await lab.startDaemon('hostb', 'pacemakerd');
    await lab.waitForOnline('hosts');
  },
  { limitMs: 300_000 },
);

labTest(
  'when the target dies during a move, no constraint stays, and it is said where the guest is',
  async (lab, t) => {
    // With fencing a migration that fails costs the source as well, and vm-ctl with it.
    await bothOnHosta(lab, `${CONFIG}vm_stonith=off\n`);
    const moving = vmCtl(lab, ['resource', 'move', 'guest4', '-n', 'hostb']);
    await waitFor('the move has begun', 30_000, async () => (await constraints(lab)).includes('cli-prefer'), {
      pollMs: 20,
    });
    await lab.kill('hostb');
    const result = await moving;
    t.diagnostic(`${exitCode(result)}: ${result.stdout}${result.stderr}`);
    assert.doesNotMatch(await constraints(lab), /cli-(?:prefer|ban)/);
    assert.match(
      `${result.stdout}${result.stderr}`,
      /guest4: (?:is|runs) (?:now )?on|guest4: .*hosta|guest4: .*hostb/,
    );
  },
  { limitMs: 400_000 },
);
