/** What vm-ctl says, in English. The keys and the names in braces are the law for the other catalogues. */
import { enCheck } from './en-check.ts';
import { enSetup } from './en-setup.ts';
import { enStatus } from './en-status.ts';

export const en = {
  ...enStatus,
  ...enSetup,
  ...enCheck,

  plain: '{text}',
  warning: 'warning',
  yes: 'yes',
  no: 'no',
  'yes-or-no': '[y/N]',
  defect: 'a defect of vm-ctl: {fault}',
  'system-fault': 'vm-ctl had to give up: {fault}; see to that, and what was done with vm-ctl status',

  // The command line
  'unknown-command': '"{words}" is no command of vm-ctl',
  'option-unknown': '{option} is no option of {command}',
  'option-needs-value': 'the option {option} of {command} needs a value',
  'see-help': 'see vm-ctl --help',
  'names-needed': 'name at least one guest',
  'no-names-here': 'this command takes no names; leave out {names}',
  'active-node-needed': 'say with -a on which node the guests shall run',
  'migrate-on-off': '-m is on or off, and not "{migrate}"',
  'format-unknown': '--format is crm, pcs or xml, and not "{format}"',
  'crm-not-ascii':
    'crmsh does not keep characters that are not ASCII, such as those of these guests; use --format xml or pcs',
  'timeout-form': '--timeout is a number of seconds',
  'names-or-node-needed': 'name guests, or a node with -b, and not both',
  'one-node-needed': 'name one node',
  'move-needs-cluster':
    'this needs a running cluster; with --cib-file only --dry-run shows where a guest would go',
  'needs-cluster': 'this needs a running cluster; it can do nothing with --cib-file',
  'one-key-needed': 'name one key; see vm-ctl key list',
  'one-victim-needed': 'name the one guest that may be fenced, or its resource with --resource',
  'token-guest-needed': 'say with --guest which guests may use the token',
  'allow-form': '--allow is a list of some of {operations}',
  'expires-form': '--expires is a time as in 2030-12-31T23:59:59Z, or a while as in 90d, 12h, 1y',
  'one-token-needed':
    'there are {count} tokens; name one, or put it on standard input, where no other user sees it: vm-ctl token explain < FILE',
  'token-awaited': 'the token, then Enter and Ctrl-D:',
  'token-wanted':
    'there is no token; name one, or put it on standard input, where no other user sees it: vm-ctl token explain < FILE',
  'shell-needed': 'name a shell: bash or zsh',

  // The cluster as a whole
  'config-missing': '{path} does not exist; every setting has its default, and guests depend on no clone',
  'pacemaker-down': 'Pacemaker does not run on this host ({fault}); start it with systemctl start pacemaker',
  'pacemaker-failed': 'Pacemaker did not do it: {fault}',
  'no-quorum': 'the cluster has no quorum; bring more of its nodes back',
  'libvirt-unavailable': 'libvirt does not answer at {uri} ({fault}); see systemctl status libvirtd',
  'cib-file-unusable': 'cannot use the configuration in {file}: {fault}',
  'waiting-for-idle': 'the cluster is busy ({state}); waiting up to {seconds} s for it to be idle',
  'cluster-busy':
    'the cluster is still busy after {seconds} s ({state}); wait for it, or raise crmadmin_timeout',
  'cluster-in-maintenance': 'the cluster is in maintenance mode: it will start and stop nothing',
  'fencing-is-off':
    'stonith-enabled is not true; set it (crm_attribute -n stonith-enabled -v true), or vm_stonith=off in vm-ctl.conf',
  'node-unknown': '{node} is no node of the cluster; its nodes are {nodes}',
  'clone-missing':
    'the clone {clone}, which {setting} in vm-ctl.conf names, is not in the cluster; configure it, or take it out',
  'attribute-missing':
    'no node has the attribute {attribute}, which {setting} in vm-ctl.conf names; guests will not start before it is there',
  'lock-held': 'another vm-ctl is at work: process {pid}, "{command}", since {since}; wait for it to end',
  'lock-held-by-unknown': 'another vm-ctl is at work and does not say who it is; see ps -C vm-ctl',
  interrupted: 'interrupted',

  // Guests
  'pattern-matches-nothing': 'no guest matches the pattern {pattern}',
  'pattern-needs-libvirt':
    'the pattern {pattern} needs a libvirt to look in; write the names here, one that really has such characters behind --',
  'domain-unknown-to-libvirt': '{guest}: libvirt on this host knows no such domain; see virsh list --all',
  'domain-runs-now':
    '{guest}: runs now, outside the cluster: Pacemaker will shut it down, and vm-ctl resource start brings it back',
  'domain-runs-elsewhere':
    '{guest}: runs now on {node}, outside the cluster: Pacemaker will shut it down there, and vm-ctl resource start brings it back',
  'hosts-not-looked-at':
    'whether any of them runs on {nodes} could not be looked at (vm_remote_shell in vm-ctl.conf); Pacemaker would shut it down',
  'guest-registered': '{guest}: is registered already, as {resource}',
  'guest-registered-otherwise': '{guest}: its domain file is that of the resource {resource} already',
  'guest-not-registered': '{guest}: is not registered; see vm-ctl resource list',
  'name-impossible': '{guest}: {fault}; rename the domain',
  'id-taken': '{guest}: the id {id} is taken in the configuration; remove what has it',
  'guest-still-runs': '{guest}: still runs on {node}; stop it first with vm-ctl resource stop',
  'guest-in-container': '{guest}: is part of {container}; take it out of that first',
  'guest-in-acl': '{guest}: the access rule {id} refers to it; remove that first',
  'guest-not-running': '{guest}: does not run on one node now; start it first',
  'guest-unmanaged': '{guest}: is not managed by Pacemaker now; end its maintenance first',
  'guest-unmanaged-warning': '{guest}: is not managed by Pacemaker now, so nothing will happen to it',
  'role-started-already': '{guest}: is to be started already',
  'role-stopped-already': '{guest}: is to be stopped already',
  'no-guest-away-from': 'no guest that prefers {node} runs elsewhere',
  'prefers-already': '{guest}: prefers {node} already',
  'no-move-constraint': '{guest}: has no move constraint',
  'no-guests': 'no guest is registered',
  'no-guests-on': 'none of these guests runs on {node}',
  'no-guest-there': 'no guest is to be moved',

  // Changes
  'nothing-changed': 'nothing has been changed',
  'not-confirmed': 'not confirmed',
  'confirm-shutdown': 'Let Pacemaker shut down {guests} now?',
  'confirm-delete': 'Take {guests} out of the cluster?',
  'confirm-moves': 'Move {guests}?',
  'confirm-undo': 'Take back "{command}"?',
  'changed-meanwhile': 'the configuration was changed by someone else meanwhile; planning again',
  'changed-too-often':
    'the configuration was changed by others at each of {attempts} attempts; try again later',
  'change-invalid': 'Pacemaker refuses the configuration that would come of it: {fault}',
  'state-unwritable':
    'cannot keep what was before in {directory}: {fault}; nothing has been changed: make room there and try again',
  'change-unrecorded':
    'the change is made, and could not be recorded ({fault}): vm-ctl undo cannot take it back; the configuration before is in {backup}',
  'backup-saved': 'the configuration before is in {backup}; go back with {undo}',
  'backup-only': 'the configuration before is in {backup}',
  'dry-run-changes': 'This would change in the configuration:',
  'dry-run-actions': 'This Pacemaker would do then:',
  'dry-run-no-actions': 'Pacemaker would start, stop and move nothing then.',
  'guest-added': '{guest}: added, stopped, to run on {node}',
  'guest-deleted': '{guest}: deleted from the cluster; its domain and its disks are as they were',
  'role-set-started': '{guest}: is to be started',
  'role-set-stopped': '{guest}: is to be stopped',
  'guest-unmoved': '{guest}: its move constraint is removed',
  'preference-moved': '{guest}: prefers the node where it runs now',
  'starting-progress': 'starting: {done} of {all} run, {seconds} s',
  'stopping-progress': 'stopping: {done} of {all} are stopped, {seconds} s',
  'guest-started': '{guest}: runs on {node}',
  'guest-stopped': '{guest}: is stopped',
  'guest-not-started':
    '{guest}: was not started ({state}; scores: {reason}); see crm_mon -1 for failures, pings and disks',
  'guest-not-stopped': '{guest}: was not stopped ({state}; {reason}); see crm_mon -1',
  'guest-not-yet': '{guest}: is not there yet ({state}); Pacemaker goes on with it',
  summary: '{done} of {all} done',
  'changed-since':
    'the configuration has been changed since "{command}", so taking that back would overwrite it; what was before is in {backup}',
  'nothing-to-undo': 'there is no change to take back',
  'record-unreadable': 'cannot read which change was the last: {fault}',
  'backup-unreadable': 'cannot read the configuration before, {backup}: {fault}',
  undone: 'taken back: {command}',

  // Moves
  'move-begins': '{guest}: moving from {source} to {target}',
  'move-progress': '{guest}: {source} -> {target}, {seconds} s',
  'move-progress-memory':
    '{guest}: {source} -> {target}, {left} of {all} MiB left, {rate} MiB/s, {seconds} s',
  'guest-there': '{guest}: runs on {node} already',
  'guest-moved': '{guest}: runs on {node} now ({seconds} s), its move constraint is removed',
  'guest-is-now': '{guest}: is on {node} now',
  'would-migrate': '{guest}: would migrate live from {source} to {target}',
  'would-move': '{guest}: would be stopped on {source} and started on {target}',
  'move-constraint-left': '{guest}: a former move has left {id}; remove it with vm-ctl resource unmove',
  'no-other-node': '{guest}: no other node than {source} may run it (scores: {scores})',
  'target-unfit': '{node} is {state}; choose another, or bring it back',
  'target-forbidden':
    '{guest}: must not run on {node}, Pacemaker gives it -INFINITY; see its pings, disks and constraints',
  'would-return':
    '{guest}: would go straight back to {source}, which it prefers to {target} by {difference} with a resource-stickiness of {stickiness}; raise that (crm_attribute -t rsc_defaults -n resource-stickiness -v INFINITY), or move with --prefer',
  'move-timeout': '{guest}: has not arrived within {seconds} s',
  'move-not-done': '{guest}: Pacemaker did not bring it to {target} ({state}); see crm_mon -1 for failures',
  'waiting-for-operation':
    '{guest}: is on its way ({role}); taking its constraint away now would restart it, so this waits for the end of that',
  'constraint-removed': '{guest}: the move constraint is removed',
  'constraint-not-removed':
    'the constraint {id} could not be removed ({fault}); the next vm-ctl tries again, or use crm_resource --clear --resource {resource}',
  'unfinished-move':
    '{guest}: vm-ctl (process {pid}) was killed while it moved this; removing its constraint',

  // check
  'node-state': '{node} is {state}: guests have one host less; bring it back',
  'resource-state':
    '{resource} is {state} ({nodes}); see crm_mon -1, mend the cause, then crm_resource --cleanup --resource {resource}',
  'move-constraint-found':
    '{resource}: a move has left {id}, which binds it; remove it with crm_resource --clear --resource {resource}',
  'move-going-on': '{resource}: a move is going on (vm-ctl, process {pid} on {node})',
  'stale-attribute':
    '{attribute} is set on {node} though nothing is being stopped: its next stop would be a power-off; remove it with attrd_updater -D -n {attribute} -N {node}',
  'domain-file-unusable':
    '{guest}: its domain file {path} cannot be used on this host ({fault}), so it cannot run here; copy it from another host',
  'domain-file-of-other':
    '{guest}: the domain in {path} is called {name}; name it {guest}, or register it anew',
  'channel-missing':
    '{guest}: {path} has no channel {port}, so it can neither fence nor see its host; add one to its devices',
  'channel-shared':
    '{guests}: share the socket {path}, so only one of them can run on a host; give each its own',
  'cpu-of-one-host':
    '{guest}: its cpu mode {mode} is that of one host, so it may fail to migrate; use a model that all hosts have',
  'disk-cache':
    '{guest}: its disk {disk} has the cache mode {cache}, with which libvirt refuses to migrate it; set cache="none"',

  // Keys and tokens
  'key-refused': '{fault}; {remedy}',
  'key-made': 'key {key} is made and active, in {path}',
  'key-rotated': 'key {key} is active now; tokens under the former one stay good until that is withdrawn',
  'key-withdrawn': 'key {key} is withdrawn: every token under it is refused from now on',
  'key-copy':
    'copy {path} to every host (scp -p), and where vm-stonithd runs have it read that: systemctl reload vm-stonithd',
  'key-fingerprint': 'fingerprint {fingerprint} ({path}; the same on hosts with the same keys)',
  'no-keys': 'there is no key in {path}; make one with vm-ctl key make',
  'token-not-made': 'the token is not made: {fault}',
  'token-refused': 'the token is good for nothing here: {fault}',
  'token-version-1':
    'a token of version 1: any guest may use it, for anything, for ever; what it is for shows: openssl des-ede3 -d -base64 -md md5 -k PASSPHRASE',
  'token-grants': '{guests} may use it to {operations} {resource}',
  'token-details': 'serial {serial}, key {key} ({keyState}), made {issued}, until {until}',
  'token-expired': 'it has expired at {until}',
  'token-key-withdrawn': 'its key {key} has been withdrawn',

  // Headings
  'column-guest': 'DOMAIN',
  'column-resource': 'RESOURCE',
  'column-migration': 'MIGRATION',
  'column-preferred': 'PREFERRED',
  'column-state': 'ACTIVE/STATE',
  'column-move': 'MOVE CONSTRAINT',
  'column-key': 'KEY',
  'column-key-state': 'STATE',
  'column-created': 'CREATED',
} as const;
