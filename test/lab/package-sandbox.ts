/** The machine's own system below a layer that is gone with the command: dpkg and rpm may do there what they like. */
import { execFileSync } from 'node:child_process';
import { cpSync } from 'node:fs';

/** The directory is `/given` in there. No systemd runs, and nothing of the machine's own state is seen. */
const ENTER = `
set -e
place=$(mktemp -d)
trap 'umount -lR "$place"; rmdir "$place"' EXIT
mount -t tmpfs tmpfs "$place"
mkdir "$place/layer" "$place/work" "$place/root"
mount -t overlay -o "lowerdir=/,upperdir=$place/layer,workdir=$place/work" overlay "$place/root"
for folder in run tmp var/log; do mount -t tmpfs tmpfs "$place/root/$folder"; done
mount -t proc proc "$place/root/proc"
mount --bind /dev "$place/root/dev"
rm -rf "$place/root/etc/pm-kvm-tools" "$place/root/var/lib/pm-kvm-tools" "$place"/root/etc/vm-*.conf
mkdir "$place/root/given"
cp -r "$0/." "$place/root/given"
chroot "$place/root" /bin/sh -ec "$1"`;

const QUIET = ['--force-depends', '--no-triggers'];

/** Lines of the shell, each of which must succeed; `dpkg` there asks nobody and does not look at Node. */
export function inSandbox(directory: string, lines: string): string {
  const prelude = `
export DEBIAN_FRONTEND=noninteractive DPKG_COLORS=never LC_ALL=C
dpkg() { command dpkg ${QUIET.join(' ')} "$@" </dev/null; }`;
  const argv = ['-m', '-p', '-f', '--propagation', 'private', '/bin/sh', '-c', ENTER, directory];
  return execFileSync('unshare', [...argv, `${prelude}\n${lines}`], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

export const bring = (file: string, directory: string, name: string): void =>
  cpSync(file, `${directory}/${name}`);
