/**
 * The log: one line an event, `message key=value …`.
 *
 * Formats: `plain` (time and level in front, for a terminal or a file), `journal` (`<N>` syslog priority in front;
 * journald has the time) and `json` (one object a line). The level is chosen by whom it must wake: `error` somebody
 * has to act, `warning` somebody should know, `info` a change of state, `debug` everything else.
 * A state change always reads `guest guest1: connecting => up`.
 */
import { fstatSync } from 'node:fs';
import { outliveReaders } from './outlive-readers.ts';
import { cutTo, visible } from './visible.ts';

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

export const LOG_LEVELS: readonly LogLevel[] = ['error', 'warning', 'info', 'debug'];

export const isLogLevel = (text: string): text is LogLevel => Object.hasOwn(PRIORITIES, text);

const PRIORITIES: Readonly<Record<LogLevel, number>> = { error: 3, warning: 4, info: 6, debug: 7 };

/** Longer values are cut: a hostile peer must neither fill the disk through our log nor write a line of its own in it. */
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
      return `${visible(JSON.stringify({ ...own, ...cutAll(fields), ...own }))}\n`; // ours first, and ours prevail
    }
    case 'journal':
      return `<${PRIORITIES[level]}>${textOf(message, fields)}\n`;
    case 'plain':
      return `${time()} ${options.program} ${level}: ${textOf(message, fields)}\n`;
  }
}

function textOf(message: string, fields: LogFields): string {
  let text = visible(cut(message));
  for (const [key, value] of Object.entries(fields)) {
    if (value !== undefined) text += ` ${visible(key)}=${quoted(cut(String(value)))}`;
  }
  return text;
}

function cutAll(fields: LogFields): LogFields {
  return Object.fromEntries(
    Object.entries(fields).map(([key, value]) => [key, typeof value === 'string' ? cut(value) : value]),
  );
}

const cut = (text: string) => cutTo(LONGEST_VALUE, text);

const quoted = (text: string) => (/^[\w.:/@%+,-]+$/.test(text) ? text : visible(JSON.stringify(text)));

/**
 * The format that fits where standard error goes. JOURNAL_STREAM is the device and inode of what journald reads; the
 * variable alone says nothing, for it is inherited also where standard error goes elsewhere.
 */
export function defaultLogFormat(
  environment: Readonly<Record<string, string | undefined>>,
  standardError = identityOf(2),
): LogFormat {
  const chosen = environment['PM_KVM_TOOLS_LOG'];
  if (chosen === 'plain' || chosen === 'journal' || chosen === 'json') return chosen;
  return environment['JOURNAL_STREAM'] === standardError ? 'journal' : 'plain';
}

function identityOf(descriptor: number): string {
  const { dev, ino } = fstatSync(descriptor, { bigint: true });
  return `${dev}:${ino}`;
}

export interface ProgramLogger extends Logger {
  setLevel(level: LogLevel): void;
}

/** The logger of a program: to standard error, in the format that fits there. */
export function programLogger(program: string, level: LogLevel): ProgramLogger {
  outliveReaders();
  const options = {
    program,
    level,
    format: defaultLogFormat(process.env),
    wallMs: () => Date.now(),
    write: (line: string) => process.stderr.write(line),
  };
  return {
    ...createLogger(options),
    setLevel(next) {
      options.level = next;
    },
  };
}

export const silentLogger: Logger = { error() {}, warning() {}, info() {}, debug() {} };
