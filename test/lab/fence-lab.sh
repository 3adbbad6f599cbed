#!/bin/sh
# fence_lab: fences a host of the laboratory by the power switch outside, /run/lab-power/socket.
# It says success only when the switch says that no process of the host is left.
socket=/run/lab-power/socket

metadata() {
  cat <<'XML'
<?xml version="1.0" ?>
<resource-agent name="fence_lab" shortdesc="Fence agent for the hosts of the laboratory">
<longdesc>Cuts the power of a laboratory host, by the power switch outside all of them.</longdesc>
<vendor-url>https://www.clusterlabs.org/</vendor-url>
<parameters>
	<parameter name="action" unique="0" required="1">
		<getopt mixed="-o, --action=[action]" />
		<content type="string" default="reboot" />
		<shortdesc lang="en">Fencing action</shortdesc>
	</parameter>
	<parameter name="plug" unique="0" required="0" obsoletes="port">
		<getopt mixed="-n, --plug=[host]" />
		<content type="string" />
		<shortdesc lang="en">The host to fence</shortdesc>
	</parameter>
	<parameter name="port" unique="0" required="0" deprecated="1">
		<getopt mixed="-n, --plug=[host]" />
		<content type="string" />
		<shortdesc lang="en">The host to fence</shortdesc>
	</parameter>
</parameters>
<actions>
	<action name="on" automatic="0"/>
	<action name="off" />
	<action name="reboot" />
	<action name="status" />
	<action name="list" />
	<action name="monitor" />
	<action name="metadata" />
	<action name="validate-all" />
</actions>
</resource-agent>
XML
}

ask() {                                 # ask OPERATION [HOST]: prints the switch's answer without its first word
  answer=$(printf '%s\n' "$*" | socat -t 60 - "UNIX-CONNECT:$socket,shut-none") || exit 1
  case $answer in
    ok | "ok "*) printf '%s\n' "${answer#ok}" | sed 's/^ //' ;;
    *) echo "fence_lab: ${answer:-the power switch gave no answer}" >&2; exit 1 ;;
  esac
}

action=reboot plug=
if [ $# -gt 0 ]; then
  while [ $# -gt 0 ]; do
    case $1 in
      -o) action=$2; shift ;;
      --action=*) action=${1#*=} ;;
      -n) plug=$2; shift ;;
      --plug=*) plug=${1#*=} ;;
    esac
    shift
  done
else
  while IFS= read -r line; do
    case $line in
      action=*) action=${line#*=} ;;
      plug=* | port=*) plug=${line#*=} ;;
    esac
  done
fi

case $action in
  metadata) metadata ;;
  validate-all) ;;
  monitor) ask list >/dev/null ;;
  list)
    hosts=$(ask list) || exit 1
    printf '%s,\n' $hosts
    ;;
  status)
    state=$(ask status "$plug") || exit 1
    echo "Status: $state"
    [ "$state" = on ] || exit 2
    ;;
  on | off) ask "$action" "$plug" ;;
  # It is fenced when it is off. A machine takes time to boot: one that came back before the cluster had heard of the
  # fencing would take the news for its own and leave the cluster for good.
  reboot) ask off "$plug"; (sleep 4; ask on "$plug") </dev/null >/dev/null 2>&1 & ;;
  *) echo "fence_lab: no action $action" >&2; exit 1 ;;
esac
