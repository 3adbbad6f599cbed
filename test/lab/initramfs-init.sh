#!/bin/sh
# The first process of a guest: puts the packed root below an overlay in memory, and over it what the laboratory
# wrote for this guest (vdb: an archive).
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs dev /dev
while read -r module; do insmod "/modules/$module.ko"; done </modules/order
mount -t squashfs -o ro /dev/vda /lower
mount -t tmpfs -o size=90% tmpfs /layer
mkdir /layer/upper /layer/work
mount -t overlay overlay -o lowerdir=/lower,upperdir=/layer/upper,workdir=/layer/work /root
mount -t tmpfs tmpfs /root/run
mount -t tmpfs tmpfs /root/tmp
mkdir /root/run/lab-layer
mount --bind /layer/upper /root/run/lab-layer   # what differs from the packed root, for whoever puts it back
mount --move /proc /root/proc
mount --move /sys /root/sys
mount --move /dev /root/dev
chroot /root /usr/bin/tar -x -C / -f /dev/vdb   # busybox would read the disk to its end
mkdir -p /root/dev/shm /root/dev/pts
mount -t tmpfs tmpfs /root/dev/shm
mount -t devpts devpts /root/dev/pts
if [ -e /root/etc/systemd/system/lab.service ]; then exec switch_root /root /lib/systemd/systemd; fi
exec switch_root /root /bin/bash /lab/guest-init.sh boot
