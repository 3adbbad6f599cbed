/**
 * What can happen to the laboratory, each kind for a time, on one host or to the laboratory as a whole, and undone after
 * it. Whatever of ours dies is started again by chaos-world.ts, as an init would.
 */
import { role } from '../lab/fault-kinds.ts';
import { resourceOf } from '../lab/fencing-tokens.ts';
import { CLOCK_FILE, OURS_PATTERN, VICTIMS } from './chaos-names.ts';
import {
  anywhere,
  befalls,
  cut,
  daemonFrozen,
  daemonKilled,
  type FaultKind,
  frozen,
  type HostKind,
  killed,
  killedAndStarted,
  type LaboratoryKind,
  MOMENT,
  migration,
  qemusFrozen,
  qemusKilled,
  restarted,
  sh,
  toldToStop,
} from './strikes.ts';

export type KindName = keyof typeof CATALOGUE;

const [FIRST, SECOND] = VICTIMS;

/** As an admin with an editor: what was read a while ago is written back as a whole. */
export const FULL_VAR = 'disk full below /var';
export const STONITHD_KILLED = 'vm-stonithd killed';
export const STALE_EDIT = 'resources written back as they were a second ago';
const EDIT = `f=/run/chaos-edit.xml; cibadmin --query --scope resources >$f && sleep 1 &&
  cibadmin --replace --scope resources --xml-file $f; status=$?; rm -f $f; exit $status`;

/** A script: fills a folder's file system to the last byte; fails when there is still room. */
const FILL = `fill() {
  dd if=/dev/zero of=$1/chaos-fill bs=64k; dd if=/dev/zero of=$1/chaos-fill bs=1 count=4096 oflag=append conv=notrunc
  ! dd if=/dev/zero of=$1/chaos-more bs=4k count=1; status=$?; rm -f $1/chaos-more; return $status
} 2>/dev/null;`;
/** What is written there stays in place, on a small disk that is full. */
const FULL_FOLDERS = 'cib pengine';
const FILL_PACEMAKER = `${FILL} for d in ${FULL_FOLDERS}; do
  d=/var/lib/pacemaker/$d; mountpoint -q $d && exit 1
  need=$(($(du -sk $d | cut -f 1) + 256)); [ $need -lt 16384 ] || exit 1
  mount -t tmpfs -o size=\${need}k,mode=750 chaos-full /mnt && cp -a $d/. /mnt/ && chown --reference=$d /mnt &&
  mount --move /mnt $d && fill $d || exit 1
done`;
const EMPTY_PACEMAKER = `for d in ${FULL_FOLDERS}; do umount -l /var/lib/pacemaker/$d; done
  ! mountpoint -q /mnt || umount /mnt`;

/** Slow enough that a token of corosync waits for a good part of a second in a queue that other traffic fills. */
const SLOW = `tc qdisc replace dev eth0 root tbf rate 100kbit burst 4kb latency 1500ms || exit 1
  other=$(ip -o -4 addr show dev eth0 | grep -q 10.77.0.1/ && echo 10.77.0.2 || echo 10.77.0.1)
  setsid timeout 30 ping -q -i 0.08 -s 1300 $other >/dev/null 2>&1 </dev/null &
  sleep 0.7
  ms=$(ping -q -c 3 -i 0.2 -W 2 $other | sed -n 's|^rtt [^=]*= [^/]*/\\([0-9]*\\).*|\\1|p'); [ "\${ms:-0}" -ge 100 ]`;
const NO_LONGER_SLOW = "pkill -f '^ping -q -i 0.08 -s 1300'; tc qdisc del dev eth0 root";

const limitFiles = (count: string) =>
  `hit=1; for p in $(pgrep -f '${OURS_PATTERN}'); do prlimit --pid $p --nofile=${count}: && hit=0; done; exit $hit`;

const clock = (offset: string): HostKind => ({
  scope: 'host',
  lastsMs: [2_000, 20_000],
  strike: sh(`echo '${offset}' >${CLOCK_FILE}`),
  undo: sh(`echo +0 >${CLOCK_FILE}`),
  movesClocks: true,
});

