/**
 * A libvirt that runs many machines which are nothing but entries: its own test driver, in a libvirtd of the benchmark's
 * with namespaces and folders of its own. What asks it for lists and XML goes the same way as to one that runs QEMU.
 */
import { spawn } from 'node:child_process';
import { mkdirSync, openSync } from 'node:fs';
import { basename, join } from 'node:path';
import { runCommand } from '../../shared/process/run-command.ts';
import { connectOnce } from '../../shared/unix-socket.ts';
import { waitFor } from '../lab/wait-for.ts';
import { type Later, own } from '../support/leaves-nothing.ts';

const OWN_FOLDERS = ['/var/lib/libvirt', '/var/cache/libvirt', '/var/log/libvirt', '/etc/libvirt'];
const START = `set -e
for folder in ${OWN_FOLDERS.join(' ')}; do mkdir -p $folder; mount -t tmpfs tmpfs $folder; done
mkdir -p /run/libvirt; mount --bind "$0" /run/libvirt
printf 'unix_sock_dir = "%s"\\nauth_unix_rw = "none"\\n' "$0" >/etc/libvirt/libvirtd.conf
exec libvirtd --config /etc/libvirt/libvirtd.conf --pid-file "$0/pid"`;
const NAMESPACES = ['--mount', '--net', '--pid', '--mount-proc', '--fork', '--kill-child'];
const PATIENCE_MS = 60_000;

/** The way to the libvirt that runs, or is going to, in this directory. */
export const libvirtIn = (directory: string): string => `test+unix:///default?socket=${socketIn(directory)}`;
const folderIn = (directory: string) => join(directory, 'libvirt');
const socketIn = (directory: string) => join(folderIn(directory), 'libvirt-sock');

/** They run for as long as the virsh that has started them is connected. */
export async function runGuests(directory: string, files: readonly string[], later: Later): Promise<void> {
  mkdirSync(folderIn(directory));
  const logFile = join(directory, 'libvirtd.log');
  const log = openSync(logFile, 'a');
  const waiting = { logs: [logFile] };
  const argv = [...NAMESPACES, '/bin/bash', '--norc', '-c', START, folderIn(directory)];
  const libvirtd = own(spawn('unshare', argv, { stdio: ['ignore', log, log] }));
  later(() => libvirtd.kill('SIGKILL'));
  const serves = () => connectOnce(socketIn(directory)).catch(() => undefined);
  (await waitFor('libvirtd serves', PATIENCE_MS, serves, waiting)).destroy();
  const virsh = own(
    spawn('virsh', ['-q', '-c', libvirtIn(directory)], { stdio: ['pipe', 'ignore', 'ignore'] }),
  );
  later(() => virsh.kill('SIGKILL'));
  virsh.stdin.on('error', () => undefined); // then it has ended, and they do not run
  virsh.stdin.write(files.map((file) => `create ${file}\n`).join(''));
  const names = files.map((file) => basename(file, '.xml'));
  let missing = names;
  const allRun = async () => {
    const listed = await runCommand(['virsh', '-q', '-c', libvirtIn(directory), 'list', '--name'], {
      deadlineMs: PATIENCE_MS,
    });
    const running = new Set(listed.stdout.split('\n'));
    missing = names.filter((name) => !running.has(name));
    return missing.length === 0;
  };
  const seen = () => `${missing.length} of ${names.length} do not run`;
  await waitFor('all machines run', PATIENCE_MS, allRun, { ...waiting, seen, pollMs: 200 });
}
