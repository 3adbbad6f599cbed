/** The configuration of corosync and the first CIB, the same in form for the cluster of hosts and that of guests. */

export interface ClusterMember {
  readonly name: string;
  readonly address: string;
  readonly id: number;
}

/** corosync wants one setting a line. */
export function corosyncConf(clusterName: string, members: readonly ClusterMember[]): string {
  const nodes = members
    .map(({ name, address, id }) => ` node {\n  ring0_addr: ${address}\n  name: ${name}\n  nodeid: ${id}\n }`)
    .join('\n');
  return `totem {
 version: 2
 cluster_name: ${clusterName}
 transport: udpu
 token: 3000
}
nodelist {
${nodes}
}
quorum {
 provider: corosync_votequorum
${members.length === 2 ? ' two_node: 1\n' : ''}}
logging {
 to_logfile: yes
 logfile: /var/log/corosync/corosync.log
 to_syslog: no
}
system {
 move_to_root_cgroup: no
 sched_rr: no
}
`;
}

/**
 * The configuration that Pacemaker finds at its first start. With the options already there no member waits for
 * another to write them, and the first election does not wait the 20 s that are the default.
 */
export function firstCib(
  members: readonly ClusterMember[],
  options: Readonly<Record<string, string>>,
  resources = '',
): string {
  const nodes = members.map(({ name, id }) => `<node id="${id}" uname="${name}"/>`).join('');
  const properties = Object.entries({ 'dc-deadtime': '1s', ...options })
    .map(([name, value]) => `<nvpair id="cib-bootstrap-options-${name}" name="${name}" value="${value}"/>`)
    .join('');
  return `<cib validate-with="pacemaker-3.9" admin_epoch="0" epoch="1" num_updates="0"><configuration>
<crm_config><cluster_property_set id="cib-bootstrap-options">${properties}</cluster_property_set></crm_config>
<nodes>${nodes}</nodes><resources>${resources}</resources><constraints/>
</configuration><status/></cib>
`;
}

export function hostsFile(members: readonly ClusterMember[]): string {
  const lines = members.map(({ name, address }) => `${address} ${name}\n`).join('');
  return `127.0.0.1 localhost\n${lines}`;
}

/** Without this every lookup of a name waits for a server that is not there. */
export const NSSWITCH = 'passwd: files\ngroup: files\nshadow: files\nhosts: files\n';
