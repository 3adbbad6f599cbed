/** libvirt on a host that is long at every start of the victim: a hook of libvirt's, which it looks for when it starts. */
import { dirname } from 'node:path';
import { VICTIM } from './fencing-victim.ts';
import type { Laboratory } from './lab.ts';

const HOOK = '/etc/libvirt/hooks/qemu';
const HELD = '/run/lab-start-held';
const SCRIPT = `#!/bin/sh
[ "$1 $2" = "${VICTIM} prepare" ] || exit 0
while [ -e ${HELD} ]; do sleep 0.1; done
`;

const inShell = (lab: Laboratory, host: string, script: string, ...words: readonly string[]) =>
  lab.output(host, ['/bin/sh', '-ec', script, 'sh', ...words]);

export async function restartLibvirt(lab: Laboratory, host: string): Promise<void> {
  await lab.signalDaemon(host, 'libvirtd', 'KILL');
  await lab.startDaemon(host, 'libvirtd');
}

export async function holdStarts(lab: Laboratory, host: string): Promise<void> {
  const write = 'mkdir -p "$4"; printf %s "$2" >"$1"; chmod 755 "$1"; touch "$3"';
  await inShell(lab, host, write, HOOK, SCRIPT, HELD, dirname(HOOK));
  await restartLibvirt(lab, host);
}

/** What is held goes on. */
export const letStart = (lab: Laboratory, host: string) => inShell(lab, host, 'rm "$1"', HELD);

export async function holdNoMore(lab: Laboratory, host: string): Promise<void> {
  await inShell(lab, host, 'rm -f "$1" "$2"', HOOK, HELD);
  await restartLibvirt(lab, host);
}
