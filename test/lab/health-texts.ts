/**
 * The crm texts that were published for version 1 (chapters 4-2 and 4-3 of the talk), with what the laboratory needs:
 * pingd is ping, diskd is of the provider extra, and addresses, devices and tokens are the laboratory's.
 */

/** On the hosts' network, and no host. */
export const PING_TARGET = '10.77.0.99';
/** Of each host its own: a link to what is watched there. */
export const DISK = '/run/lab-disk';

const OPERATIONS = `op start interval="0s" timeout="60s" on-fail="restart" \\
    op monitor interval="10s" timeout="60s" on-fail="restart" \\
    op stop interval="0s" timeout="60s" on-fail="ignore"`;

const ping = (addresses: string) => `primitive pingCheck ocf:pacemaker:ping \\
    params \\
        name="default_ping_set" \\
        host_list="${addresses}" \\
        multiplier="100" \\
    ${OPERATIONS}
`;

export const PINGD = `${ping(PING_TARGET)}clone clnPingd pingCheck
`;

const DISKD = `primitive diskCheck1 ocf:extra:diskd \\
    params \\
        name="diskcheck_status" \\
        device="${DISK}" \\
        interval="10" \\
    ${OPERATIONS}
clone clnDiskd1 diskCheck1
`;

const CONNECTD = `primitive prmVmConnectd ocf:extra:vm-anything \\
  params \\
    binfile="/usr/sbin/vm-connectd" \\
    cmdline_options="-t host -d /var/lib/libvirt/qemu/" \\
    login_shell="false" \\
    ${OPERATIONS}
clone clnVmConnectd prmVmConnectd
`;

const STONITHD = `primitive prmVmStonithd ocf:extra:vm-anything \\
  params \\
    binfile="/usr/sbin/vm-stonithd" \\
    cmdline_options="-c 'openssl des-ede3 -d -base64 -k vmstonith' -i" \\
    login_shell="false" \\
    ${OPERATIONS}
clone clnVmStonithd prmVmStonithd
order rsc_order-clnVmConnectd-clnVmStonithd 0: clnVmConnectd \\
  clnVmStonithd symmetrical=true
`;

/** In the manner of the others; the talk has a line for it in vm-ctl.conf only. */
const MANAGERD = `primitive prmVmManagerd ocf:extra:vm-anything \\
  params \\
    binfile="/usr/sbin/vm-managerd" \\
    cmdline_options="-n operator_check_status -v normal" \\
    login_shell="false" \\
    ${OPERATIONS}
clone clnVmManagerd prmVmManagerd
order rsc_order-clnVmConnectd-clnVmManagerd 0: clnVmConnectd \\
  clnVmManagerd symmetrical=true
`;

/** Chapter 4-2, in the order of the talk; one file each. */
export const ON_HOSTS = [PINGD, DISKD, CONNECTD, STONITHD, MANAGERD];
export const HOST_CLONES = ['clnPingd', 'clnDiskd1', 'clnVmConnectd', 'clnVmStonithd', 'clnVmManagerd'];

export const VM_CTL_CONF = `vm_migration_transport=tcp
vm_allow_migrate=on
vm_pingd1=(clnPingd default_ping_set)
vm_diskd1=(clnDiskd1 diskcheck_status)
vm_managerd1=(clnVmManagerd operator_check_status)
vm_stonithd1=(clnVmStonithd)
`;

/** The words of the old configuration, and an attribute that tests set by hand. */
export const RULES = `[default_ping_set]
red = eq 0
yellow = lt 100
green = eq 100
[diskcheck_status]
red = eq ERROR
green = eq normal
[by_hand]
red = eq bad
green = eq good
`;

/** Chapter 4-3: what guests ping themselves. */
export const PINGD_IN_GUESTS = `${ping('10.78.0.1')}clone clnPingCheck pingCheck
`;

/** Chapter 4-3 and appendix B, without stonith-helper, which no distribution has any more. */
export const fencingInGuests = (tokens: Readonly<Record<'guest1' | 'guest2', string>>) =>
  fencing('guest1', tokens.guest1) + fencing('guest2', tokens.guest2);

/**
 * What version 1 had no text for: the host's health, and a service that leaves a guest whose host is red. With a monitor that is
 * as good as none, only what the host tells by itself can change an attribute.
 */
export const healthInGuests = (monitorS: number) => `primitive vmClient ocf:extra:vm-client \\
  params \\
    attribute_list="default_ping_set by_hand" \\
    attribute_prefix="host_" \\
  op start interval="0s" timeout="60s" \\
  op monitor interval="${monitorS}s" timeout="60s"
clone clnVmClient vmClient
primitive service ocf:pacemaker:Dummy
location locService service 100: guest1
location locServiceHealth service \\
  rule -inf: host_default_ping_set eq red
`;

const fencing = (
  guest: string,
  token: string,
) => `primitive vm-stonith-${guest} stonith:external/vm-stonith \\
  params \\
    priority="2" \\
    stonith-timeout="30s" \\
    hostlist="${guest}:${token}" \\
  op start interval="0s" timeout="60s" \\
  op monitor interval="3600s" timeout="60s" \\
  op stop interval="0s" timeout="60s"
primitive meatware-${guest} stonith:meatware \\
  params \\
    priority="3" \\
    stonith-timeout="600" \\
    hostlist="${guest}" \\
  op start interval="0s" timeout="60s" \\
  op monitor interval="3600s" timeout="60s" \\
  op stop interval="0s" timeout="60s"
group stonith-${guest} vm-stonith-${guest} meatware-${guest}
location rsc_location-stonith-${guest} stonith-${guest} \\
  rule $id="rsc_location-stonith-${guest}-rule" -inf: #uname eq ${guest}
`;
