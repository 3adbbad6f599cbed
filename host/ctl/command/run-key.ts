/** `key make|list|rotate|withdraw`: the keys that seal fencing tokens, which are to be the same on all hosts. */
import { fingerprint, type KeySet } from '../../stonith/token/key.ts';
import { type KeyChange, makeKey, rotateKey, withdrawKey } from '../../stonith/token/key-commands.ts';
import { loadKeys, saveKeys } from '../../stonith/token/key-file.ts';
import { type Catalogue, type Message, message } from '../messages/message.ts';
import { EXIT, type Report } from '../report/report.ts';
import { table } from '../report/table.ts';
import { usage } from './usage.ts';

export type KeyCommand = 'make' | 'list' | 'rotate' | 'withdraw';

export function runKey(
  command: KeyCommand,
  names: readonly string[],
  path: string,
  catalogue: Catalogue,
  wallMs: number,
): Report {
  const problems = namesProblems(command, names);
  if (problems.length > 0) return usage(problems);
  const keys = loadKeys(path);
  if (command === 'list') return list(keys ?? [], path, catalogue);
  const change = changed(command, keys ?? [], names[0] ?? '', wallMs);
  if (!change.ok) {
    const { fault, remedy } = change;
    return { exitCode: EXIT.failed, problems: [message('key-refused', { fault, remedy })] };
  }
  saveKeys(path, change.keys);
  const { key } = change;
  const done = { make: 'key-made', rotate: 'key-rotated', withdraw: 'key-withdrawn' } as const;
  return {
    exitCode: EXIT.ok,
    lines: [message(done[command], { key: key.id, path }), message('key-copy', { path })],
    data: { key: key.id, state: key.state, file: path, fingerprint: fingerprint(change.keys) },
  };
}

function namesProblems(command: KeyCommand, names: readonly string[]): readonly Message[] {
  if (command === 'withdraw') return names.length === 1 ? [] : [message('one-key-needed')];
  return names.length === 0 ? [] : [message('no-names-here', { names: names.join(' ') })];
}

function changed(command: Exclude<KeyCommand, 'list'>, keys: KeySet, id: string, wallMs: number): KeyChange {
  switch (command) {
    case 'make':
      return makeKey(keys, wallMs);
    case 'rotate':
      return rotateKey(keys, wallMs);
    case 'withdraw':
      return withdrawKey(keys, id);
  }
}

/** The fingerprint tells whether two hosts have the same keys; the secrets are never shown. */
function list(keys: KeySet, path: string, catalogue: Catalogue): Report {
  const rows = keys.map(({ id, state, createdMs }) => [id, state, new Date(createdMs).toISOString()]);
  const headings = [catalogue['column-key'], catalogue['column-key-state'], catalogue['column-created']];
  const lines = keys.length === 0 ? [message('no-keys', { path })] : [];
  return {
    exitCode: EXIT.ok,
    ...(keys.length === 0 ? {} : { text: table(headings, rows) }),
    lines: [...lines, message('key-fingerprint', { fingerprint: fingerprint(keys), path })],
    data: {
      file: path,
      fingerprint: fingerprint(keys),
      keys: keys.map(({ id, state, createdMs }) => ({
        id,
        state,
        created: new Date(createdMs).toISOString(),
      })),
    },
  };
}
