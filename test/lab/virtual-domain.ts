/** A guest as a resource of the hosts' cluster, for tests of the laboratory itself. */
import type { Laboratory } from './lab.ts';
import { numberOf } from './layout.ts';

/** The resource is `vm-GUEST`; it prefers the host where the guest is, and may migrate live. */
export async function manageGuest(lab: Laboratory, guest: string): Promise<void> {
  const id = `vm-${guest}`;
  const pair = (name: string, value: string) =>
    `<nvpair id="${id}-${name}" name="${name}" value="${value}"/>`;
  const primitive = `<primitive id="${id}" class="ocf" provider="heartbeat" type="VirtualDomain">
<instance_attributes id="${id}-instance">${pair('config', `/etc/libvirt/qemu/${guest}.xml`)}
${pair('hypervisor', 'qemu:///system')}${pair('migration_transport', 'tcp')}</instance_attributes>
<meta_attributes id="${id}-meta">${pair('allow-migrate', 'true')}</meta_attributes>
<operations><op id="${id}-monitor" name="monitor" interval="10s" timeout="30s"/></operations>
</primitive>`;
  const host = lab.hostOf(guest) ?? 'hosta';
  const place = `<rsc_location id="${id}-place" rsc="${id}" node="${host}" score="${100 + numberOf(guest)}"/>`;
  // Both in one update: the cluster must not move the guest as soon as it finds it.
  const change = `<configuration><resources>${primitive}</resources><constraints>${place}</constraints></configuration>`;
  await lab.ask('hosts', [
    'cibadmin',
    '--modify',
    '--allow-create',
    '--scope',
    'configuration',
    '--xml-text',
    change,
  ]);
}
