/**
 * What can happen to the laboratory, each kind on one host, for a time, and undone after it. Whatever dies is started
 * again by chaos-world.ts, as an init would.
 */
import { role } from '../lab/fault-kinds.ts';
import type { HostDaemon } from '../lab/faults.ts';
import { qemusOf } from '../lab/fencing-observer.ts';
import { resourceOf } from '../lab/fencing-tokens.ts';
import type { Laboratory } from '../lab/lab.ts';
import { CLOCK_FILE, type Program, patternOf, VICTIMS } from './chaos-names.ts';

export interface FaultKind {
  /** It may cost a host its power. */
  readonly isHeavy: boolean;
  readonly lastsMs: readonly [least: number, most: number];
  readonly strike: (lab: Laboratory, host: string) => Promise<unknown>;
  readonly undo?: (lab: Laboratory, host: string) => Promise<unknown>;
}

export type KindName = keyof typeof CATALOGUE;

const MOMENT = [0, 0] as const;
const sh = (script: string) => (lab: Laboratory, host: string) =>
  lab.on(host, ['/bin/bash', '-c', script], { deadlineMs: 20_000 });

const ours = (program: Program, signal: string) => sh(`pkill -${signal} -f '${patternOf(program)}'`);
const killed = (program: Program): FaultKind => ({
  isHeavy: false,
  lastsMs: MOMENT,
  strike: ours(program, 'KILL'),
});
const frozen = (program: Program): FaultKind => ({
  isHeavy: false,
  lastsMs: [200, 6_000],
  strike: ours(program, 'STOP'),
  undo: ours(program, 'CONT'),
});
const toldToStop = (program: Program): FaultKind => ({ ...killed(program), strike: ours(program, 'TERM') });

const daemon = (name: string, signal: string) => (lab: Laboratory, host: string) =>
  lab.signalDaemon(host, name, signal);
const daemonKilled = (name: string, isHeavy: boolean): FaultKind => ({
  isHeavy,
  lastsMs: MOMENT,
  strike: daemon(name, 'KILL'),
});
const daemonFrozen = (name: string, isHeavy: boolean, mostMs: number): FaultKind => ({
  isHeavy,
  lastsMs: [200, mostMs],
  strike: daemon(name, 'STOP'),
  undo: daemon(name, 'CONT'),
});
const startedAgain = (name: HostDaemon): FaultKind => ({
  ...daemonKilled(name, false),
  lastsMs: [100, 4_000],
  undo: async (lab, host) => {
    const isThere = await lab.on(host, ['pidof', name]);
    if (isThere.kind === 'exited' && isThere.exitCode !== 0) await lab.startDaemon(host, name);
  },
});

const qemu = (signal: 'SIGKILL' | 'SIGSTOP' | 'SIGCONT') => async (lab: Laboratory) => {
  for (const pid of VICTIMS.flatMap((victim) => qemusOf(lab, victim))) {
    try {
      process.kill(pid, signal);
    } catch {
      // it has just ended
    }
  }
};

const cut = (options: Parameters<Laboratory['cut']>[1], lastsMs: FaultKind['lastsMs']): FaultKind => ({
  isHeavy: true,
  lastsMs,
  strike: (lab, host) => lab.cut(host, options),
  undo: (lab, host) => lab.mend(host),
});

const crm =
  (...argv: readonly string[]) =>
  (lab: Laboratory, host: string) =>
    lab.on(host, argv, { deadlineMs: 20_000 });
const [FIRST, SECOND, THIRD] = VICTIMS;

/** As an admin with an editor: what was read a while ago is written back as a whole. */
const STALE_EDIT = `f=/run/chaos-edit.xml; cibadmin --query --scope resources >$f && sleep 1 &&
  cibadmin --replace --scope resources --xml-file $f; rm -f $f`;

