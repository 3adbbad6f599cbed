/**
 * The command line that all daemons share: they show something (help, version, the state of the daemon that runs), or
 * serve, in the foreground or behind `-D`. Each adds options of its own.
 */
import { type Command, CommanderError } from 'commander';
import { faultOf, GivenOptions, silentCommand } from '../command-line.ts';
import { messageOf, PmError } from '../errors.ts';
import { type LogLevel, type ProgramLogger, programLogger } from '../log.ts';
import { outliveReaders } from '../outlive-readers.ts';
import { VERSION } from '../version.ts';
import { isBackgroundChild, startInBackground } from './background.ts';
import { type RunningDaemon, runDaemon } from './run-daemon.ts';

export type StatusForm = 'text' | 'json' | 'prometheus';

export interface DaemonCommand {
  readonly program: string;
  /** What stands behind the program's name wherever it is called; empty where nothing has to. */
  readonly mode: string;
  readonly purpose: string;
  /** Flags as commander writes them, and what they mean. */
  readonly options: readonly (readonly [flags: string, meaning: string])[];
  readonly config: ConfigOption;
  readonly closing: string;
  /** Throws when the options do not go together. */
  readonly check?: (flags: Flags) => void;
  /** Writes the state of the daemon that runs, and resolves to the exit status. */
  readonly showStatus: (flags: Flags, form: StatusForm) => Promise<number>;
  readonly start: (
    flags: Flags,
    log: ProgramLogger,
    fail: (cause: unknown) => void,
  ) => Promise<RunningDaemon>;
}

/** What `--config` means to a daemon. */
export interface ConfigOption {
  /** Where its configuration is unless told otherwise. */
  readonly file: string;
  /** Where the file has sections for several. */
  readonly section?: string;
  /** One letter, for a daemon that always had one. */
  readonly short?: string;
}

export class Flags extends GivenOptions {
  /** `-V` is the old spelling of the level debug. */
  get logLevel(): string | undefined {
    return this.flag('verbose') ? 'debug' : this.text('log-level');
  }
}

const LEVELS: readonly LogLevel[] = ['error', 'warning', 'info', 'debug'];

/** Resolves to the exit status; what went wrong has been said by then. */
export async function runDaemonCommand(command: DaemonCommand, argv: readonly string[]): Promise<number> {
  outliveReaders();
  try {
    const flags = parse(command, argv);
    return flags === undefined ? 0 : await obey(command, flags);
  } catch (thrown) {
    process.stderr.write(`${command.program}: ${messageOf(thrown)}\n`);
    return thrown instanceof PmError ? thrown.exitCode : 1;
  }
}

async function obey(command: DaemonCommand, flags: Flags): Promise<number> {
  command.check?.(flags);
  const form = flags.flag('prometheus') ? 'prometheus' : flags.flag('json') ? 'json' : 'text';
  if (flags.flag('status')) return command.showStatus(flags, form);
  if (form !== 'text') {
    throw usageError(command, 'cannot show anything', '--json and --prometheus belong to --status');
  }
  if (flags.flag('daemonize') && !isBackgroundChild()) return startInBackground();
  const log = programLogger(command.program, 'info');
  return runDaemon({
    program: command.program,
    pidFile: flags.text('pid-file'),
    log,
    start: (fail) => command.start(flags, log, fail),
  });
}

/** Nothing where help or the version was asked for, and shown. */
function parse(command: DaemonCommand, argv: readonly string[]): Flags | undefined {
  const fault = (words: string) => usageError(command, 'cannot understand the command line', words);
  try {
    const parser = parserOf(command).parse(argv, { from: 'user' });
    const [extra] = parser.args;
    if (extra !== undefined) throw fault(`unexpected argument '${extra}'`);
    return new Flags(parser.opts());
  } catch (thrown) {
    if (!(thrown instanceof CommanderError)) throw thrown;
    if (thrown.exitCode === 0) return undefined;
    throw fault(faultOf(thrown));
  }
}

function parserOf({ program, mode, purpose, options, config, closing }: DaemonCommand): Command {
  const parser = silentCommand(program)
    .usage(mode === '' ? '[OPTION]…' : `${mode} [OPTION]…`)
    .description(purpose)
    .addHelpText('after', `\n${closing}`);
  for (const [flags, meaning] of options) parser.option(flags, meaning);
  const { file, section, short } = config;
  const place = section === undefined ? file : `${file}, section [${section}]`;
  return parser
    .option('-D, --daemonize', 'go into the background')
    .option('-p, --pid-file <file>', 'write the process id there')
    .option('-V, --verbose', 'log every detail')
    .option('--log-level <level>', LEVELS.join(', '))
    .option(`${short === undefined ? '' : `-${short}, `}--config <file>`, `configuration (${place})`)
    .option('--status', 'show the state of the daemon that runs, and exit')
    .option('--json', 'with --status: as JSON')
    .option('--prometheus', 'with --status: as metrics for Prometheus')
    .version(`${program} ${VERSION}`, '--version', 'show the version and exit')
    .helpOption('-?, --help', 'show this and exit');
}

export const usageError = (
  { program, mode }: Pick<DaemonCommand, 'program' | 'mode'>,
  what: string,
  fault: string,
): PmError =>
  new PmError({
    code: 'usage',
    what,
    fault,
    remedy: `see ${[program, mode, '--help'].filter(Boolean).join(' ')}`,
  });
