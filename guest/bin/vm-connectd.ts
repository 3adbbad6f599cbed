/** vm-connectd -t guest: the guest's end of the bridge to its host. Wiring only. */
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { systemClock } from '../../shared/clock.ts';
import { type DaemonCommand, type Flags, runDaemonCommand } from '../../shared/daemon/daemon-command.ts';
import { paths } from '../../shared/paths.ts';
import { VERSION } from '../../shared/version.ts';
import { type AgentSettings, readAgentSettings } from '../agent/agent-settings.ts';
import { startGuestDaemon } from '../agent/guest-daemon.ts';
import { loadPortLibrary, openPort } from '../agent/open-port.ts';
import { showStatus } from '../connect/show-status.ts';

const command: DaemonCommand = {
  program: 'vm-connectd',
  mode: '-t guest',
  purpose: "Carries requests of this guest's programs to the KVM host over a virtio-serial port.",
  options: [
    ['-t, --type <type>', 'guest: this program (on a KVM host: -t host)'],
    ['-d, --sock-dir <dir>', 'of hosts only; passed over'],
    ['--port <path>', `the port to the host (${paths.guestPort})`],
    ['--socket <path>', `where local programs connect (${paths.connectSocket})`],
  ],
  config: { file: `${paths.configDirectory}/vm-connectd.conf`, section: 'guest' },
  closing:
    'SIGHUP reads the configuration again, SIGTERM stops it.\nFor the options on a KVM host: vm-connectd -t host --help',
  showStatus: (flags, form) =>
    showStatus({
      socketPath: settingsOf(flags, () => undefined).socket,
      form,
      write: (text) => process.stdout.write(text),
    }),
  start: async (flags, log) => {
    await loadPortLibrary();
    return startGuestDaemon({
      identity: {
        agent: `vm-connectd ${VERSION}`,
        session: randomUUID(),
        boot: bootId(),
        name: hostname(),
      },
      settings: () => {
        const settings = settingsOf(flags, (message) => log.warning(message));
        log.setLevel(settings.logLevel);
        return settings;
      },
      open: openPort,
      clock: systemClock,
      random: Math.random,
      log,
    });
  },
};

function settingsOf(flags: Flags, onWarning: (message: string) => void): AgentSettings {
  return readAgentSettings({
    file: flags.text('config') ?? `${paths.configDirectory}/vm-connectd.conf`,
    isNamed: flags.text('config') !== undefined,
    flags: { port: flags.text('port'), socket: flags.text('socket'), logLevel: flags.logLevel },
    onWarning,
  });
}

function bootId(): string | undefined {
  try {
    return readFileSync(paths.bootId, 'utf8').trim();
  } catch {
    return undefined;
  }
}

void runDaemonCommand(command, process.argv.slice(2)).then((exitCode) => {
  process.exitCode = exitCode;
});
