/** A virtual machine that runs nothing, for tests of fencing alone: it is there in no time, and costs 32 MiB. */
import type { Laboratory } from './lab.ts';

export const VICTIM = 'fault-victim';
export const VICTIM_XML = `/var/lib/libvirt/images/${VICTIM}.xml`;

const domainXml = (name: string, devices: string) => `<domain type='qemu'>
  <name>${name}</name>
  <memory unit='MiB'>32</memory><vcpu>1</vcpu>
  <os><type arch='x86_64' machine='pc-q35-7.2'>hvm</type></os>
  <devices><emulator>/usr/bin/qemu-system-x86_64</emulator><memballoon model='none'/>${devices}</devices>
</domain>
`;

/** Its firmware reads it whenever the machine is reset, in a thread of its own and past the cache. */
export const diskXml = (path: string) => `<disk type='file' device='disk'>
    <driver name='qemu' type='raw' cache='none' io='threads'/>
    <source file='${path}'><seclabel model='dac' relabel='no'/></source>
    <target dev='vda' bus='virtio'/><readonly/>
  </disk>`;

/** Where both hosts see it; its path there. */
export async function writeVictim(lab: Laboratory, name = VICTIM, devices = ''): Promise<string> {
  const path = `/var/lib/libvirt/images/${name}.xml`;
  await lab.output('hosta', ['/bin/sh', '-c', 'cat >"$0"', path], { input: domainXml(name, devices) });
  return path;
}
