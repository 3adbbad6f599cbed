/**
 * A libvirt that runs many machines which are nothing but entries: its own test driver, in a libvirtd of the benchmark's
 * with namespaces and folders of its own. What asks it for lists and XML goes the same way as to one that runs QEMU.
 */
import { spawn } from 'node:child_process';
import { mkdirSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { connectOnce } from '../../shared/unix-socket.ts';
import { waitFor } from '../lab/wait-for.ts';
import { own } from './leaves-nothing.ts';

const OWN_FOLDERS = ['/var/lib/libvirt', '/var/cache/libvirt', '/var/log/libvirt', '/etc/libvirt'];
const START = `set -e
for folder in ${OWN_FOLDERS.join(' ')}; do mkdir -p $folder; mount -t tmpfs tmpfs $folder; done
mkdir -p /run/libvirt; mount --bind "$0" /run/libvirt
printf 'unix_sock_dir = "%s"\\nauth_unix_rw = "none"\\n' "$0" >/etc/libvirt/libvirtd.conf
exec libvirtd --config /etc/libvirt/libvirtd.conf --pid-file "$0/pid"`;
const NAMESPACES = ['--mount', '--net', '--pid', '--mount-proc', '--fork', '--kill-child'];
const PATIENCE_MS = 60_000;
const ALL_RUN = 'all-run';

/** The way to the libvirt that runs, or is going to, in this directory. */
export const libvirtIn = (directory: string): string => `test+unix:///default?socket=${socketIn(directory)}`;
const folderIn = (directory: string) => join(directory, 'libvirt');
const socketIn = (directory: string) => join(folderIn(directory), 'libvirt-sock');

/** Ends them all. They run for as long as the virsh that has started them is connected. */
export async function runGuests(directory: string, files: readonly string[]): Promise<() => void> {
  mkdirSync(folderIn(directory));
  const logFile = join(directory, 'libvirtd.log');
  const log = openSync(logFile, 'a');
  const waiting = { logs: [logFile] };
  const argv = [...NAMESPACES, '/bin/bash', '--norc', '-c', START, folderIn(directory)];
  const libvirtd = own(spawn('unshare', argv, { stdio: ['ignore', log, log] }));
  const serves = () => connectOnce(socketIn(directory)).catch(() => undefined);
  (await waitFor('libvirtd serves', PATIENCE_MS, serves, waiting)).destroy();
  const virsh = own(
    spawn('virsh', ['-q', '-c', libvirtIn(directory)], { stdio: ['pipe', 'pipe', 'ignore'] }),
  );
  let said = '';
  virsh.stdout.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  virsh.stdin.write(`${files.map((file) => `create ${file}`).join('\n')}\necho ${ALL_RUN}\n`);
  await waitFor('all machines run', PATIENCE_MS, () => said.includes(`\n${ALL_RUN}\n`), waiting);
  return () => {
    virsh.kill('SIGKILL');
    libvirtd.kill('SIGKILL');
  };
}