export const CATALOGUE = {
  'vm-stonithd killed': killed('vm-stonithd'),
  'vm-stonithd frozen': frozen('vm-stonithd'),
  'vm-stonithd told to stop': toldToStop('vm-stonithd'),
  'vm-connectd of the host killed': killed('vm-connectd'),
  'vm-connectd of the host frozen': frozen('vm-connectd'),
  'vm-connectd of the host told to stop': toldToStop('vm-connectd'),
  'vm-connectd of the guest killed': killed('agent'),
  'vm-connectd of the guest frozen': frozen('agent'),
  'vm-managerd killed': killed('vm-managerd'),
  'vm-managerd frozen': frozen('vm-managerd'),
  'corosync killed': daemonKilled('corosync', true),
  'corosync frozen': daemonFrozen('corosync', true, 3_000),
  'pacemakerd killed': startedAgain('pacemakerd'),
  'pacemaker-based killed': daemonKilled('pacemaker-based', true),
  'pacemaker-based frozen': daemonFrozen('pacemaker-based', true, 5_000),
  'pacemaker-attrd killed': daemonKilled('pacemaker-attrd', false),
  'pacemaker-attrd frozen': daemonFrozen('pacemaker-attrd', false, 5_000),
  'pacemaker-controld killed': daemonKilled('pacemaker-controld', true),
  'pacemaker-controld frozen': daemonFrozen('pacemaker-controld', true, 5_000),
  'pacemaker-execd killed': daemonKilled('pacemaker-execd', true),
  'pacemaker-execd frozen': daemonFrozen('pacemaker-execd', false, 8_000),
  'pacemaker-fenced killed': daemonKilled('pacemaker-fenced', false),
  'pacemaker-schedulerd killed': daemonKilled('pacemaker-schedulerd', false),
  'pacemaker-schedulerd frozen': daemonFrozen('pacemaker-schedulerd', false, 5_000),
  'libvirtd killed': startedAgain('libvirtd'),
  'libvirtd frozen': daemonFrozen('libvirtd', false, 8_000),
  'every QEMU killed': { isHeavy: false, lastsMs: MOMENT, strike: qemu('SIGKILL') },
  'every QEMU frozen': {
    isHeavy: false,
    lastsMs: [500, 6_000],
    strike: qemu('SIGSTOP'),
    undo: qemu('SIGCONT'),
  },
  'host killed': { isHeavy: true, lastsMs: MOMENT, strike: (lab, host) => lab.kill(host) },
  'host frozen': {
    isHeavy: true,
    lastsMs: [500, 10_000],
    strike: (lab, host) => lab.freeze(host),
    undo: async (lab, host) => (lab.isFrozen(host) ? lab.thaw(host) : undefined),
  },
  'host cut off': cut({}, [500, 10_000]),
  'host hears nothing': cut({ direction: 'in' }, [500, 8_000]),
  'host is not heard': cut({ direction: 'out' }, [500, 8_000]),
  'every third packet lost': cut({ lossPercent: 33 }, [1_000, 8_000]),
  'slow network': {
    isHeavy: true,
    lastsMs: [1_000, 8_000],
    strike: sh('tc qdisc replace dev eth0 root tbf rate 300kbit burst 4kb latency 500ms'),
    undo: sh('tc qdisc del dev eth0 root'),
  },
  'power switch out of order': {
    isHeavy: true,
    lastsMs: [2_000, 10_000],
    strike: async (lab, host) => {
      lab.setPowerSwitch('fails');
      await lab.kill(host);
    },
    undo: async (lab) => lab.setPowerSwitch('works'),
  },
  'live migration': {
    isHeavy: false,
    lastsMs: [1_000, 6_000],
    strike: crm('crm_resource', '--move', '-r', resourceOf(FIRST)),
    undo: crm('crm_resource', '--clear', '-r', resourceOf(FIRST)),
  },
  'live migration of two': {
    isHeavy: false,
    lastsMs: [1_000, 6_000],
    strike: sh(`crm_resource --move -r ${resourceOf(SECOND)}; crm_resource --move -r ${resourceOf(THIRD)}`),
    undo: sh(`crm_resource --clear -r ${resourceOf(SECOND)}; crm_resource --clear -r ${resourceOf(THIRD)}`),
  },
  'disk full below /var': {
    isHeavy: false,
    lastsMs: [2_000, 12_000],
    strike: sh('for d in log lib; do dd if=/dev/zero of=/var/$d/pm-kvm-tools/chaos-fill bs=64k; done'),
    undo: sh('rm -f /var/log/pm-kvm-tools/chaos-fill /var/lib/pm-kvm-tools/chaos-fill'),
  },
  'disk full below /run': {
    isHeavy: false,
    lastsMs: [1_000, 6_000],
    strike: sh(
      `used=$(df -k --output=used /run | tail -n 1); mount -o remount,size=$((used + 16))k /run
       dd if=/dev/zero of=/run/chaos-fill bs=1k`,
    ),
    undo: sh('rm -f /run/chaos-fill; mount -o remount,size=50% /run'),
  },
  'clock ahead': clockKind('+8s'),
  'clock behind': clockKind('-8s'),
  'CIB on a disk that can only be read': {
    isHeavy: false,
    lastsMs: [1_000, 8_000],
    strike: sh(
      'd=/var/lib/pacemaker/cib; mountpoint -q $d || { mount --bind $d $d && mount -o remount,ro,bind $d; }',
    ),
    undo: sh('! mountpoint -q /var/lib/pacemaker/cib || umount -l /var/lib/pacemaker/cib'),
  },
  'slow virsh': {
    isHeavy: false,
    lastsMs: [3_000, 15_000],
    strike: sh(
      `[ -e /usr/bin/virsh.real ] || { mv /usr/bin/virsh /usr/bin/virsh.real
       printf '#!/bin/sh\\nsleep 2\\nexec /usr/bin/virsh.real "$@"\\n' >/usr/bin/virsh; chmod 755 /usr/bin/virsh; }`,
    ),
    undo: sh('[ ! -e /usr/bin/virsh.real ] || mv /usr/bin/virsh.real /usr/bin/virsh'),
  },
  'no more open files for ours': {
    isHeavy: false,
    lastsMs: [1_000, 8_000],
    strike: sh(limitFiles('$(ls /proc/$p/fd | wc -l)')),
    undo: sh(limitFiles('4096')),
  },
  'a property set by hand': {
    isHeavy: false,
    lastsMs: [500, 3_000],
    strike: crm('crm_attribute', '-n', 'chaos-note', '-v', 'edited'),
    undo: crm('crm_attribute', '-n', 'chaos-note', '-D'),
  },
  'a priority set by hand': {
    isHeavy: false,
    lastsMs: [500, 3_000],
    strike: crm('crm_resource', '-r', resourceOf(FIRST), '--meta', '-p', 'priority', '-v', '7'),
    undo: crm('crm_resource', '-r', resourceOf(FIRST), '--meta', '-d', 'priority'),
  },
  'resources written back as they were a second ago': {
    isHeavy: false,
    lastsMs: MOMENT,
    strike: sh(STALE_EDIT),
  },
  'started by hand': { isHeavy: false, lastsMs: MOMENT, strike: (lab) => startByHand(lab) },
} as const satisfies Record<string, FaultKind>;

/** After these a guest may run that was confirmed off: somebody has asked for it. */
export const ASKS_FOR_A_START: readonly string[] = [
  'started by hand',
  'resources written back as they were a second ago',
];

async function startByHand(lab: Laboratory): Promise<void> {
  await role(lab, 'Started', resourceOf(SECOND));
}

function clockKind(offset: string): FaultKind {
  return {
    isHeavy: false,
    lastsMs: [2_000, 20_000],
    strike: sh(`echo '${offset}' >${CLOCK_FILE}`),
    undo: sh(`echo +0 >${CLOCK_FILE}`),
  };
}

/** A script: of each daemon of ours. */
function limitFiles(count: string): string {
  return `for p in $(pgrep -f '^[^ ]*node [^ ]*/sbin/vm-'); do prlimit --pid $p --nofile=${count}: ; done`;
}
