/** The libvirt definition of a guest, the same on all hosts. */
import { type GuestSpec, guestMac, numberOf } from './layout.ts';

/** As the hosts see them. */
export const IMAGES_IN_HOST = '/var/lib/libvirt/images';
const channelPath = (guest: string) => `/var/lib/libvirt/qemu/${guest}`;
const serialPath = (guest: string) => `${channelPath(guest)}-serial`;

export interface DomainSettings {
  readonly accelerator: 'kvm' | 'tcg';
  /** The folder of the root image, kernel and initramfs, below IMAGES_IN_HOST. */
  readonly imageFolder: string;
}

/**
 * The processor is `maximum`: with the default one of TCG everything inside waits, and between equal hosts it
 * migrates as well. No balloon: nothing here takes memory back.
 */
export function domainXml(guest: GuestSpec, { accelerator, imageFolder }: DomainSettings): string {
  const number = numberOf(guest.name);
  const image = `${IMAGES_IN_HOST}/${imageFolder}`;
  return `<domain type='${accelerator === 'kvm' ? 'kvm' : 'qemu'}'>
  <name>${guest.name}</name>
  <uuid>000000${number.toString(16).padStart(2, '0')}-1111-4111-8111-111111111111</uuid>
  <memory unit='MiB'>${guest.memoryMiB}</memory><vcpu>1</vcpu>
  <os>
    <type arch='x86_64' machine='pc-q35-7.2'>hvm</type>
    <kernel>${image}/vmlinuz</kernel>
    <initrd>${image}/initrd</initrd>
    <cmdline>console=ttyS0 quiet panic=-1 random.trust_cpu=on</cmdline>
  </os>
  <cpu mode='maximum'/>
  <features><acpi/></features>
  <on_poweroff>destroy</on_poweroff><on_reboot>restart</on_reboot><on_crash>restart</on_crash>
  <devices>
    <emulator>${accelerator === 'kvm' ? '/usr/bin/qemu-system-x86_64' : '/usr/local/bin/qemu-tcg'}</emulator>
${disk('vda', `${image}/root.sqfs`)}
${disk('vdb', `${IMAGES_IN_HOST}/${guest.name}.boot`)}
${disk('vdc', `${IMAGES_IN_HOST}/${guest.name}.parcel`)}
    <interface type='bridge'>
      <mac address='${guestMac(guest.name)}'/><source bridge='br-guest'/><model type='virtio'/>
    </interface>
    <serial type='file'>
      <source path='${IMAGES_IN_HOST}/${guest.name}.console' append='on'/><target port='0'/>
    </serial>
${guest.serialPort ? secondSerial(guest) : ''}    <channel type='unix'>
      ${channelSource(guest)}<target type='virtio' name='vmconnectd'/>
    </channel>
    <channel type='unix'><target type='virtio' name='org.qemu.guest_agent.0'/></channel>
    <memballoon model='none'/>
  </devices>
</domain>
`;
}

/** Read-only to the guest: the overlay above them is in its memory, so nothing keeps it from migrating. */
const disk = (target: string, path: string) => `    <disk type='file' device='disk'>
      <driver name='qemu' type='raw'/><source file='${path}'><seclabel model='dac' relabel='no'/></source>
      <target dev='${target}' bus='virtio'/><readonly/><shareable/>
    </disk>`;

function channelSource(guest: GuestSpec): string {
  return guest.channel === 'unset' ? '' : unixSource(guest, guest.channel, channelPath(guest.name));
}

function secondSerial(guest: GuestSpec): string {
  const mode = guest.channel === 'connect' ? 'connect' : 'bind';
  return `    <serial type='unix'>
      ${unixSource(guest, mode, serialPath(guest.name))}<target type='isa-serial' port='1'/>
    </serial>
`;
}

function unixSource(guest: GuestSpec, mode: 'bind' | 'connect', path: string): string {
  const reconnect =
    mode === 'connect' && guest.reconnectS !== undefined
      ? `<reconnect enabled='yes' timeout='${guest.reconnectS}'/>`
      : '';
  return `<source mode='${mode}' path='${path}'>${reconnect}</source>`;
}
