/** What `check` says of hosts, in English. */
export const enCheck = {
  'check-good': 'nothing is wrong ({guests} guests, {hosts} hosts)',
  'check-busy': 'the cluster is at work: look again when it is idle',
  'host-unchecked':
    '{node} could not be checked ({fault}); let root on this host run vm-ctl there without a password, or set vm_remote_shell in vm-ctl.conf',
  'guest-unchecked': '{guest}: {node} did not tell of it; check again',
  'connectd-down':
    'vm-connectd on {node} does not answer ({fault}), so no guest there can fence; see systemctl status vm-connectd there',
  'stonithd-down':
    'vm-stonithd on {node} does not serve ({fault}), so no guest there can fence; see systemctl status vm-stonithd there',
  'domain-file-unusable-on':
    '{guest}: its domain file {path} cannot be used on {node} ({fault}), so it cannot run there; copy it from another host',
  'xml-differs':
    '{guest}: {path} is not the same on {node} and {other}; copy the right one to the other (scp -p)',
  'disk-unusable-on':
    '{guest}: its disk {disk} cannot be used on {node} ({fault}), so it cannot run there; mount or attach it there',
  'disk-not-shared':
    '{guest}: its disk {disk} is not one and the same on {node} and {other}; put it on storage that both share',
  'cpu-unfit':
    '{guest}: {node} cannot give it the processor that it asks for; use a model that all hosts have',
  'cpu-unchecked':
    '{guest}: whether its processor fits {node} could not be checked ({fault}); see virsh capabilities there',
  'definition-shared':
    '{path} is the configuration of several resources ({resources}): what is fenced as one of them may run as the other; delete all but one',
  'autostart-on':
    '{guest}: libvirt on {node} starts it by itself, without the cluster, when that host boots; virsh autostart --disable {guest} there',
  'autostart-unchecked':
    '{guest}: whether libvirt on {node} starts it by itself could not be checked ({fault}); see virsh list --all --autostart there',
  'saved-memory':
    '{guest}: libvirt on {node} keeps its saved memory, so a fenced guest would go on in the middle of what it did; virsh managedsave-remove {guest} there',
  'saved-memory-unchecked':
    '{guest}: whether libvirt on {node} keeps its saved memory could not be checked ({fault}); see virsh list --all --with-managed-save there',
  'snapshot-set':
    '{resource}: its parameter snapshot ({directory}) keeps the memory of a guest that is stopped, so a fenced guest would go on in the middle of what it did; crm_resource -r {resource} -d snapshot',
  'end-not-proven':
    '{resource}: it is of ocf:{provider}:VirtualDomain with hypervisor {hypervisor}, by which no end is proven, so vm-stonithd will not fence it; fencing takes ocf:extra:VirtualDomain and qemu:///system',
  'name-misread':
    '{guest}: virsh takes this name for an id, a UUID, an option or several words, and so for another domain or for none; rename it by its UUID (virsh domrename UUID NAME), and its domain file',
  'transition-delay':
    'transition-delay={value}: the cluster seems idle while it has work to do, so fencing is answered late or not confirmed; crm_attribute -n transition-delay -D',
  'node-without-agent':
    '{node}: ocf:{provider}:VirtualDomain, or what it needs, is not installed there, so nobody can prove that {resources} do not run there; install {package} and libvirt there, and run crm_resource --refresh',
  'clock-differs':
    'the clock of {node} is {seconds} s from that of this host; fencing needs clocks that agree, see chronyc tracking',
  'probes-off':
    '{option}=false: the cluster takes for stopped what it has not looked at, and a guest could be called dead that runs; take it out',
  'discovery-off':
    '{guest}: its constraint {id} has resource-discovery={value}, so the cluster does not look whether it runs there; take it out',
  'link-down': '{guest}: no link on {node} ({fault}), so it cannot fence; is vm-connectd running in it?',
  'keys-differ':
    'the fencing keys on {node} and {other} differ, so tokens are good on one of them only; copy /etc/pm-kvm-tools/keys (scp -p) and systemctl reload vm-stonithd',
  'keys-unknown':
    'vm-stonithd on {node} has told no fingerprint of its keys, so nobody knows whether they are right; start or reload it there',
  'keys-unchecked': 'the fingerprints of the fencing keys could not be read ({fault}); check again',
} as const;
