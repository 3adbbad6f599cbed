/** vm-stonithd: fences guests for guests. Wiring only. */
import { hostname } from 'node:os';
import { systemClock } from '../../shared/clock.ts';
import { type DaemonCommand, type Flags, runDaemonCommand } from '../../shared/daemon/daemon-command.ts';
import { showDaemonStatus } from '../../shared/daemon/show-status.ts';
import type { ProgramLogger } from '../../shared/log.ts';
import { paths } from '../../shared/paths.ts';
import { runCommand } from '../../shared/process/run-command.ts';
import { VERSION } from '../../shared/version.ts';
import { readStonithSettings } from '../stonith/service/settings.ts';
import { startStonithDaemon } from '../stonith/service/stonith-daemon.ts';

const command: DaemonCommand = {
  program: 'vm-stonithd',
  mode: '',
  purpose:
    'Fences guests that other guests ask for, by the host cluster or by libvirt, and says so only when they are dead.',
  options: [
    ['--backend <name>', 'pacemaker or libvirt (pacemaker where a cluster is configured, else libvirt)'],
    ['--keys <file>', `the keys that seal tokens (${paths.keys})`],
    [
      '-c, --decrypt-command <command>',
      'accept tokens of version 1, too; decrypts them, run without a shell',
    ],
    ['-i, --decrypt-stdin', 'feed it the token on standard input'],
    ['-e, --decrypt-ok-exit <status>', 'its exit status for success (0)'],
    ['--socket <path>', `the socket of vm-connectd (${paths.connectSocket})`],
    ['--libvirt <uri>', 'the hypervisor of the backend libvirt (qemu:///system)'],
  ],
  config: { file: `${paths.configDirectory}/vm-stonithd.conf`, section: 'stonith' },
  closing:
    'SIGHUP reads keys and configuration again, SIGTERM stops it; what it has\nbegun is taken back. SIGUSR2 ends it at once, for a successor that takes that\nup.',
  showStatus: async (_flags, form) => {
    process.stdout.write(await showDaemonStatus('vm-stonithd', paths.stonithSocket, form));
    return 0;
  },
  start: (flags, log) => {
    handOver(log);
    return startStonithDaemon({
      agent: `vm-stonithd ${VERSION}`,
      host: hostname(),
      settings: () => settingsOf(flags, log),
      run: runCommand,
      clock: systemClock,
      log,
    });
  },
};

/**
 * For a restart: nobody is answered and nothing is taken back, as if it had been killed. vm-connectd asks the successor
 * what was not answered, and that goes on with what the records in the cluster say was begun.
 */
function handOver(log: ProgramLogger): void {
  process.on('SIGUSR2', () => {
    log.info('vm-stonithd: running => gone', { cause: 'SIGUSR2: a successor takes up what is under way' });
    process.exit(0);
  });
}

function settingsOf(flags: Flags, log: ProgramLogger) {
  const settings = readStonithSettings({
    file: flags.text('config') ?? `${paths.configDirectory}/vm-stonithd.conf`,
    isNamed: flags.text('config') !== undefined,
    flags: {
      backend: flags.text('backend'),
      keys: flags.text('keys'),
      socket: flags.text('socket'),
      libvirt: flags.text('libvirt'),
      'log-level': flags.logLevel,
      'decrypt-command': flags.text('decrypt-command'),
      'decrypt-stdin': flags.flag('decrypt-stdin') ? 'yes' : undefined,
      'decrypt-ok-exit': flags.text('decrypt-ok-exit'),
    },
    onWarning: (message) => log.warning(message),
  });
  log.setLevel(settings.logLevel);
  return settings;
}

void runDaemonCommand(command, process.argv.slice(2)).then((exitCode) => {
  process.exitCode = exitCode;
});
