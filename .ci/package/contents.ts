/** What each package holds: which file of the tree goes where. */
import { VERSION } from '../../shared/version.ts';

export interface PackagedFile {
  /** In the tree, below `dist/` included. */
  readonly from: string;
  /** In the system, without the leading slash. */
  readonly to: string;
  readonly mode: 0o600 | 0o644 | 0o755;
  /** Its administrator may change it; an upgrade keeps what he wrote. */
  readonly isConfig: boolean;
  /** Our own program writes into it, too. dpkg would ask about that at an upgrade, and leave the package half there. */
  readonly isWritten?: true;
  /** Only in the package for this one. */
  readonly architecture?: Architecture;
}

/** In Debian's words, and in Node's where files are named after them. */
export type Architecture = 'all' | 'amd64' | 'arm64';

export interface Package {
  readonly name: PackageName;
  readonly summary: string;
  readonly description: string;
  readonly architectures: readonly Architecture[];
  /** In Debian's words; other systems have the same names for these. */
  readonly needs: readonly string[];
  readonly recommends: readonly string[];
  readonly conflicts: PackageName;
  /** Daemons that an upgrade starts again where they run. */
  readonly units: readonly string[];
  readonly files: readonly PackagedFile[];
}

export type PackageName = 'pm-kvm-tools-host' | 'pm-kvm-tools-guest';

const program = (name: string): PackagedFile => file(`dist/sbin/${name}`, `usr/sbin/${name}`, 0o755);
const unit = (side: 'host' | 'guest', name: string) =>
  file(`${side}/etc/${name}.service`, `lib/systemd/system/${name}.service`);
const config = (from: string, to: string): PackagedFile => ({ from, to, mode: 0o644, isConfig: true });
const resourceAgent = (from: string, name: string) =>
  file(from, `usr/lib/ocf/resource.d/extra/${name}`, 0o755);
const manual = (name: string) => file(`dist/man/${name}`, `usr/share/man/man${name.slice(-1)}/${name}.gz`);

/** What programs load when they come to need it. */
const part = (name: string): PackagedFile =>
  file(`dist/lib/pm-kvm-tools/${name}.cjs`, `usr/lib/pm-kvm-tools/${name}.cjs`);
/** Of vm-connectd: without `-t`, or with the wrong one, the host's side says what is wrong. */
const CONNECTD_PARTS = ['vm-connectd-host', 'vm-connectd-guest', 'execa', 'saxes'].map(part);

/** The native part of serialport, which only a daemon that opens a terminal line loads. */
const native = (architecture: Architecture, name: string): PackagedFile => ({
  ...file(`dist/lib/pm-kvm-tools/serialport-${name}.node`, `usr/lib/pm-kvm-tools/serialport-${name}.node`),
  architecture,
});

function file(from: string, to: string, mode: PackagedFile['mode'] = 0o644): PackagedFile {
  return { from, to, mode, isConfig: false };
}

const HOST_AGENTS = ['VirtualDomain', 'diskd', 'vm-anything'];

