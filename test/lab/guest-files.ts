/**
 * What a guest unpacks over its root when it boots: who it is, its cluster, and the project's programs. It is an
 * archive at the beginning of a raw disk, so it is there after every restart, on whichever host.
 */
import {
  chownSync,
  closeSync,
  existsSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { messageOf, PmError } from '../../shared/errors.ts';
import { type ClusterMember, corosyncConf, firstCib, hostsFile, NSSWITCH } from './cluster-files.ts';
import { type Lab, originalSpec } from './lab-handle.ts';
import { CHECKOUT, type GuestSpec, guestAddress, numberOf } from './layout.ts';
import { copyPrograms } from './programs.ts';
import { runInLab } from './run-in-lab.ts';
import { writeSystemdFiles } from './systemd-files.ts';

/** The size of a guest's disk for its files, and of that for parcels; it takes up only what is in it. */
const ARCHIVE_BYTES = 256 * 1024 * 1024;

const SHUTDOWN = `#!/bin/sh
# What the guest agent calls: ends the cluster in order, then the machine.
case " $* " in *' -r '*) how=reboot ;; *) how=poweroff ;; esac
exec /bin/bash /lab/guest-init.sh stop $how
`;

/** What udev makes elsewhere. */
const DEVICE_LINKS = [
  ['fd', 'fd'],
  ['stdin', 'fd/0'],
  ['stdout', 'fd/1'],
  ['stderr', 'fd/2'],
] as const;

/** Writes the archive anew, in place: a guest that runs sees the new one on its disk. */
export async function writeBootArchive(
  lab: Lab,
  guest: GuestSpec,
  members: readonly GuestSpec[],
): Promise<void> {
  const stage = join(lab.layout.state, 'stage', guest.name);
  rmSync(stage, { recursive: true, force: true });
  writeGuestFiles(stage, guest, members);
  if (originalSpec(lab).init === 'systemd') writeSystemdFiles(stage, 'guest', guest.cluster);
  else copyPrograms('guest', stage);
  makeDisk(lab.layout.bootArchive(guest.name));
  makeDisk(lab.layout.parcel(guest.name));
  await writeArchive(lab, lab.layout.bootArchive(guest.name), ['-C', stage, '.']);
  rmSync(stage, { recursive: true });
}

/** Writes what tar is told to pack onto a disk, whose size stays as it is whatever is packed. */
export async function writeArchive(lab: Lab, disk: string, what: readonly string[]): Promise<void> {
  const script = 'ulimit -f $2; disk=$1; shift 2; exec tar --create "$@" 1<>"$disk"';
  const largest = String(ARCHIVE_BYTES / 1024);
  try {
    await runInLab(lab, ['/bin/bash', '--norc', '-c', script, 'archive', disk, largest, ...what]);
  } catch (thrown) {
    if (!/SIGXFSZ/.test(messageOf(thrown))) throw thrown;
    throw new PmError({
      code: 'usage',
      what: `cannot put this into a guest: ${what.join(' ')}`,
      fault: `it is larger than the disk for it, which has ${ARCHIVE_BYTES / 1024 / 1024} MiB`,
      remedy: 'bring it in parts',
    });
  }
}

function makeDisk(path: string): void {
  if (existsSync(path)) return;
  const file = openSync(path, 'w', 0o644);
  ftruncateSync(file, ARCHIVE_BYTES);
  closeSync(file);
}

function writeGuestFiles(root: string, guest: GuestSpec, members: readonly GuestSpec[]): void {
  const nodes: ClusterMember[] = members.map(({ name }) => ({
    name,
    address: guestAddress(name),
    id: numberOf(name),
  }));
  const write = (path: string, text: string, mode = 0o644) => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text, { mode });
  };
  const identity = {
    name: guest.name,
    address: guestAddress(guest.name),
    cluster: guest.cluster ? 'yes' : 'no',
  };
  write(
    '/etc/lab-guest',
    Object.entries(identity)
      .map(([name, value]) => `${name}=${value}\n`)
      .join(''),
  );
  write('/lab/guest-init.sh', readFileSync(join(CHECKOUT, 'test/lab/guest-init.sh'), 'utf8'), 0o755);
  write('/usr/sbin/shutdown', SHUTDOWN, 0o755);
  write('/etc/hostname', `${guest.name}\n`);
  write('/etc/hosts', hostsFile(nodes));
  write('/etc/nsswitch.conf', NSSWITCH);
  write('/etc/corosync/corosync.conf', corosyncConf('guests', nodes));
  write('/var/lib/pacemaker/cib/cib.xml', firstCib(nodes, { 'stonith-enabled': 'false' }));
  for (const folder of ['cores', 'pengine', 'blackbox']) mkdirSync(join(root, 'var/lib/pacemaker', folder));
  for (const folder of ['pacemaker', 'corosync', 'cluster', 'crmsh', 'pcsd']) {
    mkdirSync(join(root, 'var/log', folder), { recursive: true });
  }
  for (const folder of ['var/lib/corosync', 'var/tmp']) mkdirSync(join(root, folder));
  mkdirSync(join(root, 'lab/dev'));
  for (const [name, target] of DEVICE_LINKS) symlinkSync(`/proc/self/${target}`, join(root, 'lab/dev', name));
  symlinkSync('/run', join(root, 'var/run'));
  symlinkSync('/run/lock', join(root, 'var/lock'));
  const cluster = accountOf('hacluster', 'haclient');
  for (const path of ['', '/cib', '/cib/cib.xml', '/cores', '/pengine', '/blackbox']) {
    chownSync(join(root, `var/lib/pacemaker${path}`), ...cluster);
  }
  chownSync(join(root, 'var/log/pacemaker'), ...cluster);
}

/** The guest has the machine's own accounts. */
function accountOf(user: string, group: string): [number, number] {
  const idIn = (file: string, name: string) => {
    const line = readFileSync(file, 'utf8')
      .split('\n')
      .find((one) => one.startsWith(`${name}:`));
    const id = line?.split(':')[2];
    if (id === undefined) throw new Error(`${file} has no ${name}`);
    return Number(id);
  };
  return [idIn('/etc/passwd', user), idIn('/etc/group', group)];
}
