/**
 * Takes away what tests leave in hosts and guests that run on: processes, daemons that were stopped or killed, and
 * changed files of configuration and programs.
 *
 * A host's own files lie in its layer, so what differs there from the first moment is put back from a copy or from the
 * machine. A guest has its packed root and its archive at hand on disks.
 */
import {
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { pidsIn } from './cgroup.ts';
import { type GuestDaemon, type HostDaemon, startDaemon } from './faults.ts';
import { guestOutput } from './guest-agent.ts';
import { hostRoot, initPid, onHost } from './hosts.ts';
import { guestOf, type Lab, leaf } from './lab-handle.ts';
import { CHECKOUT } from './layout.ts';

/** In the order in which they are started. */
const HOST_DAEMONS: readonly HostDaemon[] = ['corosync', 'virtlogd', 'libvirtd', 'pacemakerd'];
const CLUSTER_DAEMONS: readonly GuestDaemon[] = ['corosync', 'pacemakerd'];
/** What may live as a child of a host's first process, as the kernel abbreviates the names. */
const AT_HOME = new Set([...HOST_DAEMONS, 'qemu-system-x86', 'fence_lab']);
const isAtHome = (name: string) => AT_HOME.has(name) || name.startsWith('pacemaker-');

/** Folders of a host that are put back, below its root. */
const KEPT_FOLDERS = ['etc', 'usr', 'opt', 'root', 'var/lib/pm-kvm-tools'];
/** Guests, which definitions.ts looks after, and what Python keeps for itself. */
const LEFT_ALONE = /^etc\/libvirt\/qemu\/|\/__pycache__\//;

const pristineLayer = (lab: Lab, host: string) => join(lab.layout.hostDirectory(host), 'pristine');
const layerOf = (lab: Lab, host: string) => join(lab.layout.hostDirectory(host), 'layer');

/** Remembers the files of a host that has just come up. */
export function saveHostFiles(lab: Lab, host: string): void {
  for (const path of filesOf(layerOf(lab, host))) {
    const [from, to] = [join(layerOf(lab, host), path), join(pristineLayer(lab, host), path)];
    if (!isRemoved(from)) copy(from, to);
    else {
      mkdirSync(dirname(to), { recursive: true });
      symlinkSync(REMOVED, to);
    }
  }
}

/** Of a host that runs. */
export async function tidyHost(lab: Lab, host: string): Promise<void> {
  for (const pid of pidsIn(leaf(lab, host))) signal(pid, 'SIGCONT');
  for (let left = strangersIn(lab, host); left.length > 0; left = strangersIn(lab, host)) {
    for (const pid of left) signal(pid, 'SIGKILL');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  restoreHostFiles(lab, host);
  for (const daemon of HOST_DAEMONS) {
    const found = await onHost(lab, host, ['pidof', daemon]);
    if (found.kind === 'exited' && found.exitCode === 1) await startDaemon(lab, host, daemon);
  }
}

/**
 * Daemons that a test started are children of the host's first process, and what these have started becomes so when they
 * are gone. What is in the first process's own session is its pause.
 */
function strangersIn(lab: Lab, host: string): number[] {
  const init = initPid(lab, host);
  if (init === undefined) return [];
  const home = statusOf(init)[4];
  return pidsIn(leaf(lab, host)).filter((pid) => {
    const [name = '', state, parent, , session] = statusOf(pid);
    return Number(parent) === init && session !== home && state !== 'Z' && !isAtHome(name);
  });
}

/** Name, state, parent, group and session. */
function statusOf(pid: number): string[] {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const end = stat.lastIndexOf(')');
    return [stat.slice(stat.indexOf('(') + 1, end), ...stat.slice(end + 2).split(' ')];
  } catch {
    return []; // it has just ended
  }
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // it has just ended
  }
}

function restoreHostFiles(lab: Lab, host: string): void {
  const root = hostRoot(lab, host);
  const [now, before] = [layerOf(lab, host), pristineLayer(lab, host)];
  if (root === undefined || !existsSync(before)) return;
  const current = new Set(filesOf(now));
  const pristine = new Set(filesOf(before));
  for (const path of new Set([...current, ...pristine])) {
    const original = pristine.has(path) ? join(before, path) : join('/', path);
    // Links into the tree are those of the programs, and follow each build.
    if (isLinkIntoTree(join(now, path)) || isSame(join(now, path), original)) continue;
    rmSync(join(root, path), { recursive: true, force: true });
    if (isThere(original)) copy(original, join(root, path));
  }
}

