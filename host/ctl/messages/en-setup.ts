/** What `host init` and `guest init` say, in English. */
export const enSetup = {
  'daemons-form': '--daemons is none, or a list of some of {daemons}',
  'ping-form': '"{address}" is no address: give an IPv4 or IPv6 address, or a host name',
  'disk-form': '"{device}" is no device: give a whole path such as /dev/sda',
  'ping-silent':
    '{address} does not answer ping from this host, so guests would run nowhere; give an address that answers',
  'ping-missing': 'cannot run ping on this host ({fault}); install it on all hosts',
  'disk-missing': '{device} is not on this host ({fault}); give a device that every host has, see lsblk',
  'disk-no-device': '{device} is no block device; give one that lsblk shows',
  'unit-missing':
    'this host has no {unit}.service; install pm-kvm-tools on all hosts, or leave {unit} out with --daemons',
  'agent-missing': 'this host has no agent {agent}; install it on all hosts',
  'host-id-taken': 'the id {id} is taken by something else in the configuration; rename or remove that',
  'host-not-cloned':
    '{id} runs on one host only, for it stands in no clone; clone it (crm configure clone, pcs resource clone), or remove it',
  'host-clone-new': '{clone}: new, {agent}',
  'host-clone-kept': '{clone}: is there already ({id}), and is kept as it is',
  'host-ping-kept':
    '{clone}: is there already and is kept as it is: it pings {present}, not {wished}; crm_resource --resource {id} --set-parameter host_list --parameter-value "{wished}" changes it',
  'host-no-ping':
    'no ping target is watched: guests stay on a host that has lost its network; give one with --ping',
  'host-no-disk': 'no disk is watched: guests stay on a host that has lost its disk; give one with --disk',
  'settings-complete': '{path} names all of them already',
  'settings-written': '{path} is written; copy it to the other hosts (scp -p)',
  'settings-lack':
    '{path} is to say the following, on all hosts; add it before the next vm-ctl resource add:',
  'host-units':
    'Pacemaker starts these on every host; systemd should not start them, too: systemctl disable {units}',
} as const;
