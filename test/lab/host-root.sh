#!/bin/bash
# Gives a laboratory host its network card and its root file system, and becomes its init.
#
# Runs as process 1 of new mount, uts, ipc, pid and net namespaces, while the machine is still in view. The root is the
# machine's own below a layer of the host's: it sees every installed program, and nothing that it writes gets out.
# Environment: LAB_HOST its name, LAB_ADDRESS, LAB_WIRE the pid that holds the laboratory's network, LAB_DIRECTORY what
# the host keeps over a restart, LAB_IMAGES, LAB_POWER, LAB_CACHE, LAB_CHECKOUT, LAB_NODE, LAB_INIT what becomes process 1.
set -euo pipefail
root=$LAB_DIRECTORY/root layer=$LAB_DIRECTORY/layer

hostname "$LAB_HOST"
for port in "$LAB_HOST" "$LAB_HOST-g"; do               # the kernel takes its time to remove those of a killed host
  nsenter -t "$LAB_WIRE" -n ip link del "$port" 2>/dev/null || :
done
ip -batch - <<IP
link set lo up
link add eth0 type veth peer name $LAB_HOST netns /proc/$LAB_WIRE/ns/net
link add eth1 type veth peer name $LAB_HOST-g netns /proc/$LAB_WIRE/ns/net
addr add $LAB_ADDRESS/24 dev eth0
link set eth0 up
link add br-guest type bridge
link set br-guest up
link set eth1 master br-guest up
IP
nsenter -t "$LAB_WIRE" -n ip -batch - <<IP
link set $LAB_HOST master br-hosts up
link set $LAB_HOST-g master br-guests up
IP

mkdir -p "$root" "$layer" "$LAB_DIRECTORY/work"
mount -t overlay -o "lowerdir=/,upperdir=$layer,workdir=$LAB_DIRECTORY/work" overlay "$root"
mount -t proc proc "$root/proc"
mount -t sysfs sysfs "$root/sys"
mount -t tmpfs tmpfs "$root/sys/fs/cgroup"             # libvirt finds no control groups, and makes none
if [[ -e /proc/sysrq-trigger ]]; then                   # a Pacemaker that panics must not take the machine along
  mount --bind /dev/null "$root/proc/sysrq-trigger"
fi
cp /proc/sys/kernel/random/uuid "$LAB_DIRECTORY/boot-id" # a machine of its own, at every boot
mount --bind "$LAB_DIRECTORY/boot-id" "$root/proc/sys/kernel/random/boot_id"
mount --rbind /dev "$root/dev"
mount -t devpts -o newinstance,ptmxmode=666,mode=620,gid=5 devpts "$root/dev/pts" # numbers that no other host hands out
mount -t tmpfs tmpfs "$root/dev/shm"
mount -t tmpfs tmpfs "$root/run"
mount -t tmpfs tmpfs "$root/tmp"
mount -t tmpfs -o mode=700 tmpfs "$root/root"           # bash reads .bashrc also for a command whose input is a socket

own() {                                                # own WHAT WHERE [OPTION]: show a directory of the machine
  mkdir -p "$root$2"
  mount --bind "$1" "$root$2"
  if [[ -n ${3:-} ]]; then mount -o "remount,bind,$3" "$root$2"; fi
}
if [[ ! -e $root/etc/lab-host ]]; then                 # the first boot: nothing of the machine's own state
  rm -rf "$root"/var/log/* "$root"/var/lib/{pacemaker,corosync,libvirt,pcsd,pm-kvm-tools}/* \
    "$root"/etc/{corosync,libvirt/qemu,pm-kvm-tools}/* "$root"/etc/{vm-ctl,vm-manager}.conf
  if [[ $LAB_INIT == systemd ]]; then
    rm -rf "$root"/etc/systemd/system "$root"/usr/sbin/{vm-*,fence_vm,policy-rc.d} "$root"/usr/lib/{pm-kvm-tools,ocf/resource.d/extra}
  fi
  cp -a "$LAB_DIRECTORY/files/." "$root/"
fi
own "$LAB_CHECKOUT" "$LAB_CHECKOUT"
own "$LAB_IMAGES" /var/lib/libvirt/images
own "$LAB_CACHE/images" /var/lib/libvirt/images/base ro
own "$LAB_CACHE/libvirt" /var/cache/libvirt
own "$LAB_POWER" /run/lab-power
touch "$root/usr/local/bin/qemu-tcg"
mount --bind "$LAB_CHECKOUT/test/lab/qemu-tcg.sh" "$root/usr/local/bin/qemu-tcg"
if [[ ! -x $root$LAB_NODE ]]; then own "${LAB_NODE%/bin/*}" "${LAB_NODE%/bin/*}" ro; fi

if [[ $LAB_INIT == systemd ]]; then                     # it gets what it may write to, and nothing of the machine's
  umount "$root/sys/fs/cgroup"
  mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup"
  umount -l "$root/dev"
  mount -t tmpfs -o mode=755 tmpfs "$root/dev"
  mkdir "$root/dev/"{shm,pts,net}
  for device in null zero full random urandom tty kvm fuse net/tun; do
    if [[ -e /dev/$device ]]; then cp -a "/dev/$device" "$root/dev/$device"; fi
  done
  mount -t tmpfs tmpfs "$root/dev/shm"
  mount -t devpts -o newinstance,ptmxmode=666 devpts "$root/dev/pts"
  ln -s pts/ptmx "$root/dev/ptmx"
  for link in fd fd/0:stdin fd/1:stdout fd/2:stderr; do ln -s "/proc/self/${link%:*}" "$root/dev/${link#*:}"; done
  mount -o remount,bind,ro "$root/sys"
  mount --bind "$root/proc/sys" "$root/proc/sys"
  mount -o remount,bind,ro "$root/proc/sys"
fi

cd "$root"
pivot_root . .
umount -l .
cd /
if [[ $LAB_INIT == systemd ]]; then
  /bin/bash "$LAB_CHECKOUT/test/lab/host-init.sh" prepare
  exec env -i container=lab PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin /lib/systemd/systemd
fi
exec /bin/bash "$LAB_CHECKOUT/test/lab/host-init.sh" boot
