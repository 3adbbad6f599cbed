/** The example that version 1 was published with, and a configuration of hosts that it fits. */

export const PUBLISHED_CONFIG = `
#####
# 基本設定内容 #
#####
vm_cfg_dir="/etc/libvirt/qemu"
vm_cfg_ext=".xml"
vm_allow_migrate="off"
vm_stonith="on"
vm_ocf=ocf:extra:VirtualDomain
crmadmin_timeout=10000
vm_pingd1=(clnPingd default_ping_set)
vm_diskd1=(clnDiskd1 diskcheck_status)
#vm_diskd2=(clnDiskd2 diskcheck_status_internal)
vm_stonithd1=(clnVmStonithd)
`;

export const GUEST1_IN_CRM = `primitive prmVMCTL_guest1 ocf:extra:VirtualDomain \\
  params config="/etc/libvirt/qemu/guest1.xml" hypervisor="qemu:///system" migration_transport="ssh" \\
  meta allow-migrate="false" target-role="Stopped" \\
  op start interval="0" timeout="120s" on-fail="restart" \\
  op monitor interval="10s" timeout="30s" on-fail="restart" \\
  op stop interval="0" timeout="90s" on-fail="fence" \\
  op migrate_to interval="0" timeout="300s" on-fail="fence" \\
  op migrate_from interval="0" timeout="240s" on-fail="restart"
location locVMCTL_guest1_default_ping_set prmVMCTL_guest1 \\
  rule $id="locVMCTL_guest1_default_ping_set-rule" -inf: not_defined default_ping_set or default_ping_set lt 100
location locVMCTL_guest1_diskcheck_status prmVMCTL_guest1 \\
  rule $id="locVMCTL_guest1_diskcheck_status-rule" -inf: not_defined diskcheck_status or diskcheck_status eq ERROR
location locVMCTL_guest1_host1_ACT prmVMCTL_guest1 200: host1
colocation colVMCTL_guest1_clnDiskd1 inf: prmVMCTL_guest1 clnDiskd1
colocation colVMCTL_guest1_clnPingd inf: prmVMCTL_guest1 clnPingd
colocation colVMCTL_guest1_clnVmStonithd inf: prmVMCTL_guest1 clnVmStonithd
order odrVMCTL_guest1_clnDiskd1 0: clnDiskd1 prmVMCTL_guest1 symmetrical=false
order odrVMCTL_guest1_clnPingd 0: clnPingd prmVMCTL_guest1 symmetrical=false
order odrVMCTL_guest1_clnVmStonithd 0: clnVmStonithd prmVMCTL_guest1 symmetrical=false
`;

const clone = (id: string, resource: string, parameters = '') =>
  `<clone id="${id}"><primitive id="${resource}" class="ocf" provider="pacemaker" type="${parameters === '' ? 'Dummy' : 'ping'}">${parameters}</primitive></clone>`;

const parameter = (resource: string, name: string, value: string) =>
  `<instance_attributes id="${resource}-instance_attributes"><nvpair id="${resource}-${name}" name="${name}" value="${value}"/></instance_attributes>`;

/** Two hosts with the clones and attributes that the example names, fencing on, and no guest. */
export const HOSTS_CIB = `<cib crm_feature_set="3.16.1" validate-with="pacemaker-3.9" admin_epoch="0" epoch="1" num_updates="0">
<configuration>
<crm_config><cluster_property_set id="cib-bootstrap-options"><nvpair id="fencing" name="stonith-enabled" value="true"/></cluster_property_set></crm_config>
<nodes><node id="1" uname="host1"/><node id="2" uname="host2"/></nodes>
<resources>
<primitive id="power" class="stonith" type="fence_lab"/>
${clone('clnPingd', 'pingCheck', parameter('pingCheck', 'name', 'default_ping_set'))}
${clone('clnDiskd1', 'diskCheck1', parameter('diskCheck1', 'name', 'diskcheck_status'))}
${clone('clnVmManagerd', 'prmVmManagerd', parameter('prmVmManagerd', 'name', 'operator_check_status'))}
${clone('clnVmStonithd', 'prmVmStonithd')}
</resources>
<constraints/>
</configuration>
<status/>
</cib>
`;
