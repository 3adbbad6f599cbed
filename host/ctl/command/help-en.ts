import type { HelpTexts } from './help.ts';

const CHANGE = `
Options of every change:
      --dry-run        show the change, and what Pacemaker would do with it; change nothing
  -y, --yes            do not ask
      --cib-file FILE  work on this configuration file instead of a cluster
      --config FILE    instead of /etc/vm-ctl.conf
      --json           answer in JSON
  -q, --quiet          say only what is wrong`;

const WAIT = `
Waiting:
      --no-wait        return when the configuration is changed
      --timeout SEC    wait no longer than this (600)`;

const NAMES = `
Guests are named one after the other or parted by commas; "web*" means all that match, quoted from the shell.
Behind -- everything is a name, no option and no pattern.`;

const KEYS = `
      --keys FILE      instead of /etc/pm-kvm-tools/keys
      --json           answer in JSON`;

export const helpEn: HelpTexts = {
  '': `usage: vm-ctl COMMAND [NAMES] [OPTIONS]

Guests under the host cluster:
  resource add|delete|start|stop|move|unmove|list
  location move        the node where a guest runs becomes the one it prefers
  evacuate NODE        move all guests off a node
  undo                 take the last change back
  check                look for what is wrong
  status               guests, hosts, health, links and fencings on one screen

Setting up:
  host init            ping and disk checks, daemons, and vm-ctl.conf
  guest init           the channel, tokens and fencing configuration of guests

Fencing rights:
  key make|list|rotate|withdraw
  token make|explain

Others:
  completion bash|zsh
  --version

Examples:
  vm-ctl resource add guest1, guest2 -a hostA
  vm-ctl resource start 'web*'
  vm-ctl resource move guest2 -n hostB
  vm-ctl resource list

vm-ctl COMMAND --help tells more. Exit status: 0 done, 1 not done, 2 the cluster or libvirt could not be asked, 130 interrupted.`,

  resource: `usage: vm-ctl resource add|delete|start|stop|move|unmove|list

  add GUESTS -a NODE     put guests under the cluster, stopped
  delete GUESTS          take them out again
  start GUESTS           have them started
  stop GUESTS            have them stopped
  move GUESTS [-n NODE]  move them, live if they may migrate
  unmove GUESTS          remove what a move has left
  list [GUESTS]          what there is and where it runs

Example:
  vm-ctl resource add guest1 -a hostA && vm-ctl resource start guest1`,

  'resource add': `usage: vm-ctl resource add GUESTS -a NODE [-m on|off]

Puts guests under the cluster, with operations, ping, disk and daemon constraints as /etc/vm-ctl.conf says. They are stopped:
one that runs, on this host or another of the cluster, is shut down by Pacemaker, and you are asked before.

  -a, --active NODE    where they run when they can
  -m, --migrate on|off live migration, instead of vm_allow_migrate
      --format FORM    only print the configuration: crm, pcs or xml
${NAMES}
${CHANGE}

Examples:
  vm-ctl resource add guest1, guest2 -a hostA
  vm-ctl resource add 'web*' -a hostA -m on --dry-run
  vm-ctl resource add guest1 -a hostA --format crm > guest1.crm`,

  'resource delete': `usage: vm-ctl resource delete GUESTS

Takes stopped guests out of the cluster, with everything that names them. Domains and disks stay.
${NAMES}
${CHANGE}

Example:
  vm-ctl resource delete guest2`,

  'resource start': `usage: vm-ctl resource start GUESTS

Has guests started, and waits until they run.
${NAMES}
${WAIT}
${CHANGE}

Examples:
  vm-ctl resource start guest1, guest2
  vm-ctl resource start 'web*' --no-wait`,

  'resource stop': `usage: vm-ctl resource stop GUESTS

Has guests stopped, and waits until they are.
${NAMES}
${WAIT}
${CHANGE}

Example:
  vm-ctl resource stop guest2`,

  'resource move': `usage: vm-ctl resource move GUESTS [-n NODE]

Moves guests and waits until they run there; the constraint that this needs is removed in every outcome. Without -n to the best other node.

  -n, --node NODE      where to
      --prefer         make it the node that they prefer, too
${WAIT}
${CHANGE}

Examples:
  vm-ctl resource move guest2 -n hostB
  vm-ctl resource move guest2 --dry-run`,

  'resource unmove': `usage: vm-ctl resource unmove GUESTS

Removes the constraints that a move, with whatever tool, has left.
${CHANGE}

Example:
  vm-ctl resource unmove guest2`,

  'resource list': `usage: vm-ctl resource list [GUESTS] [-n NODE]

Shows domain, resource, live migration, preferred node, active node or state, and whether a move constraint is left.

  -n, --node NODE      only guests that run there
      --cib-file FILE  look into this configuration file
      --json           answer in JSON

Examples:
  vm-ctl resource list
  vm-ctl resource list 'web*' --json`,

  location: `usage: vm-ctl location move GUESTS | -b NODE`,

  'location move': `usage: vm-ctl location move GUESTS | -b NODE

The node where a guest runs now becomes the one that it prefers.

  -b, --before NODE    for every guest that prefers NODE and runs elsewhere
${CHANGE}

Examples:
  vm-ctl location move guest2
  vm-ctl location move -b hostA`,

  evacuate: `usage: vm-ctl evacuate NODE

Moves all guests off a node, one after the other, each to the best other node. What can't be moved is told before the first one is.

      --prefer         make the other nodes those that they prefer, too
${WAIT}
${CHANGE}

Example:
  vm-ctl evacuate hostA --dry-run`,

  undo: `usage: vm-ctl undo

Puts back the configuration before the last change of vm-ctl on this host, if nothing else has changed since.
${CHANGE}

Example:
  vm-ctl undo --dry-run`,

  check: `usage: vm-ctl check

Looks for what is wrong, and names the remedy of each. Exit status 0 only when nothing is, and everything could be looked at:
constraints that moves have left, attributes that fencing has left, channels, nodes, resources and clones; and on all hosts,
whether domain files are the same, disks shared, processors fit to migrate to, daemons there and linked, keys the same, clocks alike; whether nothing starts a guest behind the cluster's back,
or lets a fenced one go on from saved memory.

The other hosts are asked by ssh, as root and without a password (vm_remote_shell in vm-ctl.conf).

      --local          print what another host's check asks this one for, as JSON
      --cib-file FILE  look at a configuration file, and at no host but this
      --json           the answer as JSON

Example:
  vm-ctl check || mail -s 'see vm-ctl check' root < /dev/null`,

  status: `usage: vm-ctl status [--watch] [--interval SEC] [--json]

Shows on one screen: hosts with their ping and disk attributes, guests with their state, links between guests and this
host, moves and migrations under way, and what has been fenced. What cannot be asked is said, and the exit status is 2.

  -w, --watch          again and again, until Ctrl-C
  -i, --interval SEC   how often (2)
      --cib-file FILE  look at a configuration file
      --json           the answer as JSON; with --watch one object a line

Links and fencings of guests are those of this host; the cluster does not keep them.

Examples:
  vm-ctl status
  vm-ctl status --watch --interval 5`,
  host: `usage: vm-ctl host init

What hosts need beside guests: ping and disk checks, and the daemons of the bridge.

Example:
  vm-ctl host init --ping 192.0.2.1 --disk /dev/sda --dry-run`,
  'host init': `usage: vm-ctl host init [--ping ADDRESS] [--disk DEVICE] [--daemons LIST]

Puts what guests depend on into the cluster, as clones on all hosts, by one change: a ping check (default_ping_set), a check
of each disk (diskcheck_status), vm-connectd, vm-stonithd and vm-managerd with their orders; and resource-stickiness=INFINITY
as the default of all resources, so that guests stay where they are moved to. What is there already is kept.
Then it writes /etc/vm-ctl.conf, behind the comments of one that sets nothing yet; one that sets anything is left alone, and the
lines that it lacks are told. It is to be the same on all hosts: copy it.

      --ping ADDRESS   what to ping; several make one check, good while one of them answers
      --disk DEVICE    what to read; several make a check each
      --daemons LIST   some of vm-stonithd,vm-managerd, or none (both)
      --format FORM    only print the configuration, for other tools: crm, pcs or xml
${CHANGE}

Examples:
  vm-ctl host init --ping 192.0.2.1 --disk /dev/sda --dry-run
  vm-ctl host init --ping 192.0.2.1,192.0.2.2 --disk /dev/sda --disk /dev/sdb
  vm-ctl host init --ping 192.0.2.1 --format crm > hosts.crm`,
  guest: `usage: vm-ctl guest init

What guests need to be a cluster whose members can fence each other.

Example:
  vm-ctl guest init guest1, guest2 --format pcs > fencing.sh`,
  'guest init': `usage: vm-ctl guest init GUESTS [--format crm|pcs|xml]

Puts the channel vmconnectd into the domain XML of all members of a guest cluster, makes their fencing tokens, and prints the
fencing configuration (fence_vm) that is to be loaded in one of the guests. Only that goes to standard output.

      --format FORM    crm, pcs or xml (crm)
      --nodes NAMES    how the guest cluster calls them, in the same order (as the domains)
      --tokens FILE    put the tokens there, for /etc/pm-kvm-tools/tokens in each guest, and not into the configuration
      --expires WHEN   a time as in 2030-12-31T23:59:59Z, or a while: 90d, 12h, 1y (never)
      --live           plug the channel into guests that run, too
      --dry-run        say what would be done, and do nothing
${KEYS}
${NAMES}

Examples:
  vm-ctl guest init guest1, guest2 > fencing.crm
  vm-ctl guest init 'db*' --live --tokens db.tokens --format pcs > fencing.sh`,

  key: `usage: vm-ctl key make|list|rotate|withdraw

The keys that seal fencing tokens. They have to be the same on all hosts.

  make                 the first key
  list                 keys and their states; the fingerprint is equal where the keys are
  rotate               a new key; tokens under the former one stay good
  withdraw KEY         refuse every token under that key

Example:
  vm-ctl key make && scp -p /etc/pm-kvm-tools/keys hostB:/etc/pm-kvm-tools/keys`,
  'key make': `usage: vm-ctl key make

Makes the first key.
${KEYS}

Example:
  vm-ctl key make`,
  'key list': `usage: vm-ctl key list
${KEYS}

Example:
  vm-ctl key list --json`,
  'key rotate': `usage: vm-ctl key rotate

Makes a new key and seals with it from now on. Tokens under the former key stay good until it is withdrawn.
${KEYS}

Example:
  vm-ctl key rotate`,
  'key withdraw': `usage: vm-ctl key withdraw KEY

Refuses every token under that key from now on.
${KEYS}

Example:
  vm-ctl key withdraw 3f9a1c07`,

  token: `usage: vm-ctl token make|explain

A token lets one guest fence another. Without it no guest can fence any.

Example:
  vm-ctl token make guest2 --guest guest1 > guest2.token`,
  'token make': `usage: vm-ctl token make VICTIM --guest GUEST

Prints a token with which GUEST may fence VICTIM.

  -g, --guest GUESTS   who may use it; may be given more than once
  -r, --resource ID    the victim's resource, where vm-ctl has not made it
      --allow LIST     some of on,off,reset,status (all)
      --expires WHEN   a time as in 2030-12-31T23:59:59Z, or a while: 90d, 12h, 1y (never)
${KEYS}

Examples:
  vm-ctl token make guest2 --guest guest1
  vm-ctl token make guest2 -g guest1,guest3 --allow off,status --expires 1y`,
  'token explain': `usage: vm-ctl token explain [TOKEN]

Says what a token allows and whether it is still good. Without TOKEN it is read from standard input.
${KEYS}

Example:
  vm-ctl token explain < guest2.token`,

  completion: `usage: vm-ctl completion bash|zsh

Prints what the shell needs to complete commands, options, domains and nodes.

Examples:
  vm-ctl completion bash > /etc/bash_completion.d/vm-ctl
  vm-ctl completion zsh > /usr/share/zsh/site-functions/_vm-ctl`,
};
