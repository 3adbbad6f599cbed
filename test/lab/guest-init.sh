#!/bin/bash
# The init of a guest: its network, its virtio ports by name, the guest agent and, where wanted, its cluster.
#   guest-init.sh boot | start DAEMON | stop poweroff|reboot | under_systemd (as a service, where systemd is the init)
# /etc/lab-guest holds the guest's name, address, and whether it is a member of a cluster.
set -u
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin HOME=/root LC_ALL=C
. /etc/lab-guest

start() {
  case $1 in
    corosync) launch corosync -f ;;
    pacemakerd) launch pacemakerd ;;
    qemu-ga) launch qemu-ga -m virtio-serial -p /dev/virtio-ports/org.qemu.guest_agent.0 -t /run ;;
    *) echo "guest-init: no daemon $1" >&2; exit 2 ;;
  esac
}

# Returns when the daemon is one, in a session of its own: whoever asked for it may end with all of its group.
launch() {
  setsid "$@" </dev/null >>"/var/log/$1.out" 2>&1 &
  local name
  while read -r name <"/proc/$!/comm" && [[ $name == bash || $name == setsid ]]; do sleep 0.01; done 2>/dev/null
}

say() {
  local uptime
  read -r uptime _ </proc/uptime
  echo "lab: $name: $* ($uptime s after power-on)" >/dev/console
}

pause() { read -rt "$1" -u "$never" || :; } # a fork of sleep would cost more than the pause itself

answers() {                                # answers NAME: one of corosync's services listens
  local sockets
  mapfile sockets </proc/net/unix
  [[ ${sockets[*]} == *" @$1@"* ]]
}

link_ports() {                             # what udev does elsewhere: /dev/virtio-ports/NAME
  local port label
  mkdir -p /dev/virtio-ports
  until [[ -e /dev/virtio-ports/org.qemu.guest_agent.0 ]]; do
    for port in /sys/class/virtio-ports/*; do
      read -r label <"$port/name" && ln -sf "../${port##*/}" "/dev/virtio-ports/$label"
    done 2>/dev/null
    pause 0.02
  done
}

bring_up_network() {
  ip -batch - <<IP
link set lo up
addr add $address/24 dev eth0
link set eth0 up
IP
}

await_membership() {
  # Asking crm_mon all the while would slow down what it asks about.
  grep -qsm1 'S_NOT_DC\|-> S_IDLE' <(tail -n +1 --retry -f /var/log/pacemaker/pacemaker.log)
  until crm_mon -1 2>/dev/null | grep -q "Online:.* $name "; do pause 0.5; done
  say 'member of its cluster'
}

under_systemd() {
  mkfifo /run/never
  exec {never}<>/run/never
  touch /run/lab-booted
  bring_up_network
  systemd-notify --ready
  say 'systemd started its services'
  if [[ $cluster == yes ]]; then await_membership; fi
}

boot() {
  echo "$name" >/proc/sys/kernel/hostname
  exec </dev/null >/var/log/lab-boot.log 2>&1
  cp -d /lab/dev/* /dev/                   # /dev/fd and its like
  mkfifo /run/never
  exec {never}<>/run/never
  touch /run/lab-booted                    # what is younger has been changed since
  link_ports
  start qemu-ga
  bring_up_network
  say 'agent started'
  if [[ $cluster == yes ]]; then
    mkdir -p /run/crm
    chown hacluster:haclient /run/crm
    start corosync
    until answers cmap; do pause 0.05; done
    start pacemakerd
    await_membership
  fi
  while :; do sleep 3600 & wait $! || :; done   # bash reaps all children while it waits for one
}

stop() {                                   # what /usr/sbin/shutdown does
  if pkill -x pacemakerd; then
    for _ in {1..200}; do
      pgrep -x pacemakerd >/dev/null || break
      sleep 0.1
    done
  fi
  say "$1"
  busybox "$1" -f
}

"$@"
