/**
 * What the agent can be told, by flags or in the section [guest] of its configuration file; a flag wins.
 *
 *   [guest]
 *   port = /dev/virtio-ports/vmconnectd
 *   socket = /run/vmconnectd.sock
 *   log-level = info
 *
 * The file may be missing. Other sections are for vm-connectd on a host.
 */
import { isAbsolute } from 'node:path';
import { readConfigFile } from '../../shared/config/config-file.ts';
import { type IniEntry, readIniConfig } from '../../shared/config/ini-config.ts';
import { formatProblem } from '../../shared/config/problem.ts';
import { messageOf, PmError, systemCodeOf } from '../../shared/errors.ts';
import { isLogLevel, LOG_LEVELS, type LogLevel } from '../../shared/log.ts';
import { paths } from '../../shared/paths.ts';
import { visible } from '../../shared/visible.ts';

export interface AgentSettings {
  readonly port: string;
  readonly socket: string;
  readonly logLevel: LogLevel;
}

export type GivenSettings = { readonly [Key in keyof AgentSettings]?: string | undefined };

/** Of what stands in the file and is quoted. */
const LONGEST_WORD = 40;

const DEFAULTS = { port: paths.guestPort, socket: paths.connectSocket, logLevel: 'info' } as const;

const SETTINGS: Readonly<Record<string, keyof AgentSettings>> = {
  port: 'port',
  socket: 'socket',
  'log-level': 'logLevel',
};

export interface SettingsSource {
  readonly file: string;
  /** It was named, so it has to be there. */
  readonly isNamed: boolean;
  readonly flags: GivenSettings;
  readonly onWarning: (message: string) => void;
}

export function readAgentSettings({ file, isNamed, flags, onWarning }: SettingsSource): AgentSettings {
  const given = { ...fileSettings(file, isNamed, onWarning), ...definedOnly(flags) };
  return {
    port: given.port ?? DEFAULTS.port,
    socket: given.socket ?? DEFAULTS.socket,
    logLevel: logLevelOf(given.logLevel ?? DEFAULTS.logLevel),
  };
}

function fileSettings(file: string, isNamed: boolean, onWarning: (message: string) => void): GivenSettings {
  const text = readText(file, isNamed);
  return text === undefined ? {} : settingsIn(file, text, onWarning);
}

/** What the text of a configuration file says; throws for one with a fault. */
export function settingsIn(file: string, text: string, onWarning: (message: string) => void): GivenSettings {
  const result = readIniConfig(file, text);
  if (!result.ok) throw configError(file, result.problems.map(formatProblem));
  for (const warning of result.warnings) onWarning(formatProblem(warning));
  const section = result.entries.find(({ name }) => name === 'guest');
  return section === undefined ? {} : sectionSettings(file, section, onWarning);
}

function sectionSettings(
  file: string,
  section: IniEntry,
  onWarning: (message: string) => void,
): GivenSettings {
  const known = section.settings.flatMap(({ name, value, line }) => {
    const key = SETTINGS[name];
    if ((key === 'socket' || key === 'port') && !isAbsolute(value))
      throw configError(file, `line ${line}: ${name} is not absolute; begin it with /`);
    if (key !== undefined) return [[key, value]];
    onWarning(
      `${file}:${line}: there is no setting ${visible(name, LONGEST_WORD)} for a guest; it is passed over`,
    );
    return [];
  });
  return Object.fromEntries(known);
}

function readText(file: string, isNamed: boolean): string | undefined {
  try {
    return readConfigFile(file);
  } catch (thrown) {
    if (systemCodeOf(thrown) === 'ENOENT' && !isNamed) return undefined;
    throw configError(file, messageOf(thrown));
  }
}

function logLevelOf(word: string): LogLevel {
  if (isLogLevel(word)) return word;
  throw new PmError({
    code: 'config',
    what: `cannot use the log level ${visible(word, LONGEST_WORD)}`,
    fault: 'there is none of that name',
    remedy: `choose one of ${LOG_LEVELS.join(', ')}`,
  });
}

const configError = (file: string, fault: string | readonly string[]) =>
  new PmError({ code: 'config', what: `cannot use ${file}`, fault, remedy: 'mend the file' });

const definedOnly = (flags: GivenSettings): GivenSettings =>
  Object.fromEntries(Object.entries(flags).filter(([, value]) => value !== undefined));