const HOST: Package = {
  name: 'pm-kvm-tools-host',
  summary: 'guests of a KVM host under Pacemaker, and their way to fence each other',
  description:
    'vm-ctl puts KVM guests under the Pacemaker cluster of their hosts with one\n' +
    'command. vm-connectd and vm-stonithd let a guest that is a cluster member have\n' +
    'its dead peer killed by the hosts, with no network between guest and host.\n' +
    'vm-managerd tells guests how their host is.',
  architectures: ['all'],
  needs: ['nodejs (>= 20)', 'libvirt-clients'],
  recommends: ['pacemaker', 'pacemaker-cli-utils', 'resource-agents', 'logrotate'],
  conflicts: 'pm-kvm-tools-guest',
  units: ['vm-connectd', 'vm-stonithd', 'vm-managerd'],
  files: [
    ...['vm-ctl', 'vm-connectd', 'vm-stonithd', 'vm-managerd'].map(program),
    ...CONNECTD_PARTS,
    ...['vm-stonithd-service', 'vm-ctl-commands', 'node-forge'].map(part),
    ...HOST_AGENTS.map((name) => resourceAgent(`host/agents/${name}`, name)),
    ...['vm-connectd', 'vm-stonithd', 'vm-managerd'].map((name) => unit('host', name)),
    config('host/etc/vm-manager.conf', 'etc/vm-manager.conf'),
    { ...config('host/etc/vm-ctl.conf', 'etc/vm-ctl.conf'), isWritten: true },
    config('host/etc/vm-connectd.conf', 'etc/pm-kvm-tools/vm-connectd.conf'),
    // The passphrase of version 1 has its place there.
    { ...config('host/etc/vm-stonithd.conf', 'etc/pm-kvm-tools/vm-stonithd.conf'), mode: 0o600 },
    config('host/etc/logrotate.conf', 'etc/logrotate.d/pm-kvm-tools-host'),
    file('dist/completion/bash', 'usr/share/bash-completion/completions/vm-ctl'),
    file('dist/completion/zsh', 'usr/share/zsh/vendor-completions/_vm-ctl'),
    ...['vm-ctl.8', 'vm-connectd.8', 'vm-stonithd.8', 'vm-managerd.8', 'pm-kvm-tools.7'].map(manual),
    ...['vm-ctl.conf.5', 'vm-connectd.conf.5', 'vm-stonithd.conf.5', 'vm-manager.conf.5'].map(manual),
    ...HOST_AGENTS.map((name) => manual(`ocf_extra_${name}.7`)),
  ],
};

const GUEST: Package = {
  name: 'pm-kvm-tools-guest',
  summary: 'fencing of guests through their KVM hosts, with no network between them',
  description:
    'For KVM guests that are members of a Pacemaker cluster. fence_vm and\n' +
    'external/vm-stonith have a dead peer killed by the cluster of the hosts;\n' +
    'vm-connectd carries their requests over a virtio-serial port, and vm-connect\n' +
    'asks by hand. ocf:extra:vm-client writes how the host is into the cluster.',
  architectures: ['amd64', 'arm64'],
  needs: ['nodejs (>= 20)', 'libc6', 'libstdc++6'],
  recommends: ['pacemaker', 'pacemaker-cli-utils', 'resource-agents', 'fence-agents'],
  conflicts: 'pm-kvm-tools-host',
  units: ['vm-connectd'],
  files: [
    ...['vm-connectd', 'vm-connect', 'fence_vm'].map(program),
    ...CONNECTD_PARTS,
    native('amd64', 'x64'),
    native('arm64', 'arm64'),
    resourceAgent('guest/agents/vm-client', 'vm-client'),
    file('guest/agents/external-vm-stonith', 'usr/lib/stonith/plugins/external/vm-stonith', 0o755),
    unit('guest', 'vm-connectd'),
    file(
      'guest/etc/init/vm-connectd.conf',
      'usr/share/doc/pm-kvm-tools-guest/examples/upstart/vm-connectd.conf',
    ),
    config('guest/etc/vm-connectd.conf', 'etc/pm-kvm-tools/vm-connectd.conf'),
    ...['vm-connectd.8', 'vm-connect.8', 'fence_vm.8', 'vm-connectd.conf.5', 'pm-kvm-tools.7'].map(manual),
    manual('ocf_extra_vm-client.7'),
  ],
};

export const PACKAGES: readonly Package[] = [HOST, GUEST];

/** What the package for one architecture holds. */
export const packageFor = (what: Package, architecture: Architecture): Package => ({
  ...what,
  files: what.files.filter((file) => file.architecture === undefined || file.architecture === architecture),
});

/** Where `/lib` is a link, as on every system of today, an archive must not bring a folder of that name. */
export const unitsBelowUsr = (what: Package): Package => ({
  ...what,
  files: what.files.map((file) => ({ ...file, to: file.to.replace(/^lib\/systemd\//, 'usr/lib/systemd/') })),
});

export const MAINTAINER = 'pm-kvm-tools developers <pm-kvm-tools@example.org>';

/** `~` sorts before everything, so a version to come is older than the version itself. */
export const packageVersion = VERSION.replace('-', '~');
