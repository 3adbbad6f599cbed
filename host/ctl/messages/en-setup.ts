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
    'this host has no {unit}.service; install pm-kvm-tools-host on all hosts, or leave {unit} out with --daemons',
  'agent-missing': 'this host has no agent {agent}; install it on all hosts',
  'host-id-taken': 'the id {id} is taken by something else in the configuration; rename or remove that',
  'host-not-cloned':
    '{id} runs on one host only, for it stands in no clone; clone it (crm configure clone, pcs resource clone), or remove it',
  'host-clone-new': '{clone}: new, {agent}',
  'host-clone-kept': '{clone}: is there already ({id}), and is kept as it is',
  'host-ping-kept':
    '{clone}: is there already and is kept as it is: it pings {present}, not {wished}; crm_resource --resource {id} --set-parameter host_list --parameter-value "{wished}" changes it',
  'host-stickiness-new':
    'resource-stickiness={value} for all resources: what runs stays where it is while it may, so a guest stays where it is moved to',
  'host-stickiness-kept': 'resource-stickiness: is {value} by default already, and is kept as it is',
  'host-no-ping':
    'no ping target is watched: guests stay on a host that has lost its network; give one with --ping',
  'host-no-disk': 'no disk is watched: guests stay on a host that has lost its disk; give one with --disk',
  'settings-complete': '{path} names all of them already',
  'settings-to-write': '{path} would be written, with:',
  'settings-written': '{path} is written; copy it to the other hosts (scp -p)',
  'settings-lack':
    '{path} is to say the following, on all hosts; add it before the next vm-ctl resource add:',
  'host-units':
    'Pacemaker starts these on every host; systemd should not start them, too: systemctl disable {units}',

  'channel-there': '{guest}: {path} has its channel already',
  'channel-planned': '{guest}: would get a channel in {path}',
  'channel-added': '{guest}: has a channel in {path} now; the former file is {backup}',
  'channel-not-added': '{guest}: libvirt did not take the channel ({fault}); its definition is what it was',
  'channel-at-restart':
    '{guest}: runs, and gets its channel when it is next stopped and started; a reboot or a migration is not enough. --live plugs it in now',
  'channel-plugged': '{guest}: runs, and the channel is plugged in',
  'channel-not-plugged':
    '{guest}: runs, and the channel could not be plugged in ({fault}); it gets it when it is next stopped and started',
  'channel-copy':
    'copy these files to the other hosts (scp -p), and have libvirt there read them, too (virsh define FILE): what it holds of a guest that it has defined is still the old one; vm-ctl check tells whether the files are the same',
  'guest-alone': 'a single guest has nobody to fence it; name all members of its cluster for tokens',
  'nodes-count': '--nodes has {nodes} names for {guests} guests; give one for each, in the same order',
  'node-name-impossible':
    '{node} can be no name of a node in the guest cluster; give the real ones with --nodes, in the order of the guests',
  'token-file-exists': '{path} exists; name another file with --tokens, or remove it',
  'token-file-unwritable': 'cannot write {path}: {fault}',
  'token-file-written': 'the tokens are in {path}; copy it to {target} in every guest (root, 0600)',
  'tokens-in-configuration':
    'the tokens stand in the configuration; --tokens FILE keeps them out of it, for a file in each guest',
  'fencing-follows': 'the fencing of the guest cluster, to be loaded in one of the guests ({format}):',
} as const;
