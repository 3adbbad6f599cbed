/** vm-stonithd as it serves: what the command line and the configuration say, wired together. */
import { hostname } from 'node:os';
import { systemClock } from '../../../shared/clock.ts';
import type { Flags } from '../../../shared/daemon/daemon-command.ts';
import type { RunningDaemon } from '../../../shared/daemon/run-daemon.ts';
import type { ProgramLogger } from '../../../shared/log.ts';
import { paths } from '../../../shared/paths.ts';
import { runCommand } from '../../../shared/process/run-command.ts';
import { VERSION } from '../../../shared/version.ts';
import { readStonithSettings, type StonithSettings } from './settings.ts';
import { startStonithDaemon } from './stonith-daemon.ts';

export function serve(flags: Flags, log: ProgramLogger): Promise<RunningDaemon> {
  handOver(log);
  return startStonithDaemon({
    agent: `vm-stonithd ${VERSION}`,
    host: hostname(),
    settings: () => settingsOf(flags, log),
    run: runCommand,
    clock: systemClock,
    log,
  });
}

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

function settingsOf(flags: Flags, log: ProgramLogger): StonithSettings {
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
