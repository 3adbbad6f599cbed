#!/bin/bash
# The init of a laboratory host: starts its daemons and reaps whatever is left without a parent.
#   host-init.sh boot | start DAEMON | prepare (for systemd, which is the init then)
# A zombie that nobody reaps makes libvirt wait half a minute for each QEMU that has ended.
set -euo pipefail

start() {
  case $1 in
    corosync) launch corosync -f ;;
    pacemakerd) launch pacemakerd ;;
    virtlogd) launch virtlogd ;;
    libvirtd) launch libvirtd --listen ;;
    *) echo "host-init: no daemon $1" >&2; exit 2 ;;
  esac
}

# Returns when the daemon is one, in a session of its own: whoever asked for it may end with all of its group.
launch() {
  setsid "$@" </dev/null >>"/var/log/$1.out" 2>&1 &
  local name
  while read -r name <"/proc/$!/comm" && [[ $name == bash || $name == setsid ]]; do sleep 0.01; done 2>/dev/null
}

answers() {                                     # answers NAME: one of corosync's services listens
  local sockets
  mapfile sockets </proc/net/unix
  [[ ${sockets[*]} == *" @$1@"* ]]
}

prepare() {
  mkdir -p /run/{lock,crm,corosync,libvirt} /var/lib/libvirt/qemu /var/lib/corosync \
    /var/lib/pacemaker/{cib,cores,pengine,blackbox} /var/log/{pacemaker,corosync,cluster,crmsh,pcsd,libvirt/qemu}
  chown hacluster:haclient /run/crm /var/log/pacemaker
  chown -R hacluster:haclient /var/lib/pacemaker
  chown libvirt-qemu:libvirt-qemu /var/lib/libvirt/qemu
  touch /etc/lab-host
}

boot() {
  exec </dev/null >/var/log/lab-boot.log 2>&1
  prepare
  start corosync
  start virtlogd
  start libvirtd
  until answers cmap; do sleep 0.05; done
  start pacemakerd
  touch /run/lab-booted
  while :; do sleep 3600 & wait $! || :; done   # bash reaps all children while it waits for one
}

"$@"
