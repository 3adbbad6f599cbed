/** Every default path, and nothing else knows one. */
export const paths = {
  /** Where local programs meet vm-connectd, on hosts and in guests. */
  connectSocket: '/run/vmconnectd.sock',
  /** The virtio-serial port inside a guest. */
  guestPort: '/dev/virtio-ports/vmconnectd',
  /** The name that the domain XML gives that port. */
  portName: 'vmconnectd',
  vmCtlConfig: '/etc/vm-ctl.conf',
  vmManagerConfig: '/etc/vm-manager.conf',
  /** Settings that version 1 did not have. */
  configDirectory: '/etc/pm-kvm-tools',
  /** What must survive a restart. */
  stateDirectory: '/var/lib/pm-kvm-tools',
  runDirectory: '/run/pm-kvm-tools',
  libvirtConfigDirectory: '/etc/libvirt/qemu',
  libvirtSocketDirectory: '/var/lib/libvirt/qemu',
  pacemakerCibDirectory: '/var/lib/pacemaker/cib',
  bootId: '/proc/sys/kernel/random/boot_id',
} as const;
