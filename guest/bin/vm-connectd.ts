/** vm-connectd -t guest: the guest's end of the bridge to its host. Wiring only. */
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { parseArgs } from 'node:util';
import { systemClock } from '../../shared/clock.ts';
import { isBackgroundChild, startInBackground } from '../../shared/daemon/background.ts';
import { runDaemon } from '../../shared/daemon/run-daemon.ts';
import { messageOf, PmError } from '../../shared/errors.ts';
import { createLogger, defaultLogFormat, type Logger } from '../../shared/log.ts';
import { paths } from '../../shared/paths.ts';
import { VERSION } from '../../shared/version.ts';
import { type AgentSettings, readAgentSettings } from '../agent/agent-settings.ts';
import { type Identity, startGuestDaemon } from '../agent/guest-daemon.ts';
import { openPort } from '../agent/open-port.ts';
import { showStatus } from '../connect/show-status.ts';

const PROGRAM = 'vm-connectd';

const USAGE = `Usage: vm-connectd -t guest [OPTION]…
Carries requests of this guest's programs to the KVM host over a virtio-serial port.

  -t, --type guest        this program (on a KVM host: -t host)
  -D, --daemonize         go into the background
  -p, --pid-file FILE     write the process id there
  -V, --verbose           log every detail
      --port PATH         the port to the host (${paths.guestPort})
      --socket PATH       where local programs connect (${paths.connectSocket})
      --config FILE       configuration (${paths.configDirectory}/vm-connectd.conf, section [guest])
      --log-level LEVEL   error, warning, info or debug
      --status            show the state of the daemon that runs, and exit
      --json              with --status: as JSON
      --prometheus        with --status: as metrics for Prometheus
      --version           show the version and exit
  -?, --help              show this and exit

SIGHUP reads the configuration again, SIGTERM stops it.
`;

function parseCommandLine() {
  try {
    return parseArgs({
      options: {
        type: { type: 'string', short: 't' },
        daemonize: { type: 'boolean', short: 'D' },
        'pid-file': { type: 'string', short: 'p' },
        'sock-dir': { type: 'string', short: 'd' },
        verbose: { type: 'boolean', short: 'V' },
        port: { type: 'string' },
        socket: { type: 'string' },
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
    throw new PmError({
      code: 'usage',
      what: 'cannot understand the command line',
      fault: messageOf(thrown).split('. ')[0] ?? '',
      remedy: `see ${PROGRAM} -t guest --help`,
      cause: thrown,
    });
  }
}

type Flags = ReturnType<typeof parseCommandLine>;

async function main(): Promise<number> {
  const flags = parseCommandLine();
  if (flags.help === true) return print(USAGE);
  if (flags.version === true) return print(`${PROGRAM} ${VERSION}\n`);
  if (flags.status === true) return showStatusOf(flags);
  if (flags.daemonize === true && !isBackgroundChild()) return startInBackground();
  return serve(flags);
}

function showStatusOf(flags: Flags): Promise<number> {
  const form = flags.prometheus === true ? 'prometheus' : flags.json === true ? 'json' : 'text';
  return showStatus({ socketPath: flags.socket ?? paths.connectSocket, form, write: print });
}

function serve(flags: Flags): Promise<number> {
  let current: AgentSettings | undefined;
  const log: Logger = createLogger({
    program: PROGRAM,
    format: defaultLogFormat(process.env),
    wallMs: () => Date.now(),
    write: (line) => process.stderr.write(line),
    get level() {
      return current?.logLevel ?? 'info';
    },
  });
  const settings = () => {
    current = readAgentSettings({
      file: flags.config ?? `${paths.configDirectory}/vm-connectd.conf`,
      isNamed: flags.config !== undefined,
      flags: {
        port: flags.port,
        socket: flags.socket,
        logLevel: flags.verbose === true ? 'debug' : flags['log-level'],
      },
      onWarning: (message) => log.warning(message),
    });
    return current;
  };
  return runDaemon({
    program: PROGRAM,
    pidFile: flags['pid-file'],
    log,
    start: () =>
      startGuestDaemon({
        identity: ownIdentity(),
        settings,
        open: openPort,
        clock: systemClock,
        random: Math.random,
        log,
      }),
  });
}

function ownIdentity(): Identity {
  return {
    agent: `${PROGRAM} ${VERSION}`,
    session: randomUUID(),
    boot: bootId(),
    name: hostname(),
  };
}

function bootId(): string | undefined {
  try {
    return readFileSync(paths.bootId, 'utf8').trim();
  } catch {
    return undefined;
  }
}

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
