/**
 * The log: one line an event, `message key=value …`.
 *
 * Formats: `plain` (time and level in front, for a terminal or a file), `journal` (`<N>` syslog priority in front;
 * journald has the time) and `json` (one object a line). The level is chosen by whom it must wake: `error` somebody
 * has to act, `warning` somebody should know, `info` a change of state, `debug` everything else.
 * A state change always reads `guest guest1: connecting => up`.
 */
export type LogLevel = 'error' | 'warning' | 'info' | 'debug';
export type LogFormat = 'plain' | 'journal' | 'json';
export type LogFields = Readonly<Record<string, string | number | boolean | undefined>>;

export interface Logger {
  error(message: string, fields?: LogFields): void;
  warning(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  debug(message: string, fields?: LogFields): void;
}

export interface LoggerOptions {
  readonly format: LogFormat;
  /** The least important level that is written. */
  readonly level: LogLevel;
  readonly program: string;
  readonly wallMs: () => number;
  readonly write: (line: string) => void;
}

const PRIORITIES: Readonly<Record<LogLevel, number>> = { error: 3, warning: 4, info: 6, debug: 7 };

/** Longer values are cut: a hostile peer must not fill the disk through our log. */
const LONGEST_VALUE = 512;

export function createLogger(options: LoggerOptions): Logger {
  const at =
    (level: LogLevel) =>
    (message: string, fields: LogFields = {}) => {
      if (PRIORITIES[level] > PRIORITIES[options.level]) return;
      options.write(formatRecord(options, level, message, fields));
    };
  return { error: at('error'), warning: at('warning'), info: at('info'), debug: at('debug') };
}

function formatRecord(options: LoggerOptions, level: LogLevel, message: string, fields: LogFields): string {
  const time = () => new Date(options.wallMs()).toISOString();
  switch (options.format) {
    case 'json': {
      const own = { time: time(), level, program: options.program, message: cut(message) };
      return `${JSON.stringify({ ...cutAll(fields), ...own })}\n`;
    }
    case 'journal':
      return `<${PRIORITIES[level]}>${textOf(message, fields)}\n`;
    case 'plain':
      return `${time()} ${options.program} ${level}: ${textOf(message, fields)}\n`;
  }
}

function textOf(message: string, fields: LogFields): string {
  let text = oneLine(cut(message));
  for (const [key, value] of Object.entries(fields)) {
    if (value !== undefined) text += ` ${key}=${quoted(cut(String(value)))}`;
  }
  return text;
}

function cutAll(fields: LogFields): LogFields {
  return Object.fromEntries(
    Object.entries(fields).map(([key, value]) => [key, typeof value === 'string' ? cut(value) : value]),
  );
}

const cut = (text: string) => (text.length > LONGEST_VALUE ? `${text.slice(0, LONGEST_VALUE)}…` : text);

const quoted = (text: string) => (/^[\w.:/@%+,-]+$/.test(text) ? text : JSON.stringify(text));

/** Control characters made visible: what a guest sends must not write lines or escape codes of its own. */
function oneLine(text: string): string {
  return text.replace(
    /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** The format that fits where standard error goes: journald says so by JOURNAL_STREAM. */
export function defaultLogFormat(environment: Readonly<Record<string, string | undefined>>): LogFormat {
  const chosen = environment['PM_KVM_TOOLS_LOG'];
  if (chosen === 'plain' || chosen === 'journal' || chosen === 'json') return chosen;
  return environment['JOURNAL_STREAM'] === undefined ? 'plain' : 'journal';
}

/** The logger of a program: to standard error, in the format that fits there. */
export function programLogger(program: string, level: LogLevel): Logger {
  return createLogger({
    program,
    level,
    format: defaultLogFormat(process.env),
    wallMs: () => Date.now(),
    write: (line) => process.stderr.write(line),
  });
}

export const silentLogger: Logger = { error() {}, warning() {}, info() {}, debug() {} };
