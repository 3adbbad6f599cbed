/** What a test does to hosts and guests, each by one call. A name says whether it is a host or a guest. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runIn } from './clusters.ts';
import { guestOutput } from './guest-agent.ts';
import { type FreezeKind, freezeGuest, killGuest, startGuest, thawGuest } from './guests.ts';
import { freezeHost, hostOutput, initPid, killHost, startHost, thawHost } from './hosts.ts';
import { isHost, type Lab, specOf } from './lab-handle.ts';
import { CHECKOUT } from './layout.ts';
import { linkPrograms } from './programs.ts';
import { applyCutsInHost, applyCutsOnWire, type Cut, readCuts, writeCuts } from './wire.ts';

/** Stops every process of a host, or a guest's QEMU, or only what runs in the guest. */
export async function freeze(lab: Lab, target: string, kind: FreezeKind = 'qemu'): Promise<void> {
  return isHost(lab, target) ? freezeHost(lab, target) : freezeGuest(lab, target, kind);
}

export async function thaw(lab: Lab, target: string): Promise<void> {
  return isHost(lab, target) ? thawHost(lab, target) : thawGuest(lab, target);
}

/** Cuts the power of a host, with all guests on it, or kills a guest's QEMU. */
export async function kill(lab: Lab, target: string): Promise<void> {
  return isHost(lab, target) ? killHost(lab, target) : killGuest(lab, target);
}

/** Powers a host on with the disks that it had, or starts a guest. */
export async function start(lab: Lab, target: string, host?: string): Promise<void> {
  if (!isHost(lab, target)) return startGuest(lab, target, host);
  await startHost(lab, target);
  await linkPrograms(lab, target);
}

/** Without options: everything to and from the target on its own network, in both directions. */
export type CutOptions = Partial<Omit<Cut, 'target'>>;

export async function cut(lab: Lab, target: string, options: CutOptions = {}): Promise<void> {
  const net = options.net ?? (isHost(lab, target) ? 'hosts' : 'guests');
  writeCuts(lab, [...readCuts(lab), { direction: 'both', lossPercent: 100, ...options, target, net }]);
  await applyCuts(lab);
}

/** Undoes the cuts of one target, or all. */
export async function mend(lab: Lab, target?: string): Promise<void> {
  if (target !== undefined) isHost(lab, target);
  if (readCuts(lab).length === 0) return;
  writeCuts(lab, target === undefined ? [] : readCuts(lab).filter((one) => one.target !== target));
  await applyCuts(lab);
}

async function applyCuts(lab: Lab): Promise<void> {
  const pids = specOf(lab).hosts.map((host) => initPid(lab, host));
  await Promise.all([
    applyCutsOnWire(lab),
    ...pids.filter((pid) => pid !== undefined).map((pid) => applyCutsInHost(lab, pid)),
  ]);
}

export type HostDaemon = 'corosync' | 'pacemakerd' | 'virtlogd' | 'libvirtd';
export type GuestDaemon = 'corosync' | 'pacemakerd' | 'qemu-ga';

/**
 * Sends a signal to every process of a program, in a host or a guest; false when there is none. After KILL it is gone,
 * with its sockets and locks.
 */
export async function signalDaemon(
  lab: Lab,
  target: string,
  program: string,
  signal: string,
): Promise<boolean> {
  const script = `
    pids=$(pidof "$1") && kill -s "$2" $pids || exit
    [ "$2" != KILL ] || for pid in $pids; do while pidof "$1" | grep -qw "$pid"; do sleep 0.05; done; done`;
  const result = await runIn(lab, target, ['/bin/sh', '-c', script, 'signal', program, signal]);
  return result.kind === 'exited' && result.exitCode === 0;
}

export async function startDaemon(lab: Lab, target: string, daemon: HostDaemon | GuestDaemon): Promise<void> {
  if (isHost(lab, target)) {
    await hostOutput(lab, target, ['/bin/bash', join(CHECKOUT, 'test/lab/host-init.sh'), 'start', daemon]);
  } else {
    await guestOutput(lab, target, ['/bin/bash', '/lab/guest-init.sh', 'start', daemon]);
  }
}

/** What the switch that fences hosts does when it is asked: its work, say no, or say nothing. */
export type PowerSwitchMode = 'works' | 'fails' | 'hangs';

export function setPowerSwitch(lab: Lab, mode: PowerSwitchMode): void {
  writeFileSync(join(lab.layout.power, 'mode'), mode);
}