const byHand = (strike: string, undo: string): LaboratoryKind => ({
  scope: 'laboratory',
  lastsMs: [500, 3_000],
  strike: anywhere(strike),
  undo: anywhere(undo),
});

const linkSignalled = (signal: string) => sh(`pkill -${signal} -f '^socat PTY,link=/run/chaos-port-1,'`);

export const CATALOGUE = {
  [STONITHD_KILLED]: killed('vm-stonithd'),
  'vm-stonithd frozen': frozen('vm-stonithd'),
  'vm-stonithd told to stop': toldToStop('vm-stonithd'),
  'vm-connectd of the host killed': killed('vm-connectd'),
  'vm-connectd of the host frozen': frozen('vm-connectd'),
  'vm-connectd of the host told to stop': toldToStop('vm-connectd'),
  'vm-connectd of a guest killed': killed('agent-1'),
  'vm-connectd of all guests frozen': frozen('agent-1', 'agent-2'),
  'vm-connectd of a guest told to stop': toldToStop('agent-1'),
  'vm-managerd killed': killed('vm-managerd'),
  'vm-managerd frozen': frozen('vm-managerd'),
  'vm-managerd told to stop': toldToStop('vm-managerd'),
  'link of a guest cut': { scope: 'host', lastsMs: MOMENT, strike: linkSignalled('KILL') },
  'link of a guest hangs': {
    scope: 'host',
    lastsMs: [500, 8_000],
    strike: linkSignalled('STOP'),
    undo: linkSignalled('CONT'),
  },
  'corosync killed': daemonKilled('corosync', true),
  'corosync frozen': daemonFrozen('corosync', 3_000, true),
  'corosync and Pacemaker restarted': restarted('pacemakerd', 'corosync'),
  'pacemakerd killed': killedAndStarted('pacemakerd'),
  'pacemakerd frozen': daemonFrozen('pacemakerd', 8_000),
  'pacemaker-based killed': daemonKilled('pacemaker-based', true),
  'pacemaker-based frozen': daemonFrozen('pacemaker-based', 5_000, true),
  'pacemaker-attrd killed': daemonKilled('pacemaker-attrd'),
  'pacemaker-attrd frozen': daemonFrozen('pacemaker-attrd', 5_000),
  'pacemaker-controld killed': daemonKilled('pacemaker-controld', true),
  'pacemaker-controld frozen': daemonFrozen('pacemaker-controld', 5_000, true),
  'pacemaker-execd killed': daemonKilled('pacemaker-execd', true),
  'pacemaker-execd frozen': daemonFrozen('pacemaker-execd', 8_000),
  'pacemaker-fenced killed': daemonKilled('pacemaker-fenced'),
  'pacemaker-fenced frozen': daemonFrozen('pacemaker-fenced', 5_000),
  'pacemaker-schedulerd killed': daemonKilled('pacemaker-schedulerd'),
  'pacemaker-schedulerd frozen': daemonFrozen('pacemaker-schedulerd', 5_000),
  'libvirtd killed': killedAndStarted('libvirtd'),
  'libvirtd frozen': daemonFrozen('libvirtd', 8_000),
  'libvirtd restarted': restarted('libvirtd'),
  'every QEMU killed': qemusKilled,
  'every QEMU frozen': qemusFrozen,
  'host killed': befalls(MOMENT, (lab, host) => lab.kill(host)),
  'host frozen': befalls(
    [500, 10_000],
    (lab, host) => lab.freeze(host),
    async (lab, host) => (lab.isFrozen(host) ? lab.thaw(host) : undefined),
  ),
  'host cut off': cut({}, [500, 10_000]),
  'host hears nothing': cut({ direction: 'in' }, [500, 8_000]),
  'host is not heard': cut({ direction: 'out' }, [500, 8_000]),
  'every third packet lost': cut({ lossPercent: 33 }, [1_000, 8_000]),
  'slow network': {
    scope: 'host',
    isHeavy: true,
    lastsMs: [1_000, 8_000],
    strike: sh(SLOW),
    undo: sh(NO_LONGER_SLOW),
  },
  'power switch out of order': befalls(
    [2_000, 10_000],
    async (lab, host) => {
      lab.setPowerSwitch('fails');
      await lab.kill(host);
    },
    async (lab) => lab.setPowerSwitch('works'),
  ),
  'live migration': migration(1),
  'live migration of two': migration(2),
  [FULL_VAR]: {
    scope: 'host',
    lastsMs: [2_000, 12_000],
    strike: sh(`${FILL} fill /var/log/pm-kvm-tools && fill /var/lib/pm-kvm-tools`),
    undo: sh('rm -f /var/log/pm-kvm-tools/chaos-fill /var/lib/pm-kvm-tools/chaos-fill'),
  },
  'disk full below /run': {
    scope: 'host',
    lastsMs: [1_000, 6_000],
    strike: sh(
      `${FILL} used=$(df -k --output=used /run | tail -n 1); mount -o remount,size=$((used + 16))k /run && fill /run`,
    ),
    undo: sh('rm -f /run/chaos-fill; mount -o remount,size=50% /run'),
  },
  "disk full below Pacemaker's folders": {
    scope: 'host',
    lastsMs: [2_000, 12_000],
    strike: sh(FILL_PACEMAKER),
    undo: sh(EMPTY_PACEMAKER),
  },
  'clock ahead': clock('+8s'),
  'clock behind': clock('-8s'),
  'CIB on a disk that can only be read': {
    scope: 'host',
    lastsMs: [1_000, 8_000],
    strike: sh(
      'd=/var/lib/pacemaker/cib; ! mountpoint -q $d && mount --bind $d $d && mount -o remount,ro,bind $d && ! touch $d/chaos',
    ),
    undo: sh('umount -l /var/lib/pacemaker/cib'),
  },
  'slow virsh': {
    scope: 'host',
    lastsMs: [3_000, 15_000],
    strike: sh(
      `[ ! -e /usr/bin/virsh.real ] && mv /usr/bin/virsh /usr/bin/virsh.real &&
       printf '#!/bin/bash\\nsleep 2\\nexec -a virsh /usr/bin/virsh.real "$@"\\n' >/usr/bin/virsh && chmod 755 /usr/bin/virsh`,
    ),
    undo: sh('[ ! -e /usr/bin/virsh.real ] || mv /usr/bin/virsh.real /usr/bin/virsh'),
  },
  'no more open files for ours': {
    scope: 'host',
    lastsMs: [1_000, 8_000],
    strike: sh(limitFiles('$(ls /proc/$p/fd | wc -l)')),
    undo: sh(limitFiles('4096')),
  },
  'a property set by hand': byHand('crm_attribute -n chaos-note -v edited', 'crm_attribute -n chaos-note -D'),
  'a priority set by hand': byHand(
    `crm_resource -r ${resourceOf(FIRST)} --meta -p priority -v 7`,
    // Deleted by hand it leaves a set of its own behind, which is empty and nobody's.
    `crm_resource -r ${resourceOf(FIRST)} --meta -d priority
     cibadmin --delete --xpath "//meta_attributes[@id='${resourceOf(FIRST)}-meta_attributes'][not(*)]"`,
  ),
  [STALE_EDIT]: {
    scope: 'laboratory',
    lastsMs: MOMENT,
    // Whatever was started or stopped in that second.
    asksForAStart: VICTIMS,
    strike: anywhere(EDIT),
  },
  'started by hand': {
    scope: 'laboratory',
    lastsMs: MOMENT,
    asksForAStart: [SECOND],
    strike: async ({ lab, observer }) => {
      const wasAlive = observer.isAlive(SECOND);
      await role(lab, 'Started', resourceOf(SECOND));
      return !wasAlive;
    },
  },
} as const satisfies Record<string, FaultKind>;
