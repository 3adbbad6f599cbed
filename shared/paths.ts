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
  /** On hosts: the keys that seal tokens. */
  keys: '/etc/pm-kvm-tools/keys',
  /** In guests: which token fences which node. */
  guestTokens: '/etc/pm-kvm-tools/tokens',
  /** What must survive a restart. */
  stateDirectory: '/var/lib/pm-kvm-tools',
  /** Where vm-stonithd tells its own state. */
  stonithSocket: '/run/pm-kvm-tools/vm-stonithd.sock',
  /** What libvirt was asked to start and has not answered. It ends with the host's boot. */
  stonithStarts: '/run/pm-kvm-tools/vm-stonithd.starts',
  managerSocket: '/run/pm-kvm-tools/vm-managerd.sock',
  auditLog: '/var/log/pm-kvm-tools/audit.log',
  libvirtRunDirectory: '/run/libvirt/qemu',
  libvirtLogDirectory: '/var/log/libvirt/qemu',
  libvirtSaveDirectory: '/var/lib/libvirt/qemu/save',
  /** Where systemd looks for units, and Pacemaker for resource agents. */
  localUnits: '/etc/systemd/system',
  packagedUnits: '/usr/lib/systemd/system',
  agentDirectory: '/usr/lib/ocf/resource.d',
  corosyncConfig: '/etc/corosync/corosync.conf',
  pacemakerAuthKey: '/etc/pacemaker/authkey',
  libvirtSocketDirectory: '/var/lib/libvirt/qemu',
  pacemakerCibDirectory: '/var/lib/pacemaker/cib',
  bootId: '/proc/sys/kernel/random/boot_id',
  /** A new random UUID at every reading. */
  randomUuid: '/proc/sys/kernel/random/uuid',
} as const;
