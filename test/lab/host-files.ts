/** The files that make a host differ from the machine it is made of. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type ClusterMember, corosyncConf, firstCib, hostsFile, NSSWITCH } from './cluster-files.ts';
import { CHECKOUT, hostAddress, type LabSpec, numberOf } from './layout.ts';
import { writeSystemdFiles } from './systemd-files.ts';

const LIBVIRTD = (host: string) => `listen_tls = 0
listen_tcp = 1
auth_tcp = "none"
host_uuid = "00000000-0000-4000-8000-0000000000${numberOf(host).toString(16).padStart(2, '0')}"
`;

/** Two hosts that share storage would count each other's owners. */
const QEMU = 'remember_owner = 0\n';

/** One device that can fence every host: the switch outside that all of them reach. */
const powerSwitch = (hosts: readonly string[]) => `<primitive id="power" class="stonith" type="fence_lab">
<instance_attributes id="power-params">
<nvpair id="power-check" name="pcmk_host_check" value="static-list"/>
<nvpair id="power-list" name="pcmk_host_list" value="${hosts.join(' ')}"/>
</instance_attributes>
<operations><op id="power-monitor" name="monitor" interval="60s" timeout="20s"/></operations>
</primitive>`;

export function writeHostFiles(root: string, spec: LabSpec, host: string): void {
  const members: ClusterMember[] = spec.hosts.map((name) => ({
    name,
    address: hostAddress(name),
    id: numberOf(name),
  }));
  const cib = firstCib(members, { 'stonith-enabled': 'true' }, powerSwitch(spec.hosts));
  write(root, '/etc/hostname', `${host}\n`);
  write(root, '/etc/hosts', hostsFile(members));
  write(root, '/etc/nsswitch.conf', NSSWITCH);
  write(root, '/etc/corosync/corosync.conf', corosyncConf('hosts', members));
  write(root, '/etc/libvirt/libvirtd.conf', LIBVIRTD(host));
  write(root, '/etc/libvirt/qemu.conf', QEMU);
  write(root, '/var/lib/pacemaker/cib/cib.xml', cib);
  if (spec.init === 'systemd') writeSystemdFiles(root, 'host');
  write(root, '/usr/sbin/fence_lab', readFileSync(join(CHECKOUT, 'test/lab/fence-lab.sh'), 'utf8'), 0o755);
}

function write(root: string, path: string, text: string, mode = 0o644): void {
  const target = join(root, path);
  mkdirSync(dirname(target), { recursive: true });
  writeFileSync(target, text, { mode });
}
