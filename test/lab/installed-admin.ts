/**
 * An administrator who does what the README says, word for word. The laboratory's hosts have other names and addresses, and
 * neither disk nor ssh: a loop device stands for the one, and words that a shell on the other host reads for the other.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startProgram } from './bridge-programs.ts';
import { HOSTS } from './fencing-world.ts';
import type { Laboratory } from './lab.ts';
import { CHECKOUT, hostAddress } from './layout.ts';
import { letReach, SHELL } from './vm-ctl-world.ts';
import { waitFor } from './wait-for.ts';

const NAMES = [
  [/hostA/g, 'hosta'],
  [/hostB/g, 'hostb'],
  [/192\.0\.2\.1\b/g, hostAddress('hosta')],
] as const;

/** The commands of a numbered step of the installation, without what is said of them. */
export function readmeStep(step: number, file = 'README.md'): string[] {
  const text = readFileSync(join(CHECKOUT, file), 'utf8');
  const block = new RegExp(`^\\*\\*${step}\\. [\\s\\S]*?^\`\`\`\\n([\\s\\S]*?)^\`\`\``, 'm').exec(text)?.[1];
  assert.ok(block !== undefined, `${file} has a step ${step}`);
  return block
    .trimEnd()
    .split('\n')
    .map((line) => line.replace(/ +# .*$/, ''));
}

/** In the directory where the administrator is; what it says. */
export function types(lab: Laboratory, target: string, command: string): Promise<string> {
  const words = NAMES.reduce((text, [theirs, ours]) => text.replace(theirs, ours), command);
  return lab.output(target, ['/bin/sh', '-c', `cd /tmp && ${words}`], { deadlineMs: 600_000 });
}

const SSH = `#!/bin/sh
while [ "$1" = -o ]; do shift 2; done
exec ${SHELL} "$@"
`;
/** scp [-p] FILE... HOST:FOLDER/ */
const SCP = `#!/bin/sh
set -e
[ "$1" != -p ] || shift
for place; do :; done
while [ $# -gt 1 ]; do
  ssh "\${place%%:*}" "echo $(tar -c -C "$(dirname "$1")" "$(basename "$1")" | base64 -w0) | base64 -d | tar -xp -C \${place#*:}"
  shift
done
`;

export async function letHostsReachEachOther(lab: Laboratory): Promise<void> {
  await letReach(lab);
  for (const host of HOSTS) {
    for (const [name, script] of [
      ['ssh', SSH],
      ['scp', SCP],
    ] as const) {
      const file = join(lab.rootOf(host) ?? '/nonexistent', 'usr/local/bin', name);
      writeFileSync(file, script);
      chmodSync(file, 0o755);
    }
  }
}

/** /dev/sda, the same on all hosts. Held open there and detached here, it is gone when the last host has ended. */
export async function plugDisk(lab: Laboratory): Promise<void> {
  const image = join(lab.layout.state, 'disk.img');
  writeFileSync(image, '');
  truncateSync(image, 8 << 20);
  const loop = execFileSync('losetup', ['--find', '--show', image], { encoding: 'utf8' }).trim();
  try {
    const { rdev } = statSync(loop);
    const [major, minor] = [(rdev >> 8) & 0xfff, (rdev & 0xff) | ((rdev >> 12) & 0xfff00)];
    for (const host of HOSTS) {
      await lab.output(host, ['mknod', '-m', '600', '/dev/sda', 'b', String(major), String(minor)]);
      await startProgram(lab, host, 'disk', ['/bin/sh', '-c', 'exec sleep infinity </dev/sda']);
      await waitFor(`${host} holds its disk open`, 30_000, async () => {
        const held = await lab.on(host, ['/bin/sh', '-c', 'readlink "/proc/$(cat /run/lab-disk.pid)/fd/0"']);
        return held.stdout === '/dev/sda\n';
      });
    }
  } finally {
    execFileSync('losetup', ['--detach', loop]);
  }
}

/** Defined in libvirt on all hosts, off, and with nothing yet that our programs need. */
export async function defineBare(lab: Laboratory, guests: readonly string[]): Promise<void> {
  for (const guest of [...guests, ...guests]) await lab.define(guest, 'hosta'); // once more: with the others as members
  for (const guest of guests) {
    for (const host of HOSTS) {
      const xml = await lab.output(host, ['virsh', '-q', 'dumpxml', '--inactive', guest]);
      const bare = xml.replace(
        /<channel [^>]*>(?:(?!<\/channel>)[\s\S])*name='vmconnectd'[\s\S]*?<\/channel>/,
        '',
      );
      assert.notEqual(bare, xml);
      const define = 'cat >"$0" && virsh -q define "$0"';
      await lab.output(host, ['/bin/sh', '-c', define, `/tmp/${guest}.xml`], { input: bare });
    }
  }
}

/** From now on there is nothing of the tree in the hosts; guests never have any under systemd. */
export async function hideTree(lab: Laboratory): Promise<void> {
  for (const host of HOSTS) {
    await lab.output(host, ['mount', '-t', 'tmpfs', '-o', 'ro', 'nothing', CHECKOUT]);
    assert.equal(await lab.output(host, ['ls', '-A', CHECKOUT]), '');
  }
}
