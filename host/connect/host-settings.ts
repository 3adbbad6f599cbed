/**
 * What the host daemon can be told, by flags or in its configuration file; a flag wins.
 *
 *   [host]
 *   socket = /run/vmconnectd.sock
 *   libvirt = qemu:///system
 *   log-level = info
 *   sweep-seconds = 60
 *   socket-directories = /var/lib/libvirt/qemu
 *
 *   [guest NAME]
 *   mode = bind
 *   path = /run/some/socket
 *
 * A section [guest NAME] is for a QEMU that neither Pacemaker nor libvirt knows. The file may be missing; a section
 * [guest] is for vm-connectd in guests. All that is wrong in it is said at once.
 */
import { isAbsolute, normalize } from 'node:path';
import { readConfigFile } from '../../shared/config/config-file.ts';
import { type IniEntry, readIniConfig } from '../../shared/config/ini-config.ts';
import { formatProblem, ProblemList } from '../../shared/config/problem.ts';
import { messageOf, PmError, systemCodeOf } from '../../shared/errors.ts';
import { isLogLevel, LOG_LEVELS, type LogLevel } from '../../shared/log.ts';
import { paths } from '../../shared/paths.ts';
import { visible } from '../../shared/visible.ts';
import type { GuestDomain } from './discovery/guest-domain.ts';

export interface HostSettings {
  readonly socket: string;
  readonly libvirt: string;
  readonly logLevel: LogLevel;
  readonly sweepMs: number;
  readonly socketDirectories: readonly string[];
  readonly guests: readonly GuestDomain[];
}

/** As they stand on the command line. */
export interface HostFlags {
  readonly socket?: string | undefined;
  readonly libvirt?: string | undefined;
  readonly logLevel?: string | undefined;
  readonly socketDirectory?: string | undefined;
}

export interface HostSettingsSource {
  readonly file: string;
  /** It was named, so it has to be there. */
  readonly isNamed: boolean;
  readonly flags: HostFlags;
  readonly onWarning: (message: string) => void;
}

const DEFAULTS: HostSettings = {
  socket: paths.connectSocket,
  libvirt: 'qemu:///system',
  logLevel: 'info',
  sweepMs: 60_000,
  socketDirectories: [paths.libvirtSocketDirectory],
  guests: [],
};

const LONGEST_SWEEP_S = 3_600;

const LONGEST_WORD = 40;
/** What stands in the file, for a message. */
const word = (text: string) => visible(text, LONGEST_WORD);

export function readHostSettings({ file, isNamed, flags, onWarning }: HostSettingsSource): HostSettings {
  const fromFile = { ...DEFAULTS, ...fileSettings(file, isNamed, onWarning) };
  const { socket, libvirt, logLevel, socketDirectory } = flags;
  return {
    ...fromFile,
    ...(socket === undefined ? {} : { socket }),
    ...(libvirt === undefined ? {} : { libvirt }),
    ...(logLevel === undefined ? {} : { logLevel: flagLevel(logLevel) }),
    ...(socketDirectory === undefined
      ? {}
      : { socketDirectories: [...fromFile.socketDirectories, normalize(`${socketDirectory}/.`)] }),
  };
}

type Given = { -readonly [Key in keyof HostSettings]?: HostSettings[Key] };

function fileSettings(file: string, isNamed: boolean, onWarning: (message: string) => void): Given {
  const text = readText(file, isNamed);
  return text === undefined ? {} : settingsIn(file, text, onWarning);
}

/** What the text of a configuration file says; throws for one with a fault. */
export function settingsIn(file: string, text: string, onWarning: (message: string) => void): Given {
  const syntax = readIniConfig(file, text);
  const problems = new ProblemList(file);
  const given: Given = {};
  const guests: GuestDomain[] = [];
  for (const section of syntax.ok ? syntax.entries : []) {
    const guest = /^guest\s+(\S.*)$/.exec(section.name)?.[1];
    if (guest !== undefined) guests.push(guestOf(guest, section, problems));
    else if (section.name === 'host') readHost(section, given, problems);
    else if (section.name !== 'guest') {
      problems.warning(section, `there is no section ${word(section.name)}; it is passed over`, 'remove it');
    }
  }
  const meaning = problems.result([]);
  const faults = [...(syntax.ok ? [] : syntax.problems), ...(meaning.ok ? [] : meaning.problems)];
  if (faults.length > 0) throw configError(file, faults.map(formatProblem));
  for (const part of [syntax, meaning]) if (part.ok) part.warnings.map(formatProblem).forEach(onWarning);
  return { ...given, guests };
}

