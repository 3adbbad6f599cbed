/** vm-managerd: tells guests how their host is. Wiring only. */
import { systemClock } from '../../shared/clock.ts';
import {
  type DaemonCommand,
  type Flags,
  runDaemonCommand,
  usageError,
} from '../../shared/daemon/daemon-command.ts';
import { showDaemonStatus } from '../../shared/daemon/show-status.ts';
import { isLogLevel, type ProgramLogger } from '../../shared/log.ts';
import { paths } from '../../shared/paths.ts';
import { runCommand } from '../../shared/process/run-command.ts';
import { VERSION } from '../../shared/version.ts';
import { startManagerDaemon } from '../manager/manager-daemon.ts';

/** A query that has not answered by then never will. */
const QUERY_WITHIN_MS = 5_000;

const command: DaemonCommand = {
  program: 'vm-managerd',
  mode: '',
  purpose: "Tells guests their host's health: its node attributes, in the words that rules give them.",
  options: [
    ['-n, --attribute <name>', 'a node attribute that stands while this daemon runs'],
    ['-v, --value <value>', 'its value'],
    ['--socket <path>', `the socket of vm-connectd (${paths.connectSocket})`],
    ['--status-socket <path>', `where it tells its own state (${paths.managerSocket})`],
  ],
  config: { file: paths.vmManagerConfig, short: 'c' },
  closing: 'SIGHUP reads the rules again, SIGTERM stops it.',
  check: (flags) => {
    ownAttribute(flags);
    const level = flags.logLevel;
    if (level !== undefined && !isLogLevel(level))
      throw usageError(command, 'cannot log', `there is no log level ${level}`);
  },
  showStatus: async (flags, form) => {
    process.stdout.write(await showDaemonStatus('vm-managerd', statusSocket(flags), form));
    return 0;
  },
  start: (flags, log) => start(flags, log),
};

const statusSocket = (flags: Flags) => flags.text('status-socket') ?? paths.managerSocket;

function ownAttribute(flags: Flags) {
  const name = flags.text('attribute');
  const value = flags.text('value');
  if (name === undefined && value === undefined) return undefined;
  if (!name || !value) throw usageError(command, 'cannot set an attribute', 'it takes both -n and -v');
  return { name, value };
}

function start(flags: Flags, log: ProgramLogger) {
  const level = flags.logLevel;
  if (level !== undefined && isLogLevel(level)) log.setLevel(level);
  return startManagerDaemon({
    agent: `vm-managerd ${VERSION}`,
    rulesFile: flags.text('config') ?? paths.vmManagerConfig,
    socketPath: flags.text('socket') ?? paths.connectSocket,
    statusSocket: statusSocket(flags),
    own: ownAttribute(flags),
    pacemaker: { run: runCommand, deadlineMs: QUERY_WITHIN_MS, cibFile: process.env['CIB_file'] },
    clock: systemClock,
    random: Math.random,
    log,
  });
}

void runDaemonCommand(command, process.argv.slice(2)).then((exitCode) => {
  process.exitCode = exitCode;
});
