/**
 * vm-ctl on a whole two-level cluster: `check` is content when all is well, finds what is wrong on whichever host,
 * `status` shows it, and `guest init` gives a guest its channel, also while it runs.
 */
import assert from 'node:assert/strict';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { endProgram, startProgram } from './bridge-programs.ts';
import { buildFencingWorld, endFencingWorld, stopProgram } from './fencing-world.ts';
import type { Laboratory } from './lab.ts';
import { labTest } from './shared-lab.ts';
import { done, exitCode, install, PROGRAM, vmCtl } from './vm-ctl-world.ts';

const ASKER = '/usr/local/sbin/ask-node';
const ANSWERER = 'answer-check';
const PORT = '7777';
const CONFIG = `vm_ocf=ocf:extra:VirtualDomain
vm_migration_transport=tcp
vm_remote_shell=(${ASKER})
`;

/** Instead of ssh, which needs a daemon and keys: whoever connects gets the answer of this one command. */
async function letAsk(lab: Laboratory): Promise<void> {
  for (const host of ['hosta', 'hostb']) {
    const asker = join(lab.rootOf(host) ?? '', ASKER);
    writeFileSync(asker, `#!/bin/sh\nexec socat -t60 -u TCP:$1:${PORT} -\n`);
    chmodSync(asker, 0o755);
    const listen = `TCP-LISTEN:${PORT},fork,reuseaddr`;
    await startProgram(lab, host, ANSWERER, [
      'socat',
      '-t60',
      listen,
      `EXEC:${PROGRAM} check --local --json`,
    ]);
  }
}

const endAsking = (lab: Laboratory, host: string) => endProgram(lab, host, [ANSWERER]);

async function findings(lab: Laboratory): Promise<readonly string[]> {
  const ran = await vmCtl(lab, ['check', '--json']);
  const { findings: found } = JSON.parse(ran.stdout);
  assert.equal(exitCode(ran), found.length === 0 ? 0 : 1);
  return found.map(({ key, node = '', guest = '' }: Record<string, string>) =>
    [key, guest, node].filter((word) => word !== '').join(' '),
  );
}

labTest(
  'check is content with a whole cluster, finds what is wrong on the other host, and status shows it',
  async (lab, t) => {
    await install(lab, CONFIG);
    await buildFencingWorld(lab);
    try {
      await letAsk(lab);
      const good = await vmCtl(lab, ['check']);
      assert.equal(exitCode(good), 0, good.stdout + good.stderr);
      assert.match(good.stdout, /nothing is wrong \(2 guests, 2 hosts\)/);
      const status = await vmCtl(lab, ['status']);
      t.diagnostic(`\n${status.stdout}${status.stderr}`);
      assert.equal(exitCode(status), 0, status.stderr);
      assert.match(status.stdout, /guest\d +Started +hosta +\S+ +up v2/);
      assert.match(status.stdout, /vm-stonithd \S+ on hosta: registered, jobs: 0, keys: \w+/);

      const file = join(lab.rootOf('hostb') ?? '', 'etc/libvirt/qemu/guest1.xml');
      const text = readFileSync(file, 'utf8');
      writeFileSync(file, text.replace('<devices>', '<!-- nothing --><devices>'));
      assert.deepEqual(await findings(lab), [], 'a comment is no difference');
      writeFileSync(file, text.replace('<on_crash>restart', '<on_crash>destroy'));
      assert.deepEqual(await findings(lab), ['xml-differs guest1 hosta']);
      writeFileSync(file, text);

      await stopProgram(lab, 'hostb', 'vm-stonithd');
      const missing = await findings(lab);
      assert.ok(missing.includes('stonithd-down hostb'), missing.join(', '));
      await endAsking(lab, 'hostb');
      assert.ok((await findings(lab)).includes('host-unchecked hostb'));
      const told = await vmCtl(lab, ['check']);
      t.diagnostic(`\n${told.stderr}`);
    } finally {
      for (const host of ['hosta', 'hostb']) await endAsking(lab, host);
      await endFencingWorld(lab);
    }
  },
  { limitMs: 400_000 },
);

labTest(
  'guest init gives guests their channel, one that runs as well, and prints their fencing',
  async (lab, t) => {
    await install(lab, CONFIG);
    const path = '/etc/libvirt/qemu/guest3.xml';
    const strip = `virsh -q dumpxml --inactive guest3 | awk '
      /<channel/ { block = ""; inside = 1 } inside { block = block $0 "\\n"; if (/<\\/channel>/) { inside = 0; if (block !~ /vmconnectd/) printf "%s", block }; next } { print }
    ' >/tmp/guest3.xml && virsh -q define /tmp/guest3.xml && virsh -q start guest3`;
    await lab.output('hosta', ['/bin/bash', '--norc', '-c', strip]);
    assert.doesNotMatch(await lab.output('hosta', ['cat', path]), /vmconnectd/);
    await lab.output('hosta', ['/bin/sh', '-c', 'rm -f /tmp/keys']);
    await done(lab, 'key', 'make', '--keys', '/tmp/keys');
    const init = ['guest', 'init', 'guest3,', 'guest4', '--keys', '/tmp/keys'];
    assert.match(await done(lab, ...init, '--dry-run'), /guest3: would get a channel in .*guest3\.xml/);
    assert.doesNotMatch(await lab.output('hosta', ['cat', path]), /vmconnectd/);

    const ran = await vmCtl(lab, [...init, '--live', '--format', 'pcs']);
    t.diagnostic(`\n${ran.stdout}${ran.stderr}`);
    assert.equal(exitCode(ran), 0, ran.stderr);
    assert.match(ran.stderr, /guest3: has a channel in \/etc\/libvirt\/qemu\/guest3\.xml now/);
    assert.match(ran.stderr, /guest3: runs, and the channel is plugged in/);
    assert.match(ran.stderr, /guest4: .* has its channel already/);
    assert.match(ran.stdout, /^pcs -f "\$1" stonith create fence-vm fence_vm /m);
    assert.match(await lab.output('hosta', ['cat', path]), /vmconnectd/);
    const live = await lab.output('hosta', ['virsh', '-q', 'dumpxml', 'guest3']);
    assert.match(live, /name='vmconnectd'/);
    const again = await vmCtl(lab, [...init, '--live']);
    assert.match(again.stderr, /guest3: .* has its channel already/);
    await lab.output('hosta', ['virsh', '-q', 'destroy', 'guest3']);
  },
  { limitMs: 300_000 },
);
