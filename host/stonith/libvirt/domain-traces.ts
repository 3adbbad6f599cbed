/**
 * What a domain that does not run has left on this host's disks: that it was sent to another host, which libvirt forgets
 * when it is restarted, and its saved memory, with which it would come back in the middle of what it did. What is there
 * and can't be read throws: it must not count as nothing.
 */
import { closeSync, fstatSync, openSync, readdirSync, readSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { systemCodeOf } from '../../../shared/errors.ts';

/** Where libvirt keeps files of its QEMUs. */
export interface LibvirtFolders {
  readonly pids: string;
  readonly logs: string;
  readonly saves: string;
}

const TAIL_BYTES = 262_144;
const STARTS = /^[-0-9]+ [0-9:.+]+: starting up /;
const ENDS = /^[-0-9]+ [0-9:.+]+: shutting down, reason=([a-z ]+)/;
/**
 * Whether libvirt's logs tell that it was sent away and has not run here since. The resource agent reads them by the same
 * rule. A start that failed changes nothing; of one that failed early (no such bridge or disk) libvirt writes only the end.
 */
export function wasSentAway({ logs }: LibvirtFolders, domain: string): boolean {
  if (domain.includes('/')) return false;
  return wasSentAwayIn(logsOf(logs, domain).map(tailOf).join('\n'));
}

export function wasSentAwayIn(told: string): boolean {
  let [before, sent] = [false, false];
  for (const line of told.split('\n')) {
    if (STARTS.test(line)) [before, sent] = [sent, false];
    const reason = ENDS.exec(line)?.[1];
    if (reason === undefined) continue;
    if (reason !== 'failed') before = reason === 'migrated';
    sent = before;
  }
  return sent;
}

/** The older first: what logrotate and virtlogd have moved away, and not packed. */
function logsOf(folder: string, domain: string): string[] {
  const current = `${domain}.log`;
  const isOld = (name: string) =>
    name.startsWith(current) &&
    /^[.-]\d[^/]*$/.test(name.slice(current.length)) &&
    !/\.(gz|xz|bz2|zst|log)$/.test(name);
  const changedMs = (path: string) => statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  const old = namesIn(folder)
    .filter(isOld)
    .map((name) => join(folder, name))
    .toSorted((one, other) => changedMs(one) - changedMs(other));
  return [...old, join(folder, current)];
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (thrown) {
    if (systemCodeOf(thrown) === 'ENOENT') return [];
    throw thrown;
  }
}

export function hasSavedMemory({ saves }: LibvirtFolders, domain: string): boolean {
  return (
    !domain.includes('/') && statSync(join(saves, `${domain}.save`), { throwIfNoEntry: false }) !== undefined
  );
}

function tailOf(path: string): string {
  let descriptor: number;
  try {
    descriptor = openSync(path, 'r');
  } catch (thrown) {
    if (systemCodeOf(thrown) === 'ENOENT') return '';
    throw thrown;
  }
  try {
    const { size } = fstatSync(descriptor);
    const bytes = Buffer.alloc(Math.min(size, TAIL_BYTES));
    const read = readSync(descriptor, bytes, 0, bytes.length, size - bytes.length);
    return bytes.toString('latin1', 0, read);
  } finally {
    closeSync(descriptor);
  }
}
