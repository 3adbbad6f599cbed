/**
 * The network of a laboratory: a namespace of its own, "the wire", with one bridge that joins the hosts and one that
 * joins the bridges of their guests. It lives as long as one sleeping process, so it can't be left behind.
 *
 * Cuts are nft rules: on the wire for hosts, by the port's name; in every host for guests, by the card's address, so
 * that a cut follows a guest that migrates. All cuts are kept in one file and applied as a whole, to a host also
 * when it comes back. A cut drops frames; the card keeps its carrier, as with a broken switch.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { pidsIn } from './cgroup.ts';
import { type Lab, leaf } from './lab-handle.ts';
import { guestMac } from './layout.ts';
import { runInLab, spawnInLab } from './run-in-lab.ts';
import { waitFor } from './wait-for.ts';

export type Direction = 'both' | 'in' | 'out';
/** `hosts`: what corosync and migrations use. `guests`: what joins the guests. */
export type Net = 'hosts' | 'guests';

export interface Cut {
  /** A host or a guest. */
  readonly target: string;
  readonly net: Net;
  /** As seen from the target. */
  readonly direction: Direction;
  /** Only what goes to or comes from this one, of the same kind. */
  readonly peer?: string;
  /** 100 drops all. */
  readonly lossPercent: number;
}

const SETUP = `
ip link set lo up
for bridge in br-hosts br-guests; do ip link add $bridge type bridge forward_delay 0 && ip link set $bridge up; done
exec sleep infinity`;

export async function startWire(lab: Lab): Promise<void> {
  spawnInLab(lab, 'wire', ['unshare', '--net', '/bin/sh', '-ec', SETUP], {
    log: `${lab.layout.state}/wire.log`,
  });
  await waitFor(
    'the network of the laboratory stands',
    5_000,
    () => {
      const pid = wirePid(lab);
      return pid !== undefined && readFileSync(`/proc/${pid}/comm`, 'utf8').trim() === 'sleep';
    },
    { logs: [`${lab.layout.state}/wire.log`] },
  );
}

export function wirePid(lab: Lab): number | undefined {
  return pidsIn(leaf(lab, 'wire'))[0];
}

export function readCuts(lab: Lab): readonly Cut[] {
  return existsSync(lab.layout.cutsFile) ? JSON.parse(readFileSync(lab.layout.cutsFile, 'utf8')) : [];
}

export function writeCuts(lab: Lab, cuts: readonly Cut[]): void {
  writeFileSync(lab.layout.cutsFile, JSON.stringify(cuts));
}

/** Makes the rules on the wire what the file says. */
export async function applyCutsOnWire(lab: Lab): Promise<void> {
  const pid = wirePid(lab);
  if (pid === undefined) return;
  await loadRules(lab, pid, readCuts(lab).flatMap(wireRules));
}

/** Makes the rules in the network namespace of a host what the file says. */
export async function applyCutsInHost(lab: Lab, initPid: number): Promise<void> {
  await loadRules(lab, initPid, readCuts(lab).flatMap(guestRules));
}

async function loadRules(lab: Lab, pid: number, rules: readonly string[]): Promise<void> {
  const table = [
    'table bridge lab',
    'delete table bridge lab',
    'table bridge lab { chain cuts { type filter hook forward priority 0;',
    ...rules,
    '}',
    '}',
  ].join('\n');
  await runInLab(lab, ['nsenter', '-t', String(pid), '-n', 'nft', '-f', '-'], { input: `${table}\n` });
}

const isGuest = (name: string) => name.startsWith('guest');

function wireRules(cut: Cut): string[] {
  if (isGuest(cut.target)) return [];
  const port = (host: string) => `"${host}${cut.net === 'guests' ? '-g' : ''}"`;
  return rulesOf(cut, (from, to) => [
    from === undefined ? '' : `iifname ${port(from)}`,
    to === undefined ? '' : `oifname ${port(to)}`,
  ]);
}

function guestRules(cut: Cut): string[] {
  if (!isGuest(cut.target)) return [];
  return rulesOf(cut, (from, to) => [
    from === undefined ? '' : `ether saddr ${guestMac(from)}`,
    to === undefined ? '' : `ether daddr ${guestMac(to)}`,
  ]);
}

function rulesOf(cut: Cut, match: (from?: string, to?: string) => string[]): string[] {
  const chance = cut.lossPercent >= 100 ? '' : `numgen random mod 100 < ${cut.lossPercent}`;
  const out = match(cut.target, cut.peer);
  const back = match(cut.peer, cut.target);
  const directions = cut.direction === 'both' ? [out, back] : cut.direction === 'out' ? [out] : [back];
  return directions.map((words) => [...words, chance, 'drop'].join(' '));
}
