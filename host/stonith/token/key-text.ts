/**
 * The key file as text:
 *
 *   [3f9a1c07]
 *   state = active
 *   created = 2026-01-01T00:00:00.000Z
 *   secret = <32 bytes in base64>
 *
 * Invariant: a file is read as a whole or not at all. What another reader would warn about (a section twice, say) is
 * an error here, for a key that is taken for another lets the wrong guest in.
 */
import { createSecretKey } from 'node:crypto';
import {
  type IniEntry,
  type IniSettingEntry,
  printIniConfig,
  readIniConfig,
} from '../../../shared/config/ini-config.ts';
import { excerpt, type Problem, ProblemList, type ReadResult } from '../../../shared/config/problem.ts';
import { isKeyId, KEY_STATES, type Key, type KeySet, type KeyState, MOST_KEYS, SECRET_BYTES } from './key.ts';

const HEADER = `# The keys that seal fencing tokens. vm-ctl key changes them; they have to be the same on all hosts.
# Whoever reads this file can fence every guest.

`;

const NAMES = ['state', 'created', 'secret'] as const;
type Name = (typeof NAMES)[number];

export function readKeys(file: string, text: string): ReadResult<Key> {
  const read = readSections(file, text);
  if (read.ok) return read;
  return { ok: false, problems: read.problems.map(withoutSecrets) };
}

/** A faulty line is quoted in its problem, and may be all of a secret but a letter. */
function withoutSecrets(problem: Problem): Problem {
  return { ...problem, message: problem.message.replace(/[A-Za-z0-9+/=_-]{20,}/g, '(hidden)') };
}

function readSections(file: string, text: string): ReadResult<Key> {
  const sections = readIniConfig(file, text);
  if (!sections.ok) return sections;
  if (sections.warnings.length > 0) return { ok: false, problems: sections.warnings };
  const problems = new ProblemList(file);
  const keys = sections.entries.flatMap((section) => readKey(section, problems) ?? []);
  const [, secondActive] = keys.filter(({ state }) => state === 'active');
  if (secondActive !== undefined) {
    const line = sections.entries.find(({ name }) => name === secondActive.id)?.line ?? 1;
    problems.error({ line }, `key ${secondActive.id} is a second active key`, 'set one of them to accepted');
  }
  if (keys.length > MOST_KEYS) {
    problems.error({ line: 1 }, `more than ${MOST_KEYS} keys`, 'remove withdrawn ones, on every host');
  }
  return problems.result(keys);
}

export function printKeys(keys: KeySet): string {
  const sections = keys.map(({ id, state, createdMs, secret }) => ({
    name: id,
    settings: [
      { name: 'state', value: state },
      { name: 'created', value: new Date(createdMs).toISOString() },
      { name: 'secret', value: secret.export().toString('base64') },
    ],
  }));
  return HEADER + printIniConfig(sections);
}

function readKey(section: IniEntry, problems: ProblemList): Key | undefined {
  if (!isKeyId(section.name)) {
    problems.error(section, `${excerpt(section.name)} is no key id`, 'use 1 to 32 of A-Z a-z 0-9 _ -');
  }
  const settings = readSettings(section, problems);
  const state = stateOf(settings.get('state'), problems);
  const createdMs = timeOf(settings.get('created'), problems);
  const secret = secretOf(settings.get('secret'), problems);
  if (state === undefined || createdMs === undefined || secret === undefined) return undefined;
  return { id: section.name, state, createdMs, secret: createSecretKey(secret) };
}

function readSettings(section: IniEntry, problems: ProblemList): Map<Name, IniSettingEntry> {
  const settings = new Map<Name, IniSettingEntry>();
  for (const setting of section.settings) {
    const name = NAMES.find((known) => known === setting.name);
    if (name === undefined) {
      problems.error(setting, `${excerpt(setting.name)} is not known here`, `use ${NAMES.join(', ')}`);
    } else {
      settings.set(name, setting);
    }
  }
  for (const name of NAMES) {
    if (!settings.has(name))
      problems.error(section, `key ${excerpt(section.name)} has no ${name}`, `add ${name} = …`);
  }
  return settings;
}

function stateOf(setting: IniSettingEntry | undefined, problems: ProblemList): KeyState | undefined {
  const state = KEY_STATES.find((known) => known === setting?.value);
  if (setting !== undefined && state === undefined) {
    problems.error(setting, `${excerpt(setting.value)} is no state`, `use one of ${KEY_STATES.join(', ')}`);
  }
  return state;
}

function timeOf(setting: IniSettingEntry | undefined, problems: ProblemList): number | undefined {
  if (setting === undefined) return undefined;
  const ms = /^\d{4}-\d\d-\d\d(T[\d:.]+Z)?$/.test(setting.value) ? Date.parse(setting.value) : Number.NaN;
  if (!Number.isNaN(ms)) return ms;
  problems.error(setting, `${excerpt(setting.value)} is no time`, 'write it as 2026-01-01T00:00:00Z');
  return undefined;
}

function secretOf(setting: IniSettingEntry | undefined, problems: ProblemList): Buffer | undefined {
  if (setting === undefined) return undefined;
  const secret = Buffer.from(setting.value, 'base64');
  if (secret.length === SECRET_BYTES && secret.toString('base64') === setting.value) return secret;
  problems.error(
    setting,
    `the secret is not ${SECRET_BYTES} bytes in base64`,
    'copy it again from another host',
  );
  return undefined;
}