/** All that is in a layer but folders. */
function filesOf(layer: string): string[] {
  return KEPT_FOLDERS.map((folder) => join(layer, folder))
    .filter((folder) => existsSync(folder))
    .flatMap((folder) => readdirSync(folder, { recursive: true, withFileTypes: true }))
    .filter((entry) => !entry.isDirectory())
    .map((entry) => relative(layer, join(entry.parentPath, entry.name)))
    .filter((path) => !LEFT_ALONE.test(path));
}

function isLinkIntoTree(path: string): boolean {
  return (
    lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === true &&
    readlinkSync(path).startsWith(`${CHECKOUT}/`)
  );
}

function isSame(one: string, other: string): boolean {
  const [a, b] = [one, other].map((path) => lstatSync(path, { throwIfNoEntry: false }));
  if (isRemoved(one) || a === undefined || b === undefined) return isRemoved(one) && !isThere(other);
  if (a.mode !== b.mode || a.uid !== b.uid || a.gid !== b.gid || a.size !== b.size) return false;
  if (a.isSymbolicLink()) return readlinkSync(one) === readlinkSync(other);
  return !a.isFile() || readFileSync(one).equals(readFileSync(other));
}

/** In a layer a device 0/0 stands for what was removed; in its copy, where nobody can make one, this link does. */
const REMOVED = '(removed)';
const isRemoved = (path: string) => lstatSync(path, { throwIfNoEntry: false })?.isCharacterDevice() === true;

function isThere(path: string): boolean {
  const found = lstatSync(path, { throwIfNoEntry: false });
  return found !== undefined && !(found.isSymbolicLink() && readlinkSync(path) === REMOVED);
}

function copy(from: string, to: string): void {
  mkdirSync(dirname(to), { recursive: true });
  cpSync(from, to, { recursive: true, verbatimSymlinks: true, preserveTimestamps: true });
}

/**
 * One round trip, for a command in a guest takes its time. Files that changed since the guest booted come again from
 * its packed root (vda) and its archive (vdb), or go; so do those that were removed.
 */
const TIDY_GUEST = `
cd /
read -r _ _ _ _ _ home _ </proc/1/stat
for _ in 1 2 3 4 5 6 7 8 9 10; do
  strangers=
  for stat in /proc/[0-9]*/stat; do
    read -r pid name state parent _ session _ <"$stat" || continue
    [ "$state" = T ] && kill -CONT "$pid"
    [ "$parent" = 1 ] && [ "$session" != "$home" ] && [ "$state" != Z ] || continue
    case $name in
      "(corosync)" | "(pacemaker"* | "(qemu-ga)") ;;
      *) strangers="$strangers $pid" ;;
    esac
  done
  [ -n "$strangers" ] || break
  kill -KILL $strangers
  sleep 0.1
done 2>/dev/null
rm -rf /var/lib/pm-kvm-tools/*
cd /run/lab-layer
changed=$(for folder in etc usr opt root; do
  [ ! -d $folder ] || find $folder -name __pycache__ -prune -o -cnewer /run/lab-booted -print
done)
cd /
if [ -n "$changed" ]; then
  mkdir -p /run/lab-packed
  mount -t squashfs -o ro /dev/vda /run/lab-packed
  printf '%s\\n' "$changed" | while IFS= read -r path; do
    [ -d "/run/lab-layer/$path" ] && continue
    rm -f "$path"
    packed=/run/lab-packed/$path
    if [ -e "$packed" ] || [ -L "$packed" ]; then cp -a "$packed" "$path"; fi
  done
  umount /run/lab-packed
  blockdev --flushbufs /dev/vdb
  tar -x -C / -f /dev/vdb ./etc ./usr ./lab
  touch /run/lab-booted
fi
for daemon; do pidof "$daemon" >/dev/null || echo "$daemon"; done
exit 0`;

/** Of a guest whose agent answers. */
export async function tidyGuest(lab: Lab, guest: string): Promise<void> {
  const wanted = guestOf(lab, guest).cluster ? CLUSTER_DAEMONS : [];
  const ended = await guestOutput(lab, guest, ['/bin/bash', '--norc', '-c', TIDY_GUEST, 'tidy', ...wanted]);
  for (const daemon of wanted.filter((one) => ended.split('\n').includes(one))) {
    await startDaemon(lab, guest, daemon);
  }
}