function readHost({ settings }: IniEntry, given: Given, problems: ProblemList): void {
  for (const { name, value, line } of settings) {
    const place = { line };
    switch (name) {
      case 'socket':
        given.socket = value;
        if (!isAbsolute(value)) problems.error(place, 'socket is not absolute', 'begin it with /');
        break;
      case 'libvirt':
        given.libvirt = value;
        break;
      case 'log-level':
        given.logLevel = isLogLevel(value) ? value : 'info';
        if (!isLogLevel(value)) problems.error(place, `${word(value)} is no log level`, CHOOSE_LEVEL);
        break;
      case 'sweep-seconds': {
        const seconds = Number(value);
        given.sweepMs = seconds * 1000;
        if (!/^\d+$/.test(value) || seconds < 1 || seconds > LONGEST_SWEEP_S)
          problems.error(
            place,
            `sweep-seconds can't be ${word(value)}`,
            `write a number from 1 to ${LONGEST_SWEEP_S}`,
          );
        break;
      }
      case 'socket-directories':
        given.socketDirectories = value.split(/\s+/).map((directory) => normalize(`${directory}/.`));
        if (!given.socketDirectories.every((directory) => isAbsolute(directory)))
          problems.error(place, 'a directory is not absolute', 'begin each with /');
        break;
      default:
        problems.warning(
          place,
          `there is no setting ${word(name)} for a host; it is passed over`,
          'remove it',
        );
    }
  }
}

function guestOf(name: string, { settings, line }: IniEntry, problems: ProblemList): GuestDomain {
  const value = (wanted: string) => settings.find((setting) => setting.name === wanted)?.value;
  const path = value('path') ?? '';
  const mode = value('mode') ?? 'bind';
  if (!isAbsolute(path))
    problems.error({ line }, `guest ${word(name)} has no absolute path`, 'write path = /…');
  if (mode !== 'bind' && mode !== 'connect')
    problems.error(
      { line },
      `guest ${word(name)} has the mode ${word(mode)}`,
      'write mode = bind or mode = connect',
    );
  for (const setting of settings) {
    if (setting.name !== 'path' && setting.name !== 'mode')
      problems.warning(
        setting,
        `there is no setting ${word(setting.name)} for a guest; it is passed over`,
        'remove it',
      );
  }
  return {
    name,
    uuid: undefined,
    owner: undefined,
    port: {
      kind: 'socket',
      mode: mode === 'connect' ? 'connect' : 'bind',
      path: normalize(path),
      isLasting: true,
    },
  };
}

function readText(file: string, isNamed: boolean): string | undefined {
  try {
    return readConfigFile(file);
  } catch (thrown) {
    if (systemCodeOf(thrown) === 'ENOENT' && !isNamed) return undefined;
    throw new PmError({
      code: 'config',
      what: `cannot read ${file}`,
      fault: systemCodeOf(thrown) === 'ENOENT' ? 'there is no such file' : messageOf(thrown),
      remedy: 'name a file that can be read',
      cause: thrown,
    });
  }
}

const CHOOSE_LEVEL = `choose one of ${LOG_LEVELS.join(', ')}`;

function flagLevel(level: string): LogLevel {
  if (isLogLevel(level)) return level;
  throw new PmError({
    code: 'usage',
    what: `cannot use the log level ${word(level)}`,
    fault: 'there is none of that name',
    remedy: CHOOSE_LEVEL,
  });
}

const configError = (file: string, fault: string | readonly string[]) =>
  new PmError({ code: 'config', what: `cannot use ${file}`, fault, remedy: 'mend the file' });
