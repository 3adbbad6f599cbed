/**
 * Reads the text of /etc/vm-ctl.conf into settings: the old file unchanged, every fault of it at once.
 *
 * Invariant: a file with an error gives no settings. A name that is not known is a warning, for files of version 1
 * hold what other tools read; a value that can't be understood is an error, for a guest must not get half of it.
 */
import { type Problem, ProblemList } from '../../../shared/config/problem.ts';
import { readShellConfig } from '../../../shared/config/shell-config.ts';
import { SettingReader } from './setting-reader.ts';
import {
  type AttributeTest,
  DEPENDENCY_KINDS,
  type Dependency,
  type DependencyKind,
  type OrderSettings,
  type Settings,
} from './settings.ts';
import * as forms from './value-forms.ts';

const MOST_ENTRIES = 10;

export type ReadSettings =
  | { readonly ok: true; readonly settings: Settings; readonly warnings: readonly Problem[] }
  | { readonly ok: false; readonly problems: readonly Problem[] };

export function readSettings(file: string, text: string): ReadSettings {
  const source = readShellConfig(file, text);
  if (!source.ok) return source;
  const problems = new ProblemList(file);
  const reader = new SettingReader(source.entries, problems);
  const settings = settingsFrom(reader);
  reader.warnOfUnknown();
  const result = problems.result([settings]);
  return result.ok ? { ok: true, settings, warnings: [...source.warnings, ...result.warnings] } : result;
}

/** What holds where the file says nothing. */
export const defaultSettings = (): Settings => settingsFrom(new SettingReader([], new ProblemList('')));

function settingsFrom(reader: SettingReader): Settings {
  return {
    domainDirectory: reader.value('vm_cfg_dir', forms.text('a directory'), '/etc/libvirt/qemu'),
    domainExtension: reader.value('vm_cfg_ext', forms.anyText('an extension such as .xml'), '.xml'),
    isMigrationAllowed: reader.value('vm_allow_migrate', forms.onOrOff, false),
    isFencingWanted: reader.value('vm_stonith', forms.onOrOff, true),
    agent: reader.value('vm_ocf', forms.agentName, {
      class: 'ocf',
      provider: 'extra',
      type: 'VirtualDomain',
    }),
    idleTimeoutMs: reader.value('crmadmin_timeout', forms.milliseconds, 10_000),
    hypervisor: reader.value('vm_hypervisor', forms.text('a libvirt URI'), 'qemu:///system'),
    migrationTransport: reader.value(
      'vm_migration_transport',
      forms.text('a word such as ssh or tcp'),
      'ssh',
    ),
    remoteShell: reader.value('vm_remote_shell', forms.command, [
      'ssh',
      '-o',
      'BatchMode=yes',
      '-o',
      'ConnectTimeout=5',
    ]),
    operations: {
      start: reader.value('vm_start_op', forms.operation, op('0', '120s', 'restart')),
      monitor: reader.value('vm_monitor_op', forms.operation, op('10s', '30s', 'restart')),
      stop: reader.value('vm_stop_op', forms.fencedOperation, op('0', '90s', undefined)),
      migrate_to: reader.value('vm_migrate_to_op', forms.fencedOperation, op('0', '300s', undefined)),
      migrate_from: reader.value('vm_migrate_from_op', forms.operation, op('0', '240s', 'restart')),
    },
    preferenceScore: reader.value('vm_node_loc_act', forms.score, '200'),
    dependencies: DEPENDENCY_KINDS.flatMap((kind) => dependenciesOf(kind, reader)),
  };
}

const op = (interval: string, timeout: string, onFail: string | undefined) => ({ interval, timeout, onFail });

const BAD_WHEN: Readonly<Record<DependencyKind, AttributeTest | undefined>> = {
  pingd: { operation: 'lt', value: '100' },
  diskd: { operation: 'eq', value: 'ERROR' },
  managerd: { operation: 'eq', value: 'ERROR' },
  stonithd: undefined,
};
const ORDER: OrderSettings = { kind: 'Optional', isSymmetrical: false };

function dependenciesOf(kind: DependencyKind, reader: SettingReader): readonly Dependency[] {
  const badByDefault = BAD_WHEN[kind];
  const badWhen =
    badByDefault === undefined
      ? undefined
      : reader.value(`vm_${kind}_loc`, forms.attributeTest, badByDefault);
  const colocationScore = reader.value(`vm_${kind}_col`, forms.score, 'INFINITY');
  const order = reader.value(`vm_${kind}_odr`, forms.order, ORDER);
  const form = badByDefault === undefined ? forms.cloneAlone : forms.cloneAndAttribute;
  const settings = Array.from({ length: MOST_ENTRIES }, (_, index) => `vm_${kind}${index + 1}`);
  return settings.flatMap((setting) => {
    const entry = reader.dependency(setting, form);
    return entry === undefined ? [] : [{ kind, setting, ...entry, badWhen, colocationScore, order }];
  });
}
