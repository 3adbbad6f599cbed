/** vm-connectd -t host: the host's end of the bridge to its guests. Wiring only. */
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { systemClock } from '../../shared/clock.ts';
import { isBackgroundChild, startInBackground } from '../../shared/daemon/background.ts';
import { runDaemon } from '../../shared/daemon/run-daemon.ts';
import { messageOf, PmError } from '../../shared/errors.ts';
import { createLogger, defaultLogFormat, type Logger } from '../../shared/log.ts';
import { paths } from '../../shared/paths.ts';
import { runCommand } from '../../shared/process/run-command.ts';
import { VERSION } from '../../shared/version.ts';
import { startHostDaemon } from '../connect/host-daemon.ts';
import { type HostSettings, readHostSettings } from '../connect/host-settings.ts';
import { showHostStatus } from '../connect/status/show-host-status.ts';

const PROGRAM = 'vm-connectd';

const USAGE = `Usage: vm-connectd -t host [OPTION]…
Carries requests of this host's guests to vm-stonithd and vm-managerd, over the guests' virtio-serial ports.

  -t, --type host         this program (in a guest: -t guest)
  -d, --sock-dir DIR      watch this directory for guests' sockets, too
  -D, --daemonize         go into the background
  -p, --pid-file FILE     write the process id there
  -V, --verbose           log every detail
      --socket PATH       where local programs connect (${paths.connectSocket})
      --libvirt URI       the hypervisor (qemu:///system)
      --config FILE       configuration (${paths.configDirectory}/vm-connectd.conf, section [host])
      --log-level LEVEL   error, warning, info or debug
      --status            show the state of the daemon that runs, and exit
      --json              with --status: as JSON
      --prometheus        with --status: as metrics for Prometheus
      --version           show the version and exit
  -?, --help              show this and exit

SIGHUP reads the configuration again and looks for guests anew, SIGTERM stops it.
`;

/** A command that has not answered by then never will. */
const COMMAND_DEADLINE_MS = 15_000;

function parseCommandLine() {
  try {
    return parseArgs({
      options: {
        type: { type: 'string', short: 't' },
        'sock-dir': { type: 'string', short: 'd' },
        daemonize: { type: 'boolean', short: 'D' },
        'pid-file': { type: 'string', short: 'p' },
        verbose: { type: 'boolean', short: 'V' },
        socket: { type: 'string' },
        libvirt: { type: 'string' },
        config: { type: 'string' },
        'log-level': { type: 'string' },
        status: { type: 'boolean' },
        json: { type: 'boolean' },
        prometheus: { type: 'boolean' },
        version: { type: 'boolean' },
        help: { type: 'boolean', short: '?' },
      },
    }).values;
  } catch (thrown) {
    throw usageError('cannot understand the command line', messageOf(thrown).split('. ')[0] ?? '');
  }
}

type Flags = ReturnType<typeof parseCommandLine>;

async function main(): Promise<number> {
  const flags = parseCommandLine();
  if (flags.help === true) return print(USAGE);
  if (flags.version === true) return print(`${PROGRAM} ${VERSION}\n`);
  if (flags.type !== undefined && flags.type !== 'host') {
    throw usageError(`cannot be of the type ${flags.type}`, 'it is host on a KVM host and guest in a guest');
  }
  if (flags.status === true) return print(await statusOf(flags));
  if (flags.json === true || flags.prometheus === true) {
    throw usageError('cannot show anything', '--json and --prometheus belong to --status');
  }
  if (flags.type === undefined) throw usageError('cannot start', 'the type is missing: -t host or -t guest');
  if (flags.daemonize === true && !isBackgroundChild()) return startInBackground();
  return serve(flags);
}

function statusOf(flags: Flags): Promise<string> {
  const form = flags.prometheus === true ? 'prometheus' : flags.json === true ? 'json' : 'text';
  const { socket } = settingsOf(flags, () => {});
  return showHostStatus(socket, form);
}

function settingsOf(flags: Flags, onWarning: (message: string) => void): HostSettings {
  return readHostSettings({
    file: flags.config ?? `${paths.configDirectory}/vm-connectd.conf`,
    isNamed: flags.config !== undefined,
    flags: {
      socket: flags.socket,
      libvirt: flags.libvirt,
      logLevel: flags.verbose === true ? 'debug' : flags['log-level'],
      socketDirectory: flags['sock-dir'],
    },
    onWarning,
  });
}

function serve(flags: Flags): Promise<number> {
  let level: HostSettings['logLevel'] = 'info';
  const log: Logger = createLogger({
    program: PROGRAM,
    format: defaultLogFormat(process.env),
    wallMs: () => Date.now(),
    write: (line) => process.stderr.write(line),
    get level() {
      return level;
    },
  });
  const first = settingsOf(flags, (message) => log.warning(message));
  level = first.logLevel;
  const readAgain = () => {
    const settings = settingsOf(flags, (message) => log.warning(message));
    level = settings.logLevel;
    if (settings.socket !== first.socket || settings.libvirt !== first.libvirt) {
      log.warning('another socket or hypervisor takes a restart to come into effect');
    }
    return settings;
  };
  const cibFile = process.env['CIB_file'];
  return runDaemon({
    program: PROGRAM,
    pidFile: flags['pid-file'],
    log,
    start: () =>
      startHostDaemon({
        socketPath: first.socket,
        identity: {
          agent: `${PROGRAM} ${VERSION}`,
          session: randomUUID(),
          boot: bootId(),
          host: hostname(),
        },
        pacemaker: { run: runCommand, deadlineMs: COMMAND_DEADLINE_MS, cibFile },
        cibPath: cibFile ?? join(paths.pacemakerCibDirectory, 'cib.xml'),
        virsh: { run: runCommand, uri: first.libvirt, deadlineMs: COMMAND_DEADLINE_MS },
        clock: systemClock,
        random: Math.random,
        newId: randomUUID,
        log,
        firstSettings: first,
        readSettings: readAgain,
      }),
  });
}

function bootId(): string {
  try {
    return readFileSync(paths.bootId, 'utf8').trim();
  } catch {
    return 'unknown';
  }
}

const usageError = (what: string, fault: string) =>
  new PmError({ code: 'usage', what, fault, remedy: `see ${PROGRAM} -t host --help` });

function print(text: string): number {
  process.stdout.write(text);
  return 0;
}

void main().then(
  (exitCode) => {
    process.exitCode = exitCode;
  },
  (thrown: unknown) => {
    process.stderr.write(`${PROGRAM}: ${messageOf(thrown)}\n`);
    process.exitCode = thrown instanceof PmError ? thrown.exitCode : 1;
  },
);
