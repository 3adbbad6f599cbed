/** vm-connectd -t host: the host's end of the bridge to its guests. Wiring only. */
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { systemClock } from '../../shared/clock.ts';
import {
  type DaemonCommand,
  type Flags,
  runDaemonCommand,
  usageError,
} from '../../shared/daemon/daemon-command.ts';
import type { ProgramLogger } from '../../shared/log.ts';
import { paths } from '../../shared/paths.ts';
import { runCommand } from '../../shared/process/run-command.ts';
import { VERSION } from '../../shared/version.ts';
import { startHostDaemon } from '../connect/host-daemon.ts';
import { type HostSettings, readHostSettings } from '../connect/host-settings.ts';
import { showHostStatus } from '../connect/status/show-host-status.ts';

/** A command that has not answered by then never will. */
const COMMAND_DEADLINE_MS = 15_000;

const command: DaemonCommand = {
  program: 'vm-connectd',
  mode: '-t host',
  purpose:
    "Carries requests of this host's guests to vm-stonithd and vm-managerd, over the guests' virtio-serial ports.",
  options: [
    ['-t, --type <type>', 'host: this program (in a guest: -t guest)'],
    ['-d, --sock-dir <dir>', "watch this directory for guests' sockets, too"],
    ['--socket <path>', `where local programs connect (${paths.connectSocket})`],
    ['--libvirt <uri>', 'the hypervisor (qemu:///system)'],
  ],
  config: { file: `${paths.configDirectory}/vm-connectd.conf`, section: 'host' },
  closing:
    'SIGHUP reads the configuration again and looks for guests anew, SIGTERM stops\nit. For the options in a guest: vm-connectd -t guest --help',
  check: (flags) => {
    const type = flags.text('type');
    if (type !== undefined && type !== 'host') {
      const fault = 'it is host on a KVM host and guest in a guest';
      throw usageError(command, `cannot be of the type ${type}`, fault);
    }
    if (type === undefined && !flags.flag('status')) {
      throw usageError(command, 'cannot start', 'the type is missing: -t host or -t guest');
    }
  },
  showStatus: async (flags, form) => {
    process.stdout.write(await showHostStatus(settingsOf(flags, () => undefined).socket, form));
    return 0;
  },
  start: (flags, log) => start(flags, log),
};

/**
 * V8 would let it grow to three times 16 MiB under load; to clear it away then holds up every guest for 8 ms, where it
 * takes 2 ms as it is at the start, and a thousand guests take a fifth less memory.
 */
const SMALL_YOUNG_GENERATION = '--semi-space-growth-factor=1';

function settingsOf(flags: Flags, onWarning: (message: string) => void): HostSettings {
  return readHostSettings({
    file: flags.text('config') ?? `${paths.configDirectory}/vm-connectd.conf`,
    isNamed: flags.text('config') !== undefined,
    flags: {
      socket: flags.text('socket'),
      libvirt: flags.text('libvirt'),
      logLevel: flags.logLevel,
      socketDirectory: flags.text('sock-dir'),
    },
    onWarning,
  });
}

function start(flags: Flags, log: ProgramLogger) {
  const read = () => {
    const settings = settingsOf(flags, (message) => log.warning(message));
    log.setLevel(settings.logLevel);
    return settings;
  };
  const first = read();
  setFlagsFromString(SMALL_YOUNG_GENERATION);
  const cibFile = process.env['CIB_file'];
  return startHostDaemon({
    socketPath: first.socket,
    identity: { agent: `vm-connectd ${VERSION}`, session: randomUUID(), boot: bootId(), host: hostname() },
    pacemaker: { run: runCommand, deadlineMs: COMMAND_DEADLINE_MS, cibFile },
    cibPath: cibFile ?? join(paths.pacemakerCibDirectory, 'cib.xml'),
    virsh: { run: runCommand, uri: first.libvirt, deadlineMs: COMMAND_DEADLINE_MS },
    clock: systemClock,
    random: Math.random,
    newId: randomUUID,
    log,
    firstSettings: first,
    readSettings: () => {
      const settings = read();
      if (settings.socket !== first.socket || settings.libvirt !== first.libvirt) {
        log.warning('another socket or hypervisor takes a restart to come into effect');
      }
      return settings;
    },
  });
}

function bootId(): string {
  try {
    return readFileSync(paths.bootId, 'utf8').trim();
  } catch {
    return ''; // nobody can tell
  }
}

void runDaemonCommand(command, process.argv.slice(2)).then((exitCode) => {
  process.exitCode = exitCode;
});
