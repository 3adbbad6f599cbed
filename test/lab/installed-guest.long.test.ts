/**
 * Laws of the package for guests and of its unit, in a guest whose first process is systemd, on a host with the package for
 * hosts: what is installed works as it is confined, comes back when it is killed, is upgraded, and goes without a trace.
 */
import assert from 'node:assert/strict';
import { makeDerivedFiles } from '../../.ci/package/stage.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { assertConfined } from './installed-confinement.ts';
import { buildDeb, dpkg, install, prepareHost } from './installed-packages.ts';
import { assertKept, assertNoCore, linesWithPriority, mainPid } from './installed-units.ts';
import { laboratory } from './lab.ts';
import { guestSpec } from './layout.ts';
import { ownLabTest } from './shared-lab.ts';

const HOST = 'hosta';
const GUEST = 'guest1';
const UNIT = 'vm-connectd';
/** Of a command, on a machine that does other work as well. */
const PATIENCE_MS = 180_000;
const TOKENS = '/etc/pm-kvm-tools/tokens';

/** In what differs from the packed root, but for what dpkg itself keeps, logs, and what tests bring. */
const LEFT =
  'cd /run/lab-layer && find . ! -type d ! -path "./var/lib/dpkg/*" ! -path "./var/log/*" ! -path "./tmp/*" | grep -E "vm-conn|vmconn|pm-kvm|fence_vm$|vm-stonith|vm-client" || :';

ownLabTest(
  'what the package for guests brings serves, comes back, is upgraded and goes',
  async (t) => {
    const directory = temporaryDirectory(t);
    makeDerivedFiles();
    const host = buildDeb('pm-kvm-tools-host', directory, '2.0.0~dev1');
    const [former, newer] = ['2.0.0~dev1', '2.0.0~dev2'].map((version) =>
      buildDeb('pm-kvm-tools-guest', directory, version),
    );
    assert.ok(former !== undefined && newer !== undefined);
    const lab = laboratory(`${laboratory().name}-installed`);
    const inGuest = (...argv: readonly string[]) => lab.output(GUEST, argv, { deadlineMs: PATIENCE_MS });
    try {
      const guest = guestSpec(GUEST, HOST, { cluster: false, memoryMiB: 384 });
      await lab.up({ hosts: [HOST], guests: [guest], init: 'systemd' });
      await prepareHost(lab, HOST, directory);
      await install(lab, HOST, host);
      await lab.output(HOST, ['systemctl', 'start', UNIT]);

      await t.test('its unit carries what is asked, confined and with no right of root', async () => {
        await install(lab, GUEST, former);
        assert.equal((await lab.in(GUEST, ['systemctl', 'is-enabled', UNIT])).stdout, 'disabled\n');
        await inGuest('systemctl', 'enable', '--now', UNIT);
        assert.match(await inGuest('vm-connect', 'ping'), /^pong 1: /);
        await assertConfined(lab, GUEST, UNIT, 'guest');
        const told = await linesWithPriority(lab, GUEST, UNIT, 6);
        assert.match(told, /host link: greeting => up host=hosta guest=guest1/);
      });

      await t.test('killed it comes back, aborted it leaves no core, and stopped no socket', async () => {
        await assertKept(lab, GUEST, UNIT);
        await assertNoCore(lab, GUEST, UNIT);
        assert.match(await inGuest('vm-connect', 'ping'), /^pong 1: /);
        await inGuest('systemctl', 'stop', UNIT);
        assert.equal(await inGuest('systemctl', 'show', '-P', 'Result', UNIT), 'success\n');
        await inGuest('/bin/sh', '-c', '! test -e /run/vmconnectd.sock');
        await inGuest('systemctl', 'start', UNIT);
      });

      await t.test('upgraded it is the new one, with the tokens that it had', async () => {
        await inGuest('/bin/sh', '-c', `umask 077; echo 'guest2 pkt2.example' >${TOKENS}`);
        const pid = await mainPid(lab, GUEST, UNIT);
        await install(lab, GUEST, newer);
        assert.notEqual(await mainPid(lab, GUEST, UNIT), pid);
        assert.match(await inGuest('vm-connect', 'ping'), /^pong 1: /);
        assert.equal(await inGuest('cat', TOKENS), 'guest2 pkt2.example\n');
      });

      await t.test('removed it keeps them, purged it leaves nothing', async () => {
        await dpkg(lab, GUEST, '-r', 'pm-kvm-tools-guest');
        assert.equal(await inGuest('cat', TOKENS), 'guest2 pkt2.example\n');
        await dpkg(lab, GUEST, '-P', 'pm-kvm-tools-guest');
        assert.equal(await inGuest('/bin/sh', '-c', LEFT), '');
      });
    } finally {
      await lab.down();
    }
  },
  { limitMs: 1_200_000 },
);
