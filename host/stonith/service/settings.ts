/**
 * What vm-stonithd can be told, by flags or in the section [stonith] of its configuration file; a flag wins.
 *
 *   [stonith]
 *   backend = pacemaker
 *   keys = /etc/pm-kvm-tools/keys
 *   socket = /run/vmconnectd.sock
 *   libvirt = qemu:///system
 *   log-level = info
 *   decrypt-command = openssl des-ede3 -d -base64 -k KEY
 *   decrypt-stdin = yes
 *   decrypt-ok-exit = 0
 *
 * The backend libvirt ends QEMUs of this host by their processes, so no other libvirt than this host's will do for it.
 * Without `backend`: pacemaker where a cluster is configured on this machine, libvirt where none is. Tokens of version 1
 * are read only with a decrypt command.
 */
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { readConfigFile } from '../../../shared/config/config-file.ts';
import { type IniEntry, readIniConfig } from '../../../shared/config/ini-config.ts';
import { formatProblem } from '../../../shared/config/problem.ts';
import { messageOf, PmError, systemCodeOf } from '../../../shared/errors.ts';
import type { LogLevel } from '../../../shared/log.ts';
import { paths } from '../../../shared/paths.ts';
import { visible } from '../../../shared/visible.ts';

export interface StonithSettings {
  readonly backend: 'pacemaker' | 'libvirt';
  readonly keys: string;
  readonly socket: string;
  readonly libvirt: string;
  readonly logLevel: LogLevel;
  readonly decrypt: DecryptSettings | undefined;
}

export interface DecryptSettings {
  readonly command: string;
  readonly usesStdin: boolean;
  readonly okExitCode: number;
}

const NAMES = [
  'backend',
  'keys',
  'socket',
  'libvirt',
  'log-level',
  'decrypt-command',
  'decrypt-stdin',
  'decrypt-ok-exit',
] as const;
type Name = (typeof NAMES)[number];
export type GivenSettings = { readonly [Key in Name]?: string | undefined };

/** Of what stands in the file and is quoted. */
const LONGEST_WORD = 40;

const SYSTEM_LIBVIRT = 'qemu:///system';
/** With no host, no user's session and no socket, which may lead anywhere. */
const LOCAL_SYSTEM = /^qemu(?:\+unix)?:\/\/\/system(?:\?mode=(?:auto|direct|legacy))?$/;
const LONGEST_URI = 100;

const LEVELS: readonly LogLevel[] = ['error', 'warning', 'info', 'debug'];

export interface SettingsSource {
  readonly file: string;
  /** It was named, so it has to be there. */
  readonly isNamed: boolean;
  readonly flags: GivenSettings;
  readonly onWarning: (message: string) => void;
  readonly isClusterConfigured?: () => boolean;
}

export function readStonithSettings(source: SettingsSource): StonithSettings {
  const { file, flags, isClusterConfigured = clusterIsConfigured } = source;
  const given: GivenSettings = { ...fileSettings(source), ...definedOnly(flags) };
  const backend = given.backend ?? (isClusterConfigured() ? 'pacemaker' : 'libvirt');
  if (backend !== 'pacemaker' && backend !== 'libvirt')
    throw unusable(
      file,
      `there is no backend ${visible(backend, LONGEST_WORD)}`,
      'choose pacemaker or libvirt',
    );
  if (backend === 'libvirt' && isClusterConfigured()) {
    source.onWarning(
      'backend libvirt on a machine with a cluster: guests that the cluster manages will be restarted by it',
    );
  }
  const libvirt = given.libvirt ?? SYSTEM_LIBVIRT;
  if (backend === 'libvirt' && !LOCAL_SYSTEM.test(libvirt))
    throw unusable(
      file,
      `libvirt = ${visible(libvirt, LONGEST_URI)} is not the system libvirt of this host, whose QEMUs alone the backend libvirt can end and see ended`,
      `leave libvirt out, or set it to ${SYSTEM_LIBVIRT}; run vm-stonithd on the host where the guests run`,
    );
  const logLevel = LEVELS.find((known) => known === (given['log-level'] ?? 'info'));
  if (logLevel === undefined)
    throw unusable(
      file,
      `there is no log level ${visible(given['log-level'] ?? '', LONGEST_WORD)}`,
      `choose one of ${LEVELS.join(', ')}`,
    );
  return {
    backend,
    logLevel,
    keys: given.keys ?? paths.keys,
    socket: given.socket ?? paths.connectSocket,
    libvirt,
    decrypt: decryptOf(file, given),
  };
}

/** corosync, a CIB of its own, or a remote node's key. */
export function clusterIsConfigured(): boolean {
  const cib = join(paths.pacemakerCibDirectory, 'cib.xml');
  return [paths.corosyncConfig, cib, paths.pacemakerAuthKey].some((path) => existsSync(path));
}

function decryptOf(file: string, given: GivenSettings): DecryptSettings | undefined {
  const command = given['decrypt-command'];
  if (command === undefined) return undefined;
  const exit = given['decrypt-ok-exit'] ?? '0';
  if (!/^\d{1,3}$/.test(exit))
    throw unusable(file, `${visible(exit, LONGEST_WORD)} is no exit status`, 'use a number from 0 to 255');
  return { command, usesStdin: isTrue(given['decrypt-stdin']), okExitCode: Number(exit) };
}

const isTrue = (text: string | undefined) => /^(?:1|true|on|yes|y)$/i.test(text ?? '');

function fileSettings({ file, isNamed, onWarning }: SettingsSource): GivenSettings {
  let text: string;
  try {
    text = readConfigFile(file);
  } catch (thrown) {
    if (systemCodeOf(thrown) === 'ENOENT' && !isNamed) return {};
    throw unusable(file, messageOf(thrown), 'mend the file');
  }
  const given = settingsIn(file, text, onWarning);
  if (given['decrypt-command'] !== undefined && isReadableByOthers(file))
    onWarning(`${file} can be read by others, and has the passphrase of version 1 in it: chmod 600 ${file}`);
  return given;
}

function isReadableByOthers(file: string): boolean {
  const found = statSync(file, { throwIfNoEntry: false });
  return found?.isFile() === true && (found.mode & 0o077) !== 0;
}

/** What the text of a configuration file says; throws for one with a fault. */
export function settingsIn(file: string, text: string, onWarning: (message: string) => void): GivenSettings {
  const result = readIniConfig(file, text);
  if (!result.ok) throw unusable(file, result.problems.map(formatProblem), 'mend the file');
  for (const warning of result.warnings) onWarning(formatProblem(warning));
  // A section that comes twice is one section already.
  const section = result.entries.find(({ name }) => name === 'stonith');
  return section === undefined ? {} : known(file, section, onWarning);
}

function known(file: string, { settings }: IniEntry, onWarning: (message: string) => void): GivenSettings {
  const given: { [Key in Name]?: string } = {};
  for (const { name, value, line } of settings) {
    const setting = NAMES.find((one) => one === name);
    if (setting === undefined)
      onWarning(`${file}:${line}: there is no setting ${visible(name, LONGEST_WORD)}; it is passed over`);
    else given[setting] = value;
  }
  return given;
}

const unusable = (file: string, fault: string | readonly string[], remedy: string) =>
  new PmError({ code: 'config', what: `cannot use ${file} and the command line`, fault, remedy });

const definedOnly = (flags: GivenSettings): GivenSettings =>
  Object.fromEntries(Object.entries(flags).filter(([, value]) => value !== undefined));
