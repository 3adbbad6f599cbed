/**
 * The configuration before every change, and which change was the last, so that it can be put back.
 *
 *   <state>/before-<time>-<epoch>.xml     the whole CIB; the newest 20 are kept, readable by root only
 *   <state>/last-change.json              what was changed from which of them, to which version
 *
 * Invariant: the backup is on the disk before anything changes. A disk that is full gets no half of a file.
 */
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { messageOf, systemCodeOf } from '../../../shared/errors.ts';
import type { Cib, CibVersion } from '../../pacemaker/cib-query.ts';
import { printXml } from '../../xml/print-xml.ts';

export interface LastChange {
  readonly command: string;
  readonly backup: string;
  readonly after: { readonly adminEpoch: number; readonly epoch: number };
}

const MOST_BACKUPS = 20;
const BACKUP = /^before-.*\.xml$/;
const LAST = 'last-change.json';

/** The file that it is in now. */
export function saveBackup(directory: string, cib: Cib, wallMs: number): string {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const time = new Date(wallMs).toISOString().replace(/[:.]/g, '-');
  const path = join(directory, `before-${time}-${cib.version.epoch}.xml`);
  writeWhole(path, printXml(cib.root));
  const backups = readdirSync(directory)
    .filter((name) => BACKUP.test(name))
    .sort();
  for (const name of backups.slice(0, -MOST_BACKUPS)) rmSync(join(directory, name), { force: true });
  return path;
}

export function recordChange(directory: string, command: string, backup: string, after: CibVersion): void {
  const last: LastChange = {
    command,
    backup,
    after: { adminEpoch: after.adminEpoch, epoch: after.epoch },
  };
  writeWhole(join(directory, LAST), `${JSON.stringify(last)}\n`);
}

/** After an undo there is nothing to undo. */
export function forgetChange(directory: string): void {
  rmSync(join(directory, LAST), { force: true });
}

/** Undefined when nothing was changed yet; a record that can't be read throws. */
export function lastChange(directory: string): LastChange | undefined {
  let text: string;
  try {
    text = readFileSync(join(directory, LAST), 'utf8');
  } catch (thrown) {
    if (systemCodeOf(thrown) === 'ENOENT') return undefined;
    throw thrown;
  }
  return lastChangeIn(text);
}

/** Throws for what is no JSON. */
export function lastChangeIn(text: string): LastChange | undefined {
  const value: unknown = JSON.parse(text);
  if (!isRecord(value)) return undefined;
  const { command, backup, after } = value;
  if (typeof command !== 'string' || typeof backup !== 'string' || !isRecord(after)) return undefined;
  const { adminEpoch, epoch } = after;
  if (!isCount(adminEpoch) || !isCount(epoch)) return undefined;
  return { command, backup, after: { adminEpoch, epoch } };
}

const isCount = (value: unknown): value is number => Number.isSafeInteger(value);

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null;

function writeWhole(path: string, text: string): void {
  const draft = `${path}.${process.pid}`;
  try {
    writeFileSync(draft, text, { mode: 0o600 });
    renameSync(draft, path);
  } catch (thrown) {
    rmSync(draft, { force: true });
    throw thrown;
  }
}

/** Undefined when it was done; what the system said when it could not be. */
export function faultOf(work: () => void): string | undefined {
  try {
    work();
    return undefined;
  } catch (thrown) {
    if (systemCodeOf(thrown) === undefined) throw thrown;
    return messageOf(thrown);
  }
}
