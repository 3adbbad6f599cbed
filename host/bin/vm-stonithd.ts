/** vm-stonithd: fences guests for guests. Wiring only. */
import { hostname } from 'node:os';
import { parseArgs } from 'node:util';
import { systemClock } from '../../shared/clock.ts';
import { isBackgroundChild, startInBackground } from '../../shared/daemon/background.ts';
import { runDaemon } from '../../shared/daemon/run-daemon.ts';
import { messageOf, PmError } from '../../shared/errors.ts';
import { createLogger, defaultLogFormat, type Logger } from '../../shared/log.ts';
import { paths } from '../../shared/paths.ts';
import { runCommand } from '../../shared/process/run-command.ts';
import { ask } from '../../shared/protocol/local-client.ts';
import type { Json } from '../../shared/protocol/message.ts';
import { VERSION } from '../../shared/version.ts';
import { readStonithSettings, type StonithSettings } from '../stonith/service/settings.ts';
import { startStonithDaemon } from '../stonith/service/stonith-daemon.ts';

const PROGRAM = 'vm-stonithd';
const STATUS_WITHIN_MS = 5_000;

const USAGE = `Usage: vm-stonithd [OPTION]…
Fences guests that other guests ask for, by the host cluster or by libvirt, and says so only when they are dead.

      --backend NAME      pacemaker or libvirt (pacemaker where a cluster is configured, else libvirt)
      --keys FILE         the keys that seal tokens (${paths.keys})
  -c COMMAND              accept tokens of version 1, too: the command that decrypts them, run without a shell
  -i                      feed it the token on standard input
  -e STATUS               its exit status for success (0)
  -D, --daemonize         go into the background
  -p, --pid-file FILE     write the process id there
  -V, --verbose           log every detail
      --socket PATH       the socket of vm-connectd (${paths.connectSocket})
      --libvirt URI       the hypervisor of the backend libvirt (qemu:///system)
      --config FILE       configuration (${paths.configDirectory}/vm-stonithd.conf, section [stonith])
      --log-level LEVEL   error, warning, info or debug
      --status            show the state of the daemon that runs, and exit
      --json              with --status: as JSON
      --prometheus        with --status: as metrics for Prometheus
      --version           show the version and exit
  -?, --help              show this and exit

SIGHUP reads keys and configuration again, SIGTERM stops it; what it has begun is taken back.
`;

function parseCommandLine() {
  try {
    return parseArgs({
      options: {
        backend: { type: 'string' },
        keys: { type: 'string' },
        'decrypt-command': { type: 'string', short: 'c' },
        'decrypt-stdin': { type: 'boolean', short: 'i' },
        'decrypt-ok-exit': { type: 'string', short: 'e' },
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
    throw new PmError({
      code: 'usage',
      what: 'cannot understand the command line',
      fault: messageOf(thrown).split('. ')[0] ?? '',
      remedy: `see ${PROGRAM} --help`,
      cause: thrown,
    });
  }
}

type Flags = ReturnType<typeof parseCommandLine>;

async function main(): Promise<number> {
  const flags = parseCommandLine();
  if (flags.help === true) return print(USAGE);
  if (flags.version === true) return print(`${PROGRAM} ${VERSION}\n`);
  if (flags.status === true) return print(await statusText(flags));
  if (flags.daemonize === true && !isBackgroundChild()) return startInBackground();
  return serve(flags);
}

async function statusText({ json, prometheus }: Flags): Promise<string> {
  const status = await askDaemon(prometheus === true ? 'metrics' : 'status');
  if (typeof status === 'string') return status;
  if (json === true || typeof status !== 'object' || status === null)
    return `${JSON.stringify(status, undefined, 2)}\n`;
  return Object.entries(status)
    .map(([name, value]) => `${name}: ${typeof value === 'string' ? value : JSON.stringify(value)}\n`)
    .join('');
}

async function askDaemon(text: string): Promise<Json> {
  const answer = await ask({
    socketPath: paths.stonithSocket,
    service: 'agent',
    text,
    deadlineMs: STATUS_WITHIN_MS,
    impatient: true,
  });
  if (answer.ok && 'text' in answer.answer) return answer.answer.detail ?? null;
  throw new PmError({
    code: 'unavailable',
    what: `cannot show the status of ${PROGRAM}`,
    fault: `${paths.stonithSocket} gives no answer`,
    remedy: `start it (systemctl start ${PROGRAM})`,
  });
}

function serve(flags: Flags): Promise<number> {
  let level: StonithSettings['logLevel'] = 'info';
  const log: Logger = createLogger({
    program: PROGRAM,
    format: defaultLogFormat(process.env),
    wallMs: () => Date.now(),
    write: (line) => process.stderr.write(line),
    get level() {
      return level;
    },
  });
  const settings = () => {
    const read = readStonithSettings({
      file: flags.config ?? `${paths.configDirectory}/vm-stonithd.conf`,
      isNamed: flags.config !== undefined,
      flags: {
        backend: flags.backend,
        keys: flags.keys,
        socket: flags.socket,
        libvirt: flags.libvirt,
        'log-level': flags.verbose === true ? 'debug' : flags['log-level'],
        'decrypt-command': flags['decrypt-command'],
        'decrypt-stdin': flags['decrypt-stdin'] === true ? 'yes' : undefined,
        'decrypt-ok-exit': flags['decrypt-ok-exit'],
      },
      onWarning: (message) => log.warning(message),
    });
    level = read.logLevel;
    return read;
  };
  return runDaemon({
    program: PROGRAM,
    pidFile: flags['pid-file'],
    log,
    start: () =>
      startStonithDaemon({
        agent: `${PROGRAM} ${VERSION}`,
        host: hostname(),
        settings,
        run: runCommand,
        clock: systemClock,
        log,
      }),
  });
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
