/**
 * Keys, tokens and the passphrase of version 1 stay where they belong while Pacemaker's own commands do the fencing: a guest is ended and
 * started on real clusters, and then whatever was called, written and kept on hosts and in the guest that asked is searched.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { ProcessWatch } from '../support/process-watch.ts';
import { isAlive } from './fencing-observer.ts';
import { resourceOf } from './fencing-tokens.ts';
import {
  buildFencingWorld,
  endFencingWorld,
  HOSTS,
  startProgram,
  stopProgram,
  waitForLink,
} from './fencing-world.ts';
import type { Laboratory } from './lab.ts';
import { labTest } from './shared-lab.ts';

const ASKER = 'guest1';
const VICTIM = 'guest2';
const ETC = '/etc/pm-kvm-tools';
const CONF = `${ETC}/vm-stonithd.conf`;
const OLD_TOKENS = `${ETC}/old-tokens`;
const WRITE = 'umask 077; cat >"$0"';

const write = (lab: Laboratory, target: string, path: string, input: string) =>
  lab.output(target, ['/bin/sh', '-c', WRITE, path], { input });

/** As the admin of a version 1 made it. */
function oldToken(passphrase: string): string {
  const words = ['des-ede3', '-e', '-base64', '-md', 'md5', '-k', passphrase];
  const input = `${resourceOf(VICTIM)}\n`;
  return execFileSync('openssl', words, {
    input,
    encoding: 'utf8',
    stdio: ['pipe', 'pipe', 'ignore'],
  }).replaceAll('\n', '');
}

/** The files that hold any of it, and what Pacemaker's compressed inputs of the scheduler do. */
const SEARCH = `
secrets=$(cat)
grep -rlF -D skip -e "$secrets" /etc /run /tmp /var/lib/pacemaker /var/log /var/tmp
for input in /var/lib/pacemaker/pengine/*.bz2; do
  test -e "$input" && bzcat "$input" | grep -qF -e "$secrets" && echo "$input"
done
cibadmin --query 2>/dev/null | grep -qF -e "$secrets" && echo 'the CIB'
journalctl --no-pager 2>/dev/null | grep -qF -e "$secrets" && echo 'the journal'
:
`;

/** Where a guest shows once more what it has written. */
const GUEST_LAYER = /^\/run\/lab-layer/;

async function holders(lab: Laboratory, target: string, secrets: readonly string[]): Promise<string[]> {
  const found = await lab.output(target, ['/bin/sh', '-c', SEARCH], { input: secrets.join('\n') });
  const paths = found.split('\n').map((path) => path.replace(GUEST_LAYER, ''));
  return [...new Set(paths)].filter(Boolean).sort();
}

labTest(
  'no secret is in a process list, the CIB and its history, an attribute or a log when a guest has been ended and started',
  async (lab, t) => {
    const passphrase = randomUUID();
    const old = oldToken(passphrase);
    try {
      await buildFencingWorld(lab);
      const keys = await lab.output('hosta', ['cat', `${ETC}/keys`]);
      const [, key = ''] = /secret = (\S+)/.exec(keys) ?? [];
      const [, token = ''] = /^guest2 (\S+)/m.exec(await lab.output(ASKER, ['cat', `${ETC}/tokens`])) ?? [];
      const sealed = token.split('.').at(-1) ?? '';
      assert.ok(key.length > 40 && sealed.length > 100);
      const secrets = [key, Buffer.from(key, 'base64').toString('hex'), sealed, old, passphrase];
      const settings = `[stonith]\nlog-level = debug\ndecrypt-command = openssl des-ede3 -d -base64 -k ${passphrase}\n`;
      for (const host of HOSTS) {
        await write(lab, host, CONF, settings);
        await stopProgram(lab, host, 'vm-stonithd');
        await startProgram(lab, host, 'vm-stonithd');
      }
      await write(lab, ASKER, OLD_TOKENS, `${VICTIM} ${old}\n`);
      await waitForLink(lab, ASKER);

      const watch = new ProcessWatch(t, secrets);
      await lab.output(ASKER, ['fence_vm', '-o', 'off', '-n', VICTIM]);
      assert.ok(!isAlive(lab, VICTIM), 'it was said to be off');
      const input = `action=on\nplug=${VICTIM}\ntoken_file=${OLD_TOKENS}\n`;
      await lab.output(ASKER, ['fence_vm'], { input });
      await lab.waitForAgent(VICTIM, 120_000);
      watch.end();
      assert.deepEqual([...watch.leaks], [], 'it is in a process list');
      for (const program of ['attrd_updater', 'cibadmin', 'crm_mon', 'virsh', 'VirtualDomain', 'vm-stonithd'])
        assert.ok(
          [...watch.seen].some((line) => line.includes(program)),
          `${program} was not seen at all`,
        );

      for (const host of HOSTS)
        assert.deepEqual(await holders(lab, host, secrets), [`${ETC}/keys`, CONF].sort(), host);
      assert.deepEqual(await holders(lab, ASKER, secrets), [OLD_TOKENS, `${ETC}/tokens`].sort(), ASKER);
      // What was searched is what fencing writes to.
      const history = await holders(lab, 'hosta', ['name="vm-stonithd"']);
      assert.ok(
        history.some((path) => path.startsWith('/var/lib/pacemaker/cib/')),
        history.join(),
      );
      const marks = await holders(lab, 'hosta', [`force_stop-${resourceOf(VICTIM)}`]);
      assert.ok(
        marks.some((path) => path.startsWith('/var/log/')),
        marks.join(),
      );
      const audits = await Promise.all(HOSTS.map((host) => holders(lab, host, ['"token":"version 1"'])));
      assert.ok(audits.flat().includes('/var/log/pm-kvm-tools/audit.log'));
    } finally {
      await endFencingWorld(lab);
      for (const host of HOSTS) await lab.on(host, ['rm', '-f', CONF]);
      await lab.in(ASKER, ['rm', '-f', OLD_TOKENS]);
    }
  },
  { limitMs: 600_000 },
);
