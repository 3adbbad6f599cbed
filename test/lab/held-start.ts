/**
 * libvirt on a host that is long at every start of the victim. Either it has the machine among its own already, and a hook of
 * libvirt's holds it, which libvirt looks for when it starts; or it is still asking QEMU what that can do, as it does of each
 * QEMU that it does not know yet, and has no machine to tell of.
 */
import { dirname } from 'node:path';
import { VICTIM } from './fencing-victim.ts';
import type { Laboratory } from './lab.ts';
import { waitFor } from './wait-for.ts';

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
  await waitFor('libvirtd takes connections', 20_000, async () => {
    const asked = await lab.on(host, ['virsh', '-q', 'uri']);
    return asked.kind === 'exited' && asked.exitCode === 0;
  });
}

export async function holdStarts(lab: Laboratory, host: string): Promise<void> {
  const write = 'mkdir -p "$4"; printf %s "$2" >"$1"; chmod 755 "$1"; touch "$3"';
  await inShell(lab, host, write, HOOK, SCRIPT, HELD, dirname(HOOK));
  await restartLibvirt(lab, host);
}

const QEMU = '/usr/bin/qemu-system-x86_64';
const SLOW_QEMU = `#!/bin/bash
while [ -e ${HELD} ]; do sleep 0.1; done
exec -a ${QEMU} ${QEMU}.real "$@"
`;

export async function holdQuestions(lab: Laboratory, host: string): Promise<void> {
  await inShell(lab, host, 'mv "$1" "$1.real"; printf %s "$2" >"$1"; chmod 755 "$1"', QEMU, SLOW_QEMU);
  await restartLibvirt(lab, host);
  await lab.output(host, ['virsh', '-q', 'capabilities']);
  await inShell(lab, host, 'touch "$1" "$2"', HELD, QEMU);
}

export async function holdQuestionsNoMore(lab: Laboratory, host: string): Promise<void> {
  await inShell(lab, host, 'rm -f "$1"; mv "$2.real" "$2"', HELD, QEMU);
  await restartLibvirt(lab, host);
}

/** What is held goes on. */
export const letStart = (lab: Laboratory, host: string) => inShell(lab, host, 'rm "$1"', HELD);

export async function holdNoMore(lab: Laboratory, host: string): Promise<void> {
  await inShell(lab, host, 'rm -f "$1" "$2"', HOOK, HELD);
  await restartLibvirt(lab, host);
}
